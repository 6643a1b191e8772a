/*
 * Job control stops. A stop signal asks every task of the process to stop; each joins on its next
 * way to user mode. With the last one the process counts as stopped, its parent is told, and wait
 * may report it once. SIGCONT undoes all of it at sending time (signal_send.c).
 *
 * Locks: signal_lock; to tell the parent it is released and tree_lock is taken.
 */
#include "proc/signal.h"

/* All tasks are in the stop. signal_lock held. */
static bool stop_complete_locked(struct process *process)
{
    if (!process->stop_requested || process->stopped || process->task_count == 0 ||
        process->stopped_count < process->task_count)
        return false;
    process->stopped = true;
    process->wait_events = PROCESS_EVENT_STOPPED;
    return true;
}

bool signal_stop_left_locked(struct process *process)
{
    return stop_complete_locked(process);
}

/* Asked with the run queue locked, so without signal_lock: whoever ends the stop clears `stopped`
 * before it wakes the task. */
static bool still_stopped(void *argument)
{
    const struct task *task = argument;

    return __atomic_load_n(&task->stopped, __ATOMIC_ACQUIRE) &&
           !(task->thread.pending & THREAD_KILL);
}

static void tell_parent(struct process *process, int code)
{
    uint64_t saved = spin_lock_irq(&tree_lock);

    if (process->parent)
        signal_parent_locked(process, code);
    spin_unlock_irq(&tree_lock, saved);
}

void signal_stop_join(uint64_t saved)
{
    struct task *task = task_current();
    struct process *process = task->process;
    bool complete;

    task->stopped = true;
    process->stopped_count++;
    complete = stop_complete_locked(process);
    spin_unlock_irq(&process->signal_lock, saved);
    if (complete)
        tell_parent(process, CLD_STOPPED);
    sched_stop(still_stopped, task);
}

void signal_stop_start(int number, uint64_t saved)
{
    struct task *self = task_current(), *task;
    struct process *process = self->process;

    if (!process->stop_requested) {
        process->stop_requested = true;
        process->stopped = false;
        process->stop_signal = number;
        TAILQ_FOREACH (task, &process->tasks, link) {
            if (!task->exiting)
                signal_notice_locked(task);
        }
    }
    signal_stop_join(saved);
}
