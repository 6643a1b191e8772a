/*
 * The signal state of processes and tasks: actions, masks, what is pending, alternate stacks, and
 * waiting for signals.
 *
 * Actions are a counted object that fork shares; whoever changes them makes a copy first
 * (signal_actions_own). With CLONE_SIGHAND they are common: then every sharer sees the change in
 * place.
 *
 * Locks: signal_lock of the process. Cost: O(1); setting an action to "ignored" and blocking a
 * pending signal visit every task.
 */
#include "proc/signal.h"

#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"

static struct slab_cache actions_cache =
    SLAB_CACHE("signal_actions", sizeof(struct signal_actions));

struct signal_actions *signal_actions_create(void)
{
    struct signal_actions *actions = slab_alloc_zero(&actions_cache);

    if (actions)
        atomic_init(&actions->refs, 1);
    return actions;
}

struct signal_actions *signal_actions_get(struct signal_actions *actions)
{
    atomic_fetch_add_explicit(&actions->refs, 1, memory_order_relaxed);
    return actions;
}

void signal_actions_put(struct signal_actions *actions)
{
    if (actions && atomic_fetch_sub_explicit(&actions->refs, 1, memory_order_acq_rel) == 1)
        slab_free(&actions_cache, actions);
}

static struct signal_actions *actions_copy(const struct signal_actions *actions)
{
    struct signal_actions *copy = slab_alloc(&actions_cache);

    if (!copy)
        return NULL;
    memcpy(copy, actions, sizeof(*copy));
    atomic_init(&copy->refs, 1);
    copy->common = false;
    return copy;
}

struct signal_actions *signal_actions_fork(struct process *parent)
{
    uint64_t saved = spin_lock_irq(&parent->signal_lock);
    struct signal_actions *actions = parent->actions;

    actions = actions->common ? actions_copy(actions) : signal_actions_get(actions);
    spin_unlock_irq(&parent->signal_lock, saved);
    return actions;
}

struct signal_actions *signal_actions_share(struct process *parent)
{
    uint64_t saved = spin_lock_irq(&parent->signal_lock);
    struct signal_actions *actions = NULL;

    if (signal_actions_own_locked(parent) == 0) {
        parent->actions->common = true;
        actions = signal_actions_get(parent->actions);
    }
    spin_unlock_irq(&parent->signal_lock, saved);
    return actions;
}

int signal_actions_own_locked(struct process *process)
{
    struct signal_actions *old = process->actions, *own;

    if (old->common || atomic_load(&old->refs) == 1)
        return 0;
    own = actions_copy(old);
    if (!own)
        return -ENOMEM;
    process->actions = own;
    signal_actions_put(old);
    return 0;
}

int signal_actions_own(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    int error = signal_actions_own_locked(process);

    spin_unlock_irq(&process->signal_lock, saved);
    return error;
}

static void actions_reset(struct signal_actions *actions)
{
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        struct signal_action *action = &actions->actions[i];
        uint64_t kept =
            action->handler == (uint64_t)SIG_IGN ? (uint64_t)SIG_IGN : (uint64_t)SIG_DFL;

        memset(action, 0, sizeof(*action));
        action->handler = kept;
    }
}

void signal_actions_exec(struct process *process, struct signal_actions *fresh)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct signal_actions *old = process->actions;

    memcpy(fresh->actions, old->actions, sizeof(fresh->actions));
    actions_reset(fresh);
    process->actions = fresh;
    spin_unlock_irq(&process->signal_lock, saved);
    signal_actions_put(old);
}

bool signal_ignored_locked(const struct process *process, int number)
{
    uint64_t handler = process->actions->actions[number - 1].handler;

    if (handler == (uint64_t)SIG_IGN)
        return true;
    if (handler != (uint64_t)SIG_DFL)
        return false;
    return process == process_one || (signal_bit(number) & SIGNAL_SET_IGNORED) != 0;
}

int signal_action_set(int number, const struct signal_action *action, struct signal_action *old)
{
    struct process *process = process_current();
    struct signal_action *present;
    struct task *task;
    uint64_t saved;
    int error = 0;

    if (number < 1 || number > SIGNAL_COUNT)
        return -EINVAL;
    if (action && (signal_bit(number) & SIGNAL_SET_UNBLOCKABLE))
        return -EINVAL;
    saved = spin_lock_irq(&process->signal_lock);
    if (old)
        memcpy(old, &process->actions->actions[number - 1], sizeof(*old));
    if (action)
        error = signal_actions_own_locked(process);
    if (action && !error) {
        present = &process->actions->actions[number - 1];
        memcpy(present, action, sizeof(*action));
        present->mask &= ~SIGNAL_SET_UNBLOCKABLE;
        if (signal_ignored_locked(process, number)) {
            signal_queue_remove(&process->pending, signal_bit(number));
            TAILQ_FOREACH (task, &process->tasks, link)
                signal_queue_remove(&task->pending, signal_bit(number));
        }
    }
    spin_unlock_irq(&process->signal_lock, saved);
    return error;
}

static uint32_t pending_bits(const struct task *task)
{
    const struct process *process = task->process;

    if (task_doomed_locked(task))
        return THREAD_SIGNAL | THREAD_KILL | THREAD_NOTIFY;
    if ((process->stop_requested && !task->stopped) || process->continue_code)
        return THREAD_SIGNAL | THREAD_NOTIFY;
    return (((task->pending.set | process->pending.set) & ~task->blocked) ? THREAD_SIGNAL : 0u) |
           (task->restore_mask ? THREAD_NOTIFY : 0u);
}

void signal_recalculate_locked(struct task *task)
{
    uint32_t all = THREAD_SIGNAL | THREAD_KILL | THREAD_NOTIFY;
    uint32_t bits = pending_bits(task);

    if (bits)
        atomic_fetch_or(&task->thread.pending, bits);
    if (bits != all && &task->thread == thread_current())
        atomic_fetch_and(&task->thread.pending, ~(all & ~bits));
}

void signal_retarget_locked(struct task *task, uint64_t set)
{
    struct process *process = task->process;
    struct task *other;

    set &= process->pending.set;
    if (!set)
        return;
    TAILQ_FOREACH (other, &process->tasks, link) {
        if (other == task || other->exiting || !(set & ~other->blocked))
            continue;
        signal_notice_locked(other);
        set &= other->blocked;
        if (!set)
            break;
    }
}

static void mask_set_locked(struct task *task, uint64_t mask)
{
    uint64_t newly = mask & ~task->blocked;

    task->blocked = mask;
    if (newly & task->process->pending.set)
        signal_retarget_locked(task, newly);
    signal_recalculate_locked(task);
}

void signal_set_mask(uint64_t mask)
{
    struct task *task = task_current();
    uint64_t saved;

    mask &= ~SIGNAL_SET_UNBLOCKABLE;
    if (mask == task->blocked)
        return;
    saved = spin_lock_irq(&task->process->signal_lock);
    mask_set_locked(task, mask);
    spin_unlock_irq(&task->process->signal_lock, saved);
}

void signal_mask_begin(uint64_t mask)
{
    struct task *task = task_current();

    task->saved_mask = task->blocked;
    signal_set_mask(mask);
}

void signal_mask_end(bool interrupted)
{
    struct task *task = task_current();

    if (!interrupted) {
        signal_set_mask(task->saved_mask);
        return;
    }
    task->restore_mask = true;
    atomic_fetch_or(&task->thread.pending, THREAD_NOTIFY);
}

uint64_t signal_pending_set(void)
{
    struct task *task = task_current();
    uint64_t saved = spin_lock_irq(&task->process->signal_lock);
    uint64_t set = (task->pending.set | task->process->pending.set) & task->blocked;

    spin_unlock_irq(&task->process->signal_lock, saved);
    return set;
}
