/*
 * Registers and the chain of callers, with names from the symbol table that the build's second link
 * put into the image (tools/symbols.awk): sorted offsets from the image's base, and the names one
 * after the other.
 *
 * The frame pointers may be garbage in a panic, so that each is looked at only if it lies in the
 * stack it began in.
 */
#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/trap.h"
#include "instructions.h"
#include "lib/format.h"
#include "processor.h"
#include "sched/thread.h"
#include <machine/layout.h>

enum { BACKTRACE_DEPTH = 32, LINE_SIZE = 160 };

/* Made by tools/symbols.awk; empty in the first link. */
extern const uint32_t symbol_count;
extern const uint32_t symbol_offsets[];
extern const uint32_t symbol_names[]; /* positions in symbol_text */
extern const char symbol_text[];

/* From the linker script. */
extern uint8_t text_start[], text_end[];

static bool in_text(uint64_t address)
{
    return address >= (uint64_t)text_start && address < (uint64_t)text_end;
}

/* The last symbol at or below the address; its offset in *offset. */
static const char *symbol_find(uint64_t address, uint64_t *offset)
{
    uint32_t wanted = (uint32_t)(address - MACHINE_IMAGE), low = 0, high;

    if (symbol_count == 0 || !in_text(address))
        return NULL;
    for (high = symbol_count; high - low > 1;) {
        uint32_t middle = low + (high - low) / 2;

        if (symbol_offsets[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    *offset = wanted - symbol_offsets[low];
    return symbol_text + symbol_names[low];
}

static void print_address(const char *what, uint64_t address, void (*print)(const char *line))
{
    char line[LINE_SIZE];
    uint64_t offset = 0;
    const char *name = symbol_find(address, &offset);

    if (name != NULL)
        format_text(line, sizeof(line), "%s %#018lx %s+%#lx", what, address, name, offset);
    else
        format_text(line, sizeof(line), "%s %#018lx", what, address);
    print(line);
}

static void print_registers(const struct trap_frame *f, void (*print)(const char *line))
{
    char line[LINE_SIZE];

    format_text(line, sizeof(line), "  rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx,
                f->rcx, f->rdx);
    print(line);
    format_text(line, sizeof(line), "  rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi,
                f->rbp, f->rsp);
    print(line);
    format_text(line, sizeof(line), "  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9,
                f->r10, f->r11);
    print(line);
    format_text(line, sizeof(line), "  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13,
                f->r14, f->r15);
    print(line);
    format_text(line, sizeof(line), "  cs %lx rflags %lx cr2 %016lx cr3 %lx", f->cs, f->rflags,
                cr2_read(), cr3_read());
    print(line);
}

static void print_thread(void (*print)(const char *line))
{
    const struct thread *thread = cpu_count() > 0 ? thread_current() : NULL;
    char line[LINE_SIZE];

    if (thread == NULL)
        return;
    format_text(line, sizeof(line), "  cpu %u, thread %d (%s)", cpu_this()->id, thread->tid,
                thread->name);
    print(line);
}

/* A stack is at most MACHINE_KERNEL_STACK_SIZE long: what lies farther up is not followed. */
static void print_callers(uint64_t frame_pointer, void (*print)(const char *line))
{
    uint64_t limit = frame_pointer + MACHINE_KERNEL_STACK_SIZE;

    for (unsigned depth = 0; depth < BACKTRACE_DEPTH; depth++) {
        const uint64_t *pair = (const uint64_t *)frame_pointer;

        if (frame_pointer < MACHINE_DIRECT_MAP || frame_pointer >= limit ||
            (frame_pointer & 7) != 0)
            return;
        if (!in_text(pair[1]))
            return;
        print_address("  from", pair[1] - 1, print);
        if (pair[0] <= frame_pointer)
            return;
        frame_pointer = pair[0];
    }
}

void machine_backtrace(const struct trap_frame *frame, void (*print)(const char *line))
{
    print_thread(print);
    if (frame != NULL) {
        print_registers(frame, print);
        print_address("  at  ", frame->rip, print);
        /* A call of a null pointer has made no frame yet: its return address is on top. */
        if (!trap_from_user(frame) && !in_text(frame->rip) && frame->rsp >= MACHINE_DIRECT_MAP)
            print_address("  from", *(const uint64_t *)frame->rsp - 1, print);
        if (!trap_from_user(frame))
            print_callers(frame->rbp, print);
        return;
    }
    print_callers((uint64_t)__builtin_frame_address(0), print);
}
