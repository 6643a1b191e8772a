/*
 * Waiting for signals on purpose (sigtimedwait), and the alternate stack on which handlers may run.
 *
 * While a task waits for a set, that set is unblocked, so that senders wake it; `awaited` tells
 * them that it is for this reason: such a signal is not discarded as ignored and does not kill at
 * once.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/signal.h"
#include <linux/signal.h>

/* Opens the task's mask for `set`, or closes it again. */
static void await_locked(struct task *task, uint64_t set)
{
    task->blocked |= task->awaited;
    task->awaited = set & task->blocked;
    task->blocked &= ~task->awaited;
    signal_recalculate_locked(task);
}

static int take_locked(struct task *task, uint64_t set, siginfo_t *info)
{
    int number = signal_dequeue_locked(task, set, info);

    if (number)
        task->stop_dequeued = false;
    signal_recalculate_locked(task);
    return number;
}

int signal_wait(uint64_t set, siginfo_t *info, uint64_t deadline)
{
    struct task *task = task_current();
    struct spinlock *lock = &task->process->signal_lock;
    struct wait_queue nobody = {0};
    struct waiter self;
    uint64_t saved;
    int number, error = 0;

    set &= ~SIGNAL_SET_UNBLOCKABLE;
    saved = spin_lock_irq(lock);
    number = take_locked(task, set, info);
    if (number || deadline == 0) {
        spin_unlock_irq(lock, saved);
        return number ? number : -EAGAIN;
    }
    await_locked(task, set);
    spin_unlock_irq(lock, saved);

    waiter_init(&self);
    while (!error) {
        wait_enter(&nobody, &self);
        error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
    }
    wait_leave(&nobody, &self);

    saved = spin_lock_irq(lock);
    await_locked(task, 0);
    number = take_locked(task, set, info);
    spin_unlock_irq(lock, saved);
    if (number)
        return number;
    return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

bool signal_stack_on(const stack_t *stack, uint64_t sp)
{
    uint64_t base = (uint64_t)stack->ss_sp;

    return !(stack->ss_flags & SS_AUTODISARM) && sp > base && sp - base <= stack->ss_size;
}

void signal_stack_get(stack_t *stack, uint64_t sp)
{
    const stack_t *own = &task_current()->alternate_stack;
    int state = own->ss_size == 0 ? SS_DISABLE : signal_stack_on(own, sp) ? SS_ONSTACK : 0;

    memset(stack, 0, sizeof(*stack));
    stack->ss_sp = own->ss_sp;
    stack->ss_size = own->ss_size;
    stack->ss_flags = state | (own->ss_flags & (int)SS_AUTODISARM);
}

int signal_stack_set(const stack_t *stack, uint64_t sp, size_t minimum)
{
    stack_t *own = &task_current()->alternate_stack;
    int mode = stack->ss_flags & ~(int)SS_AUTODISARM;

    if (signal_stack_on(own, sp))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (own->ss_sp == stack->ss_sp && own->ss_size == stack->ss_size &&
        own->ss_flags == stack->ss_flags)
        return 0;
    if (mode != SS_DISABLE && stack->ss_size < minimum)
        return -ENOMEM;
    own->ss_sp = mode == SS_DISABLE ? NULL : stack->ss_sp;
    own->ss_size = mode == SS_DISABLE ? 0 : stack->ss_size;
    own->ss_flags = stack->ss_flags;
    return 0;
}
