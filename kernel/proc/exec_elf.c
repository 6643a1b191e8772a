/*
 * Laying out ELF programs (System V ABI, chapter 5; elf(5)): each PT_LOAD is a private mapping of
 * the file, what lies beyond its file bytes is zero. Works on exec->space, which nobody runs in
 * yet.
 */
#include "arch/elf.h"
#include "arch/mmu.h"
#include "file/file.h"
#include "fs/open.h"
#include "lib/container.h"
#include "lib/elf.h"
#include "lib/errno.h"
#include "mem/random.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "mem/uio.h"
#include "proc/exec_parts.h"
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/personality.h>

enum {
    RANDOM_PAGES_BITS = 28, /* as Linux's vm.mmap_rnd_bits */
    BREAK_RANDOM_BITS = 13, /* pages: up to 32 MiB */
};

/* A file with its headers, being mapped. */
struct image {
    struct file *file;
    struct elf64_hdr header;
    struct elf64_phdr *headers; /* heap */
    struct elf_layout layout;
    uint64_t bias;
};

static bool randomise(void)
{
    return !(process_current()->personality & ADDR_NO_RANDOMIZE);
}

static int image_read(struct image *image, struct file *file)
{
    image->file = file;
    int64_t count = file_read_kernel(file, &image->header, sizeof image->header, 0);
    if (count < 0)
        return (int)count;
    int error = elf_check_header(&image->header, (size_t)count, ELF_MACHINE);
    if (error)
        return error;
    size_t size = elf_headers_size(&image->header);
    image->headers = heap_alloc(size);
    if (!image->headers)
        return -ENOMEM;
    count = file_read_kernel(file, image->headers, size, image->header.e_phoff);
    if (count < 0 || (size_t)count < size)
        return count < 0 ? (int)count : -ENOEXEC;
    return elf_check_layout(&image->header, image->headers, PAGE_SIZE, MMU_USER_END,
                            &image->layout);
}

static uint64_t prot_of(const struct elf64_phdr *header)
{
    return (header->p_flags & PF_R ? PROT_READ : 0) | (header->p_flags & PF_W ? PROT_WRITE : 0) |
           (header->p_flags & PF_X ? PROT_EXEC : 0);
}

static int map_file_part(struct space *space, struct image *image, const struct elf64_phdr *header)
{
    uint64_t start = page_floor(image->bias + header->p_vaddr),
             slack = header->p_vaddr & (PAGE_SIZE - 1);
    struct map_request request = {.address = start,
                                  .length = header->p_filesz + slack,
                                  .prot = prot_of(header),
                                  .flags = MAP_PRIVATE | MAP_FIXED,
                                  .offset = header->p_offset - slack};
    int error = file_map_source(image->file, request.prot, request.flags, &request.source);

    if (error)
        return error;
    int64_t result = space_map(space, &request);
    request.source->put(request.source);
    return result < 0 ? (int)result : 0;
}

/* Zeroes the rest of the last page that holds file bytes. */
static int zero_tail(struct space *space, uint64_t address)
{
    uint64_t end = page_ceil(address);
    static const uint8_t zeros[PAGE_SIZE];
    struct uio uio;

    if (address == end)
        return 0;
    uio_init_kernel(&uio, false, (void *)(uintptr_t)zeros, end - address);
    int64_t written = space_access(space, address, &uio, true);
    return written < 0 ? (int)written : 0;
}

static int map_zero_part(struct space *space, struct image *image, const struct elf64_phdr *header)
{
    uint64_t file_end = image->bias + header->p_vaddr + header->p_filesz;
    uint64_t start = page_ceil(file_end),
             end = page_ceil(image->bias + header->p_vaddr + header->p_memsz);
    int error = header->p_filesz && (header->p_flags & PF_W) ? zero_tail(space, file_end) : 0;
    struct map_request request = {.address = start,
                                  .length = end - start,
                                  .prot = prot_of(header),
                                  .flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS};

    if (!header->p_filesz)
        request.address = page_floor(file_end), request.length = end - request.address;
    if (error || !request.length || request.address >= end)
        return error;
    int64_t result = space_map(space, &request);
    return result < 0 ? (int)result : 0;
}

static int map_segment(struct space *space, struct image *image, const struct elf64_phdr *header)
{
    int error = header->p_filesz ? map_file_part(space, image, header) : 0;

    if (!error && header->p_memsz > header->p_filesz)
        error = map_zero_part(space, image, header);
    return error;
}

static int map_segments(struct space *space, struct image *image)
{
    int error = 0;

    for (unsigned i = 0; !error && i < image->header.e_phnum; i++)
        if (image->headers[i].p_type == PT_LOAD)
            error = map_segment(space, image, &image->headers[i]);
    return error;
}

/* Records what prctl and /proc say of the program's parts. */
static void note_layout(struct space_layout *layout, const struct image *image)
{
    layout->code_start = layout->data_start = UINT64_MAX;
    for (unsigned i = 0; i < image->header.e_phnum; i++) {
        const struct elf64_phdr *header = &image->headers[i];
        uint64_t start = image->bias + header->p_vaddr, end = start + header->p_filesz;
        if (header->p_type != PT_LOAD)
            continue;
        if (header->p_flags & PF_X) {
            layout->code_start = min_u64(layout->code_start, start);
            layout->code_end = max_u64(layout->code_end, end);
        }
        layout->data_start =
            layout->data_start == UINT64_MAX ? start : max_u64(layout->data_start, start);
        layout->data_end = max_u64(layout->data_end, end);
    }
    uint64_t brk = page_ceil(image->bias + image->layout.brk);
    if (randomise())
        brk += (random_u64() & ((1u << BREAK_RANDOM_BITS) - 1)) << PAGE_SHIFT;
    layout->break_start = layout->break_end = brk;
}

static int map_program(struct exec *exec, struct image *image)
{
    uint64_t random =
        randomise() ? (random_u64() & ((1u << RANDOM_PAGES_BITS) - 1)) << PAGE_SHIFT : 0;

    image->bias = 0;
    if (!image->layout.fixed && image->layout.interpreter)
        image->bias = align_down(ELF_DYN_BASE + random, image->layout.align) - image->layout.low;
    else if (!image->layout.fixed)
        image->bias =
            align_down(exec->space->layout.map_top - (image->layout.high - image->layout.low),
                       image->layout.align) -
            image->layout.low;
    int error = map_segments(exec->space, image);
    if (error)
        return error;
    note_layout(&exec->space->layout, image);
    if (!image->layout.fixed &&
        !image->layout.interpreter) /* static PIE: its heap must not meet the mappings */
        exec->space->layout.break_start = exec->space->layout.break_end = ELF_DYN_BASE + random;
    exec->program_bias = image->bias;
    exec->entry = exec->program_entry = image->bias + image->header.e_entry;
    exec->headers = image->layout.headers ? image->bias + image->layout.headers : 0;
    exec->header_count = image->header.e_phnum;
    exec->stack_executable = image->layout.stack_flags & PF_X;
    return 0;
}

static int map_interpreter(struct exec *exec, struct image *image)
{
    int error = image_read(image, exec->interpreter);

    if (error)
        return error == -ENOEXEC ? -ELIBBAD : error;
    if (!image->layout.fixed) {
        struct map_request place = {.length = image->layout.high - image->layout.low,
                                    .flags = MAP_PRIVATE | MAP_ANONYMOUS};
        int64_t base = space_map(exec->space, &place); /* finds the room; the segments go over it */
        if (base < 0)
            return (int)base;
        space_unmap(exec->space, (uint64_t)base, place.length);
        image->bias = (uint64_t)base - image->layout.low;
    }
    error = map_segments(exec->space, image);
    exec->base = image->bias;
    exec->entry = image->bias + image->header.e_entry;
    return error;
}

static int open_interpreter(struct exec *exec, const struct image *image)
{
    const struct elf64_phdr *header = image->layout.interpreter;
    char *path = heap_alloc(header->p_filesz);

    if (!path)
        return -ENOMEM;
    int64_t count = file_read_kernel(image->file, path, header->p_filesz, header->p_offset);
    int error = count < 0                            ? (int)count
                : (uint64_t)count < header->p_filesz ? -EIO
                                                     : elf_check_path(path, header->p_filesz);
    if (!error)
        error = open_program(AT_FDCWD, path, 0, &exec->interpreter);
    heap_free(path);
    return error;
}

static void choose_map_top(struct space_layout *layout)
{
    uint64_t random =
        randomise() ? (random_u64() & ((1u << RANDOM_PAGES_BITS) - 1)) << PAGE_SHIFT : 0;
    uint64_t stack = process_limit(process_current(), RLIMIT_STACK);
    uint64_t gap = min_u64(max_u64(stack, 128ull << 20), MMU_USER_END / 6 * 5);

    layout->map_top = page_floor(min_u64(USER_MMAP_TOP, MMU_USER_END - gap) - random);
}

int exec_map(struct exec *exec)
{
    struct image program = {0}, interpreter = {0};
    int error = image_read(&program, exec->file);

    choose_map_top(&exec->space->layout);
    if (!error && program.layout.interpreter)
        error = open_interpreter(exec, &program);
    exec->unsound = error == -EINVAL;
    if (!error) {
        error = map_program(exec, &program);
        exec->unsound = error && error != -ENOMEM;
    }
    if (!error && exec->interpreter) {
        error = map_interpreter(exec, &interpreter);
        exec->unsound = error && error != -ENOMEM && error != -ELIBBAD;
    }
    heap_free(program.headers);
    heap_free(interpreter.headers);
    return error;
}
