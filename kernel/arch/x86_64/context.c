/*
 * What changes hands when one thread stops and another goes on (arch/context.h).
 *
 * User state is live in the registers while its thread is current, in system calls too: the kernel
 * itself uses neither the TLS bases nor the floating point unit. A thread without an FPU area is a
 * kernel thread and has no user state.
 */
#include "arch/context.h"
#include "arch/trap.h"
#include "clock.h"
#include "fpu.h"
#include "instructions.h"
#include "lib/errno.h"
#include "processor.h"
#include "sched/thread.h"

/* In switch.S: what it pops, lowest address first. */
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, ip;
};

struct thread *switch_stacks(struct thread *previous, struct thread *next);
void switch_begin_kernel(void);
void switch_begin_user(void);

static uint64_t stack_top(const struct thread *thread)
{
    return (uint64_t)thread->stack + KERNEL_STACK_SIZE;
}

static struct switch_frame *switch_frame_below(struct thread *thread, uint64_t top)
{
    struct switch_frame *frame = (struct switch_frame *)top - 1;

    *frame = (struct switch_frame){0};
    thread->arch.sp = (uint64_t)frame;
    return frame;
}

void context_init_kernel(struct thread *thread, void (*entry)(void *), void *argument)
{
    struct switch_frame *frame;

    thread->arch = (struct arch_thread){.fpu = thread->arch.fpu};
    /* Room for a trap frame stays free: the thread may become a program by exec. */
    frame = switch_frame_below(thread,
                               stack_top(thread) - sizeof(struct trap_frame) - sizeof(uint64_t));
    frame->ip = (uint64_t)switch_begin_kernel;
    frame->r12 = (uint64_t)entry;
    frame->r13 = (uint64_t)argument;
    if (thread->arch.fpu != NULL)
        fpu_area_reset(thread->arch.fpu);
}

void context_fork(struct thread *child, struct thread *parent)
{
    struct trap_frame *frame = thread_frame(child);
    struct fpu_area *fpu = child->arch.fpu;
    struct switch_frame *below;

    *frame = *thread_frame(parent);
    frame->rax = 0;
    frame->orig_rax = -1;
    child->arch = (struct arch_thread){.fpu = fpu, .fs_base = fs_base_read()};
    below = switch_frame_below(child, (uint64_t)frame);
    below->ip = (uint64_t)switch_begin_user;
    if (parent->arch.fpu != NULL) {
        uint64_t saved = irq_save();

        child->arch.gs_base = user_gs_base_read();
        irq_restore(saved);
        fpu_copy_live(fpu);
    }
}

int context_alloc(struct thread *thread)
{
    if (thread->arch.fpu == NULL)
        thread->arch.fpu = arch_memory_alloc(processor_features.xsave_size);
    return thread->arch.fpu != NULL ? 0 : -ENOMEM;
}

void context_drop(struct thread *thread)
{
    if (thread->arch.fpu != NULL)
        arch_memory_free(thread->arch.fpu, processor_features.xsave_size);
    thread->arch.fpu = NULL;
}

void context_exec(struct thread *thread)
{
    uint64_t saved = irq_save();

    fs_base_write(0);
    user_gs_base_write(0);
    irq_restore(saved);
    fpu_image_reset();
}

static void user_state_save(struct thread *thread)
{
    thread->arch.fs_base = fs_base_read();
    thread->arch.gs_base = user_gs_base_read();
    if (!thread->arch.fpu_detached)
        fpu_save_switch(thread->arch.fpu);
}

static void user_state_load(struct thread *thread)
{
    fs_base_write(thread->arch.fs_base);
    user_gs_base_write(thread->arch.gs_base);
    if (!thread->arch.fpu_detached)
        fpu_load(thread->arch.fpu, processor_features.xsave_mask);
}

struct thread *context_switch(struct thread *previous, struct thread *next)
{
    struct cpu *cpu = cpu_this();

    if (previous->arch.fpu != NULL)
        user_state_save(previous);
    if (next->arch.fpu != NULL)
        user_state_load(next);
    next->arch.entered = ticks_read();
    cpu->current = next;
    processor_set_stack(cpu, stack_top(next));
    return switch_stacks(previous, next);
}

uint64_t context_system_time(struct thread *thread)
{
    uint64_t ticks = thread->arch.system_ticks;

    if (thread == thread_current()) {
        uint64_t now = ticks_read();

        ticks += now - thread->arch.entered;
        thread->arch.entered = now;
    }
    thread->arch.system_ticks = 0;
    return clock_ticks_to_ns(ticks);
}

void context_set_tls(struct thread *thread, uint64_t base)
{
    if (thread == thread_current())
        fs_base_write(base);
    else
        thread->arch.fs_base = base;
}

uint64_t context_tls(const struct thread *thread)
{
    return thread == thread_current() ? fs_base_read() : thread->arch.fs_base;
}
