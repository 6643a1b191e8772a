/*
 * What a trap is: a device's interrupt, a page to be found, a program's mistake, or the kernel's
 * own.
 *
 * Called from entry.S with interrupts off and, for a trap from user mode, on the empty kernel stack
 * of the current thread. Only traps from user mode and page faults of kernel copies may turn
 * interrupts on.
 */
#include "arch/trap.h"
#include "apic.h"
#include "arch/mmu.h"
#include "instructions.h"
#include "lines.h"
#include "mmu_local.h"
#include "processor.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "trace/log.h"
#include "trap_table.h"
#include <asm/siginfo.h>

enum {
    PAGE_FAULT_PRESENT = 1,
    PAGE_FAULT_WRITE = 2,
    PAGE_FAULT_USER = 4,
    PAGE_FAULT_RESERVED = 8,
    PAGE_FAULT_FETCH = 16,
};

/* Entry points for entry.S. */
void trap_dispatch(struct trap_frame *frame, uint64_t vector, uint64_t error);
void trap_bad_address(struct trap_frame *frame);

static const char *const trap_names[32] = {
    [VECTOR_DIVIDE] = "division error",
    [VECTOR_DEBUG] = "debug trap",
    [VECTOR_NMI] = "non-maskable interrupt",
    [VECTOR_BREAKPOINT] = "breakpoint",
    [VECTOR_OVERFLOW] = "overflow",
    [VECTOR_BOUND] = "bound",
    [VECTOR_INVALID_OPCODE] = "invalid instruction",
    [VECTOR_NO_DEVICE] = "floating point unit disabled",
    [VECTOR_DOUBLE_FAULT] = "double fault",
    [VECTOR_PROTECTION] = "general protection",
    [VECTOR_PAGE_FAULT] = "page fault",
    [VECTOR_FLOAT] = "floating point error",
    [VECTOR_ALIGNMENT] = "alignment check",
    [VECTOR_MACHINE_CHECK] = "machine check",
    [VECTOR_SIMD] = "vector floating point error",
};

struct fixup {
    uint64_t instruction, target;
};

/* From the linker script. */
extern const struct fixup fixup_table_start[], fixup_table_end[];

/* Where to go on after a failed user access at `ip`; 0: it was none. */
static uint64_t fixup_find(uint64_t ip)
{
    for (const struct fixup *f = fixup_table_start; f < fixup_table_end; f++) {
        if (f->instruction == ip)
            return f->target;
    }
    return 0;
}

static _Noreturn void trap_fatal(const struct trap_frame *frame, uint64_t vector, uint64_t error)
{
    uint64_t address = cr2_read();
    const char *name = vector < 32 && trap_names[vector] ? trap_names[vector] : "unexpected trap";

    if (vector == VECTOR_DOUBLE_FAULT && mmu_in_mapped_region(address))
        panic_at(frame, "kernel stack overflow at %#lx", address);
    if (vector == VECTOR_PAGE_FAULT)
        panic_at(frame, "page fault in the kernel: %s %#lx (error %#lx)",
                 (error & PAGE_FAULT_FETCH)   ? "fetch from"
                 : (error & PAGE_FAULT_WRITE) ? "write to"
                                              : "read from",
                 address, error);
    panic_at(frame, "%s in the kernel (vector %lu, error %#lx)", name, vector, error);
}

static void trap_page_fault(struct trap_frame *frame, uint64_t error)
{
    uint64_t address = cr2_read(), target = 0;
    unsigned access = ((error & PAGE_FAULT_WRITE) ? FAULT_WRITE : 0) |
                      ((error & PAGE_FAULT_FETCH) ? FAULT_EXECUTE : 0) |
                      ((error & PAGE_FAULT_PRESENT) ? FAULT_PRESENT : 0) |
                      ((error & PAGE_FAULT_USER) ? FAULT_USER : 0);

    if ((error & PAGE_FAULT_RESERVED) != 0)
        panic_at(frame, "corrupt page table at %#lx (error %#lx)", address, error);
    if (!trap_from_user(frame)) {
        target = fixup_find(frame->rip);
        if (target == 0 || address >= MMU_USER_END)
            trap_fatal(frame, VECTOR_PAGE_FAULT, error);
    }
    if ((frame->rflags & RFLAGS_IF) != 0)
        irq_enable();
    if (page_fault(frame, (struct uaddr){address}, access, error) != 0)
        frame->rip = target;
    irq_disable();
}

/* The FPE_ code of a pending unmasked exception; 0: none (Intel SDM volume 1, 8.5 and 11.5). */
static int float_error(uint64_t vector)
{
    uint16_t control, status;
    uint32_t mxcsr, pending;

    __asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    pending = vector == VECTOR_FLOAT ? status & ~control : ~(mxcsr >> 7) & mxcsr;
    if (pending & 0x01)
        return FPE_FLTINV;
    if (pending & 0x04)
        return FPE_FLTDIV;
    if (pending & 0x08)
        return FPE_FLTOVF;
    if (pending & 0x12)
        return FPE_FLTUND;
    return (pending & 0x20) ? FPE_FLTRES : 0;
}

static enum trap_kind user_trap_kind(uint64_t vector)
{
    switch (vector) {
    case VECTOR_DIVIDE:
        return TRAP_DIVIDE;
    case VECTOR_DEBUG:
        return TRAP_STEP;
    case VECTOR_BREAKPOINT:
        return TRAP_BREAKPOINT;
    case VECTOR_OVERFLOW:
    case VECTOR_BOUND:
        return TRAP_OVERFLOW;
    case VECTOR_INVALID_OPCODE:
        return TRAP_INSTRUCTION;
    case VECTOR_FLOAT:
    case VECTOR_SIMD:
        return TRAP_FLOAT;
    case VECTOR_ALIGNMENT:
        return TRAP_ALIGNMENT;
    case 11: /* segment not present */
    case 12: /* stack segment */
        return TRAP_STACK;
    default:
        return TRAP_PROTECTION;
    }
}

static void trap_user(struct trap_frame *frame, uint64_t vector, uint64_t error)
{
    enum trap_kind kind = user_trap_kind(vector);
    int detail = kind == TRAP_FLOAT ? float_error(vector) : 0;
    uint64_t address = kind == TRAP_PROTECTION || kind == TRAP_STACK ? 0 : frame->rip;

    if (kind == TRAP_FLOAT && detail == 0)
        return;
    irq_enable();
    user_exception(frame, kind, (uint64_t)detail, address, (unsigned)vector, error);
    irq_disable();
}

/* On the way back to user mode the instruction pointer turned out to be one that no program can run
 * at. */
void trap_bad_address(struct trap_frame *frame)
{
    irq_enable();
    user_exception(frame, TRAP_PROTECTION, 0, 0, VECTOR_PROTECTION, 0);
    irq_disable();
}

static void trap_interrupt(uint64_t vector)
{
    struct cpu *cpu = cpu_this();

    cpu->interrupt_depth++;
    if (vector != VECTOR_SPURIOUS)
        apic_acknowledge();
    if (vector == VECTOR_TIMER)
        timer_interrupt();
    else if (vector >= VECTOR_LINE && vector < VECTOR_LINE_LIMIT)
        line_interrupt((unsigned)vector - VECTOR_LINE);
    else if (vector == VECTOR_FLUSH)
        mmu_flush_requested();
    else if (vector == VECTOR_STOP)
        cpu_stop();
    cpu->interrupt_depth--;
}

void trap_dispatch(struct trap_frame *frame, uint64_t vector, uint64_t error)
{
    uint64_t target;

    if (vector == VECTOR_PAGE_FAULT) {
        trap_page_fault(frame, error);
    } else if (vector >= 32) {
        trap_interrupt(vector);
    } else if (vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT ||
               vector == VECTOR_MACHINE_CHECK) {
        trap_fatal(frame, vector, error);
    } else if (trap_from_user(frame)) {
        trap_user(frame, vector, error);
    } else {
        /* A non-canonical user address is a general protection fault; everything else here is a
         * bug. */
        target = vector == VECTOR_PROTECTION ? fixup_find(frame->rip) : 0;
        if (target == 0)
            trap_fatal(frame, vector, error);
        frame->rip = target;
    }
}

struct trap_frame *thread_frame(const struct thread *thread)
{
    return (struct trap_frame *)(thread->stack + KERNEL_STACK_SIZE) - 1;
}

void trap_frame_exec(struct trap_frame *frame, uint64_t ip, uint64_t sp)
{
    *frame = (struct trap_frame){
        .orig_rax = -1,
        .rip = ip,
        .cs = SELECTOR_USER_CODE,
        .rflags = RFLAGS_FIXED | RFLAGS_IF,
        .rsp = sp,
        .ss = SELECTOR_USER_DATA,
    };
}
