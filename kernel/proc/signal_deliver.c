/*
 * Delivery: what a task does about its signals on the way back to user mode.
 *
 * In this order: the end of the process if it was decided; telling the parent about a continue; a
 * stop that was asked for; then signals, synchronous ones first, each with its handler's frame or
 * its default action. Frames are stacked, so that the handler of the signal that was taken last
 * runs first. A call that was interrupted is restarted or answered with EINTR when the first
 * handler's frame is made, or at the end when no handler runs (signal(7), "Interruption of system
 * calls and library functions by signal handlers").
 *
 * Locks: signal_lock, never while user memory is written.
 */
#include "abi/restart.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/group.h"
#include "proc/process_trace.h"
#include "proc/signal.h"
#include <asm/unistd.h>
#include <linux/signal.h>

/* What a task is to do next. */
enum delivery {
    DELIVERY_NONE,    /* nothing is left */
    DELIVERY_AGAIN,   /* something was done: look again */
    DELIVERY_HANDLER, /* a handler is to run */
};

struct delivery_state {
    siginfo_t info;
    struct signal_action action;
    int number;
};

static void restart_with_handler(struct trap_frame *frame, const struct signal_action *action)
{
    int64_t result = trap_return(frame);

    if (!trap_in_syscall(frame))
        return;
    if (result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK ||
        (result == -ERESTARTSYS && !(action->flags & SA_RESTART)))
        trap_set_return(frame, -EINTR);
    else if (result == -ERESTARTSYS || result == -ERESTARTNOINTR)
        trap_restart_syscall(frame, trap_syscall_number(frame));
}

static void restart_without_handler(struct trap_frame *frame)
{
    int64_t result = trap_return(frame);

    if (!trap_in_syscall(frame))
        return;
    if (result == -ERESTARTNOHAND || result == -ERESTARTSYS || result == -ERESTARTNOINTR)
        trap_restart_syscall(frame, trap_syscall_number(frame));
    else if (result == -ERESTART_RESTARTBLOCK)
        trap_restart_syscall(frame, __NR_restart_syscall);
}

/* Does the frame that was just pushed lie outside the alternate stack that it should lie on? */
static bool stack_overflowed(const struct task *task, uint64_t sp_before, uint64_t sp_now,
                             uint64_t stack_top)
{
    const stack_t *stack = &task->alternate_stack;

    if (!stack_top && (stack->ss_size == 0 || !signal_stack_on(stack, sp_before)))
        return false;
    return sp_now < (uint64_t)stack->ss_sp || sp_now - (uint64_t)stack->ss_sp > stack->ss_size;
}

static void mask_for_handler(struct task *task, const struct signal_action *action, int number)
{
    uint64_t mask = task->blocked | action->mask;

    if (!(action->flags & SA_NODEFER))
        mask |= signal_bit(number);
    task->restore_mask = false;
    signal_set_mask(mask);
    if (task->alternate_stack.ss_flags & (int)SS_AUTODISARM)
        task->alternate_stack = (stack_t){.ss_flags = SS_DISABLE};
}

static void handler_enter(struct trap_frame *frame, const struct delivery_state *state)
{
    struct task *task = task_current();
    uint64_t sp = trap_sp(frame);
    struct signal_delivery delivery = {
        .number = state->number,
        .handler = {state->action.handler},
        .restorer = {state->action.restorer},
        .action_flags = state->action.flags,
        .info = &state->info,
        .mask = task->restore_mask ? task->saved_mask : task->blocked,
        .alternate = task->alternate_stack,
        .trap_number = task->trap_number,
        .error_code = task->trap_error,
        .fault_address = task->trap_address,
    };

    restart_with_handler(frame, &state->action);
    if ((state->action.flags & SA_ONSTACK) && task->alternate_stack.ss_size != 0 &&
        !signal_stack_on(&task->alternate_stack, sp))
        delivery.stack_top = (uint64_t)task->alternate_stack.ss_sp + task->alternate_stack.ss_size;
    if (signal_frame_push(frame, &delivery) != 0 ||
        stack_overflowed(task, sp, trap_sp(frame), delivery.stack_top)) {
        signal_force(SIGSEGV, NULL, state->number == SIGSEGV);
        return;
    }
    trap_end_syscall(frame);
    mask_for_handler(task, &state->action, state->number);
}

/* One-shot handlers are gone before they run. signal_lock held. */
static void action_taken_locked(struct process *process, const struct signal_action *action,
                                int number)
{
    if (!(action->flags & SA_RESETHAND))
        return;
    if (signal_actions_own_locked(process) == 0)
        process->actions->actions[number - 1].handler = (uint64_t)SIG_DFL;
    else
        signal_group_exit_locked(process, SIGKILL);
}

/* A terminal's stop signals do nothing to an orphaned group. signal_lock held with `saved`;
 * released on return. */
static void default_stop(struct task *task, int number, uint64_t saved)
{
    struct process *process = task->process;

    if (number != SIGSTOP) {
        spin_unlock_irq(&process->signal_lock, saved);
        if (group_is_orphaned(process))
            return;
        saved = spin_lock_irq(&process->signal_lock);
    }
    if (task->stop_dequeued && !task_doomed_locked(task))
        signal_stop_start(number, saved);
    else
        spin_unlock_irq(&process->signal_lock, saved);
}

/* signal_lock held with `saved`; released on return. */
static void default_action(struct task *task, const struct delivery_state *state, uint64_t saved)
{
    struct process *process = task->process;
    uint64_t bit = signal_bit(state->number);

    if ((bit & SIGNAL_SET_IGNORED) ||
        (process == process_one && !((bit & SIGNAL_SET_SYNCHRONOUS) && state->info.si_code > 0))) {
        spin_unlock_irq(&process->signal_lock, saved);
        return;
    }
    if (bit & SIGNAL_SET_STOP) {
        default_stop(task, state->number, saved);
        return;
    }
    signal_group_exit_locked(process, state->number);
    spin_unlock_irq(&process->signal_lock, saved);
}

/* signal_lock held with `saved`; released on return. */
static enum delivery take_signal(struct task *task, struct delivery_state *state, uint64_t saved)
{
    struct process *process = task->process;

    state->number = signal_dequeue_locked(task, ~task->blocked, &state->info);
    if (!state->number) {
        signal_recalculate_locked(task);
        spin_unlock_irq(&process->signal_lock, saved);
        return DELIVERY_NONE;
    }
    memcpy(&state->action, &process->actions->actions[state->number - 1], sizeof(state->action));
    if (state->action.handler == (uint64_t)SIG_DFL) {
        default_action(task, state, saved);
        return DELIVERY_AGAIN;
    }
    if (state->action.handler == (uint64_t)SIG_IGN) {
        spin_unlock_irq(&process->signal_lock, saved);
        return DELIVERY_AGAIN;
    }
    action_taken_locked(process, &state->action, state->number);
    signal_recalculate_locked(task);
    spin_unlock_irq(&process->signal_lock, saved);
    return DELIVERY_HANDLER;
}

/* signal_lock held with `saved`; released on return. */
static void tell_continue(struct process *process, uint64_t saved)
{
    int code = process->continue_code;

    process->continue_code = 0;
    spin_unlock_irq(&process->signal_lock, saved);
    saved = spin_lock_irq(&tree_lock);
    if (process->parent)
        signal_parent_locked(process, code);
    spin_unlock_irq(&tree_lock, saved);
}

static enum delivery next(struct task *task, struct delivery_state *state)
{
    struct process *process = task->process;
    uint64_t saved = spin_lock_irq(&process->signal_lock);

    if (task_doomed_locked(task)) {
        spin_unlock_irq(&process->signal_lock, saved);
        task_exit(SIGKILL);
    }
    if (process->continue_code) {
        tell_continue(process, saved);
        return DELIVERY_AGAIN;
    }
    if (process->stop_requested && !task->stopped) {
        signal_stop_join(saved);
        return DELIVERY_AGAIN;
    }
    return take_signal(task, state, saved);
}

/* No handler ran: the mask from before sigsuspend or ppoll comes back, and with it perhaps signals.
 */
static void mask_restore(struct task *task)
{
    uint64_t saved = spin_lock_irq(&task->process->signal_lock);

    task->restore_mask = false;
    task->blocked = task->saved_mask;
    signal_recalculate_locked(task);
    spin_unlock_irq(&task->process->signal_lock, saved);
}

void signal_deliver(struct trap_frame *frame)
{
    struct task *task = task_current();
    struct delivery_state state;
    enum delivery what;

    do {
        state.number = 0;
        what = next(task, &state);
        if (state.number && process_trace.signal)
            process_trace.signal(state.number, &state.info);
        if (what == DELIVERY_HANDLER)
            handler_enter(frame, &state);
    } while (what != DELIVERY_NONE);

    restart_without_handler(frame);
    if (task->restore_mask)
        mask_restore(task);
}
