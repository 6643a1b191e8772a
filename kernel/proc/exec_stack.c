/*
 * The first stack of a program (System V ABI x86-64 psABI 3.4.1, "Initial Stack and Register
 * State"; getauxval(3)). From the top: a zero word, the pages with the strings, the platform's name
 * and 16 random bytes, then the auxiliary vector, the pointers to environment and arguments, and
 * the argument count, where the stack pointer stands, a multiple of 16.
 */
#include "arch/elf.h"
#include "arch/mmu.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/random.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "mem/table.h"
#include "mem/uio.h"
#include "proc/exec_parts.h"
#include <asm/auxvec.h>
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <linux/personality.h>

enum {
    STACK_RANDOM_BITS = 22, /* pages: 16 GiB */
    STACK_FIRST = 128 << 10,
    CLOCK_TICKS = 100,
    MINIMUM_SIGNAL_STACK = 51, /* AT_MINSIGSTKSZ, which the exported headers of some years lack */
};

/* The block below the strings while it is made. */
struct block {
    uint64_t *words; /* heap */
    uint32_t count;
    uint64_t strings; /* address of the first string */
    uint64_t extra;   /* address of platform name and random bytes */
};

static char platform[16] = ELF_PLATFORM;

static void push(struct block *block, uint64_t word)
{
    block->words[block->count++] = word;
}

static void push_auxiliary(struct block *block, struct space_layout *layout, uint64_t type,
                           uint64_t value)
{
    push(block, type);
    push(block, value);
    if (layout->auxv_words + 2 <= array_size(layout->auxv)) {
        layout->auxv[layout->auxv_words++] = type;
        layout->auxv[layout->auxv_words++] = value;
    }
}

/* Pointers to `count` strings from offset `at` on, and a NULL. */
static uint64_t push_strings(struct block *block, const struct exec_strings *strings, uint64_t at,
                             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        push(block, block->strings + at);
        for (;;) {
            const char *page = frame_address(strings->pages[at >> PAGE_SHIFT]);
            size_t inside = at & (PAGE_SIZE - 1),
                   length = strnlen(page + inside, PAGE_SIZE - inside);
            at += length;
            if (inside + length < PAGE_SIZE)
                break;
        }
        at++;
    }
    push(block, 0);
    return at;
}

static void push_auxv(struct block *block, const struct exec *exec)
{
    struct space_layout *layout = &exec->space->layout;
    const struct cred *cred = exec->cred ? exec->cred : task_current()->cred;
    const uint64_t entries[][2] = {
        {AT_HWCAP, elf_hwcap()},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, CLOCK_TICKS},
        {AT_PHDR, exec->headers},
        {AT_PHENT, sizeof(struct elf64_phdr)},
        {AT_PHNUM, exec->header_count},
        {AT_BASE, exec->base},
        {AT_FLAGS, 0},
        {AT_ENTRY, exec->program_entry},
        {AT_UID, cred->uid},
        {AT_EUID, cred->euid},
        {AT_GID, cred->gid},
        {AT_EGID, cred->egid},
        {AT_SECURE, exec->secure},
        {AT_RANDOM, block->extra + sizeof platform},
        {AT_HWCAP2, elf_hwcap2()},
        {MINIMUM_SIGNAL_STACK, MINSIGSTKSZ + fpu_image_size()},
        {AT_EXECFN, block->strings + exec->strings.name_at},
        {AT_PLATFORM, block->extra},
        {AT_NULL, 0},
    };

    for (size_t i = 0; i < array_size(entries); i++)
        push_auxiliary(block, layout, entries[i][0], entries[i][1]);
}

static int write_memory(struct space *space, uint64_t address, void *bytes, size_t count)
{
    struct uio uio;

    uio_init_kernel(&uio, false, bytes, count);
    return space_access(space, address, &uio, true) == (int64_t)count ? 0 : -ENOMEM;
}

static int fill_block(struct exec *exec, struct block *block)
{
    const struct exec_strings *strings = &exec->strings;
    uint8_t extra[sizeof platform + 16];

    push(block, strings->argc);
    push_strings(block, strings, 0, strings->argc);
    push_strings(block, strings, strings->environment_at, strings->envc);
    push_auxv(block, exec);
    memcpy(extra, platform, sizeof platform);
    random_fill(extra + sizeof platform, 16);
    exec->stack_pointer = align_down(block->extra - block->count * sizeof(uint64_t), 16);
    int error = write_memory(exec->space, block->extra, extra, sizeof extra);
    if (!error)
        error = write_memory(exec->space, exec->stack_pointer, block->words,
                             block->count * sizeof(uint64_t));
    return error;
}

/* Hands the pages with the strings to the new space, as they are. */
static int place_strings(struct exec *exec, uint64_t address)
{
    struct exec_strings *strings = &exec->strings;
    int error = 0;

    mutex_lock(&exec->space->lock);
    for (uint64_t i = 0; !error && i << PAGE_SHIFT < strings->used; i++) {
        uint64_t at = address + (i << PAGE_SHIFT);
        struct pte *table;
        error = table_own(exec->space, at, 0, true, &table);
        if (error)
            break;
        frame_get(strings->pages[i]);
        table_set_leaf(exec->space, at, 0, table,
                       pte_leaf(frame_phys(strings->pages[i]), 0,
                                PTE_LEAF_WRITE | (exec->stack_executable ? PTE_LEAF_EXECUTE : 0)));
    }
    mutex_unlock(&exec->space->lock);
    return error;
}

static int map_stack(struct exec *exec, uint64_t top, uint64_t length)
{
    struct map_request request = {
        .address = top - length,
        .length = length,
        .prot = PROT_READ | PROT_WRITE | (exec->stack_executable ? PROT_EXEC : 0),
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN};
    int64_t result = space_map(exec->space, &request);

    return result < 0 ? (int)result : 0;
}

static void note_places(struct space_layout *layout, const struct exec *exec, uint64_t strings)
{
    layout->stack_start = exec->stack_pointer;
    layout->arguments_start = strings;
    layout->arguments_end = strings + exec->strings.arguments_end;
    layout->environment_start = strings + exec->strings.environment_at;
    layout->environment_end = strings + exec->strings.environment_end;
}

int exec_stack(struct exec *exec)
{
    struct exec_strings *strings = &exec->strings;
    bool fixed = process_current()->personality & ADDR_NO_RANDOMIZE;
    uint64_t random = fixed ? 0 : (random_u64() & ((1u << STACK_RANDOM_BITS) - 1)) << PAGE_SHIFT;
    uint64_t top = USER_STACK_TOP - random;
    size_t words = strings->argc + strings->envc + 64;
    struct block block = {.strings = page_floor(top - sizeof(uint64_t) - strings->used)};

    block.extra = align_down(block.strings - sizeof platform - 16, 16);
    block.words = heap_alloc(words * sizeof(uint64_t));
    if (!block.words)
        return -ENOMEM;
    int error =
        map_stack(exec, top, page_ceil(top - block.extra + words * sizeof(uint64_t)) + STACK_FIRST);
    if (!error)
        error = place_strings(exec, block.strings);
    if (!error)
        error = fill_block(exec, &block);
    heap_free(block.words);
    note_places(&exec->space->layout, exec, block.strings);
    return error;
}
