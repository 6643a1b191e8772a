/*
 * The end of a task, and exec's way to be the only one.
 *
 * A task ends in its own context: it stops taking signals, pays its debts to user space (robust
 * futexes, the word that joiners wait for), lets a vfork parent go on, and leaves the address
 * space. The last task then ends the process (exit_process.c). What is left, the task and its
 * kernel stack, is freed by the scheduler in another context once the CPU has left it.
 *
 * Locks: signal_lock for the list of tasks; tree_lock for the number.
 */
#include "proc/exit.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "lib/errno.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/futex.h"
#include "proc/identity.h"
#include "proc/itimer.h"
#include "proc/posix_timer.h"
#include "proc/process_trace.h"
#include "proc/rusage.h"
#include "proc/signal.h"

/* From here on the task takes no signals. True for the last task of the process. */
static bool exit_begin(struct task *task, int32_t status)
{
    struct process *process = task->process;
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    bool last, stop_complete;

    task->exiting = true;
    if (task->pid == process->pid)
        process->exit_status = status;
    last = --process->task_count == 0;
    if (task->stopped)
        process->stopped_count--;
    task->stopped = false;
    stop_complete = signal_stop_left_locked(process);
    signal_retarget_locked(task, ~task->blocked);
    spin_unlock_irq(&process->signal_lock, saved);
    if (stop_complete) {
        saved = spin_lock_irq(&tree_lock);
        signal_parent_locked(process, CLD_STOPPED);
        spin_unlock_irq(&tree_lock, saved);
    }
    return last;
}

/* The word that pthread_join waits for; nobody can look at it once the last user of the space is
 * gone. */
static void child_tid_clear(struct task *task, bool last)
{
    struct space *space = task->process->space;
    struct uaddr word = task->clear_child_tid;
    uint32_t zero = 0;

    if (!word.value || (last && atomic_load(&space->refs) == 1))
        return;
    task->clear_child_tid = (struct uaddr){0};
    if (copy_to_user(word, &zero, sizeof(zero)) == 0)
        futex_wake_address(word, 1);
}

void vfork_release(struct task *task)
{
    struct process *process = task->process;
    uint64_t saved;

    if (!task->vfork)
        return;
    saved = spin_lock_irq(&process->signal_lock);
    if (task->vfork) {
        task->vfork->done = true;
        wait_wake_all(&task->vfork->queue);
        task->vfork = NULL;
    }
    spin_unlock_irq(&process->signal_lock, saved);
}

/* So that whoever drops the space finds it loaded nowhere. */
static void space_leave(struct thread *thread)
{
    uint64_t saved = irq_save();
    struct mmu_space *space = thread->space;

    thread->space = NULL;
    mmu_switch(space, NULL);
    irq_restore(saved);
}

static void task_reap(struct thread *thread)
{
    task_drop(task_of(thread));
}

/* A task that leaves others behind. */
static void task_end(struct task *task)
{
    struct process *process = task->process;
    uint64_t saved = spin_lock_irq(&tree_lock);

    process_children_bereaved_locked(process, task->thread.tid);
    if (task->pid->task == task)
        task->pid->task = NULL;
    spin_lock(&process->signal_lock);
    usage_add_task_locked(process, task);
    TAILQ_REMOVE(&process->tasks, task, link);
    signal_queue_flush(&task->pending);
    spin_unlock(&process->signal_lock);
    spin_unlock_irq(&tree_lock, saved);
    identity_uncharge_process(task->cred->uid);
    wait_wake_all(&process->exec_queue);
}

_Noreturn void task_exit(int32_t status)
{
    struct task *task = task_current();
    struct process *process = task->process;

    if (process_trace.ended)
        process_trace.ended(process->group_exit ? process->group_exit_status : status);
    bool last = exit_begin(task, status);

    if (last) {
        itimers_clear(process);
        posix_timers_clear(process);
    }
    if (process->space) {
        futex_task_exit(task);
        child_tid_clear(task, last);
    }
    vfork_release(task);
    space_leave(&task->thread);
    if (last)
        process_end(task);
    else
        task_end(task);
    sched_exit(task_reap);
}

_Noreturn void process_exit(int32_t status)
{
    struct process *process = process_current();
    uint64_t saved = spin_lock_irq(&process->signal_lock);

    if (!task_doomed_locked(task_current()))
        signal_group_exit_locked(process, status);
    spin_unlock_irq(&process->signal_lock, saved);
    task_exit(status);
}

/* Dooms the other tasks. 0 or -EAGAIN. */
static int others_doom(struct process *process, struct task *self)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct task *task;
    int error = 0;

    if (process->group_exit || process->exec_task) {
        error = -EAGAIN;
    } else {
        process->exec_task = self;
        process->stop_requested = process->stopped = false;
        process->stopped_count = 0;
        TAILQ_FOREACH (task, &process->tasks, link) {
            if (!task->exiting)
                signal_notice_locked(task);
        }
    }
    spin_unlock_irq(&process->signal_lock, saved);
    return error;
}

static bool is_alone(struct process *process, struct task *self)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    bool alone = TAILQ_FIRST(&process->tasks) == self && !TAILQ_NEXT(self, link);

    spin_unlock_irq(&process->signal_lock, saved);
    return alone;
}

static int others_await(struct process *process, struct task *self)
{
    struct waiter waiter;
    int error = 0;

    waiter_init(&waiter);
    for (;;) {
        wait_enter(&process->exec_queue, &waiter);
        if (error || is_alone(process, self))
            break;
        error = wait_sleep(WAIT_KILLABLE, WAIT_FOREVER);
    }
    wait_leave(&process->exec_queue, &waiter);
    return error ? -EAGAIN : 0;
}

/* The program goes on under the process's number, whichever task called exec. */
static void number_take_over(struct process *process, struct task *self)
{
    struct pid *old = self->pid;
    uint64_t saved;

    if (old == process->pid)
        return;
    pid_get(process->pid);
    saved = spin_lock_irq(&tree_lock);
    old->task = NULL;
    process->pid->task = self;
    self->pid = process->pid;
    self->thread.tid = process->pid->number;
    spin_unlock_irq(&tree_lock, saved);
    pid_put(old);
}

int process_become_single(void)
{
    struct task *self = task_current();
    struct process *process = self->process;
    uint64_t saved;
    int error = others_doom(process, self);

    if (error)
        return error;
    error = others_await(process, self);
    saved = spin_lock_irq(&process->signal_lock);
    process->exec_task = NULL;
    spin_unlock_irq(&process->signal_lock, saved);
    if (error)
        return error;
    number_take_over(process, self);
    saved = spin_lock_irq(&tree_lock);
    process->exit_signal = SIGCHLD;
    spin_unlock_irq(&tree_lock, saved);
    return 0;
}
