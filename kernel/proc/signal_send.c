/*
 * Sending signals: from whoever makes one to a queue, and from there the news to a task.
 *
 * A signal that would do nothing is discarded here, unless it is blocked. Stop signals and SIGCONT
 * cancel each other when they are sent, and SIGCONT ends a stop at once, even if it is blocked or
 * ignored. A signal that kills for certain starts the end of the whole process here, so that no
 * task runs on in user mode for long.
 *
 * Locks: signal_lock of the receiver. Cost: O(1), but for stop signals, SIGCONT and deadly ones,
 * which visit every task.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/identity.h"
#include "proc/signal.h"
#include <linux/capability.h>
#include <linux/eventpoll.h>

void signal_notice_locked(struct task *task)
{
    signal_recalculate_locked(task);
    if (&task->thread == thread_current())
        return;
    sched_interrupt(&task->thread);
    if (task_doomed_locked(task))
        sched_wake(&task->thread, 1u << THREAD_STOPPED);
}

void signal_group_exit_locked(struct process *process, int32_t status)
{
    struct task *task;

    if (process->group_exit)
        return;
    process->group_exit = true;
    process->group_exit_status = status;
    process->stop_requested = false;
    TAILQ_FOREACH (task, &process->tasks, link) {
        if (!task->exiting)
            signal_notice_locked(task);
    }
}

/* SIGCONT: nobody stays stopped; the first task that runs tells the parent. */
static void continue_locked(struct process *process)
{
    struct task *task;

    signal_queue_remove(&process->pending, SIGNAL_SET_STOP);
    if (process->stop_requested) {
        process->continue_code = process->stopped ? CLD_CONTINUED : CLD_STOPPED;
        process->wait_events = PROCESS_EVENT_CONTINUED;
    }
    process->stop_requested = process->stopped = false;
    process->stopped_count = 0;
    TAILQ_FOREACH (task, &process->tasks, link) {
        signal_queue_remove(&task->pending, SIGNAL_SET_STOP);
        task->stop_dequeued = false;
        task->stopped = false;
        if (process->continue_code && !task->exiting)
            signal_notice_locked(task);
        sched_wake(&task->thread, 1u << THREAD_STOPPED);
    }
}

static void prepare_locked(struct process *process, int number)
{
    struct task *task;

    if (number == SIGCONT) {
        continue_locked(process);
    } else if (signal_bit(number) & SIGNAL_SET_STOP) {
        signal_queue_remove(&process->pending, signal_bit(SIGCONT));
        TAILQ_FOREACH (task, &process->tasks, link)
            signal_queue_remove(&task->pending, signal_bit(SIGCONT));
    }
}

/* True when a task would find nothing to do: not blocked and ignored. */
static bool pointless_locked(const struct task *task, int number)
{
    if ((task->blocked | task->awaited) & signal_bit(number))
        return false;
    return signal_ignored_locked(task->process, number);
}

static bool wanted_by(const struct task *task, int number)
{
    if (task->exiting || (task->blocked & signal_bit(number)))
        return false;
    if (number == SIGKILL)
        return true;
    return !task->stopped && (&task->thread == thread_current() ||
                              !(task->thread.pending & (THREAD_SIGNAL | THREAD_KILL)));
}

/* The task that is to take a signal; NULL: all block it or are busy, somebody will find it. */
static struct task *receiver_of(struct process *process, struct task *task, int number)
{
    if (task)
        return wanted_by(task, number) ? task : NULL;
    TAILQ_FOREACH (task, &process->tasks, link) {
        if (wanted_by(task, number))
            return task;
    }
    return NULL;
}

/* It ends the process whatever else happens, without a trace that somebody may want to look at. */
static bool deadly(const struct process *process, const struct task *receiver, int number)
{
    uint64_t bit = signal_bit(number);

    if (bit & (SIGNAL_SET_STOP | SIGNAL_SET_IGNORED | SIGNAL_SET_CORE))
        return false;
    return process->actions->actions[number - 1].handler == (uint64_t)SIG_DFL &&
           !(receiver->awaited & bit);
}

static void announce_locked(struct process *process, struct task *task, int number)
{
    struct task *receiver;

    wait_wake_events(&process->signalfd_queue, EPOLLIN);
    receiver = receiver_of(process, task, number);
    if (!receiver)
        return;
    if (deadly(process, receiver, number))
        signal_group_exit_locked(process, number);
    else
        signal_notice_locked(receiver);
}

static void info_kernel(siginfo_t *info, int number)
{
    memset(info, 0, sizeof(*info));
    info->si_signo = number;
    info->si_code = SI_KERNEL;
}

/* Signals that nobody may lose although a limit is reached: standard ones that kill(2) or the
 * kernel sends. */
static uint64_t queue_limit(const struct process *process, int number, const siginfo_t *info)
{
    if (!info || (number < SIGRTMIN && info->si_code >= 0))
        return UINT64_MAX;
    return process->limits->values[RLIMIT_SIGPENDING].rlim_cur;
}

static int queue_locked(struct process *process, struct task *task, int number,
                        const siginfo_t *info)
{
    struct signal_queue *queue = task ? &task->pending : &process->pending;
    struct task *owner = task ? task : TAILQ_FIRST(&process->tasks);
    uint64_t limit = queue_limit(process, number, info);
    bool had = (queue->set & signal_bit(number)) != 0;
    siginfo_t kernel;

    if (number < SIGRTMIN && had)
        return 0;
    if (!info) {
        info_kernel(&kernel, number);
        info = &kernel;
    }
    if (!signal_queue_add(queue, number, info, owner->cred->uid, limit) && number >= SIGRTMIN &&
        info->si_code != SI_USER && info->si_code != SI_KERNEL) {
        if (!had)
            queue->set &= ~signal_bit(number);
        return -EAGAIN;
    }
    announce_locked(process, task, number);
    return 0;
}

int signal_send_locked(struct process *process, struct task *task, int number,
                       const siginfo_t *info, bool *discarded)
{
    struct task *looker = task ? task : TAILQ_FIRST(&process->tasks);

    if (discarded)
        *discarded = true;
    if (number == 0 || !looker || process->group_exit || (task && task->exiting))
        return 0;
    prepare_locked(process, number);
    if (pointless_locked(looker, number))
        return 0;
    if (discarded)
        *discarded = false;
    return queue_locked(process, task, number, info);
}

int signal_process(struct process *process, int number, const siginfo_t *info)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    int error = signal_send_locked(process, NULL, number, info, NULL);

    spin_unlock_irq(&process->signal_lock, saved);
    return error;
}

int signal_task(struct task *task, int number, const siginfo_t *info)
{
    uint64_t saved = spin_lock_irq(&task->process->signal_lock);
    int error = signal_send_locked(task->process, task, number, info, NULL);

    spin_unlock_irq(&task->process->signal_lock, saved);
    return error;
}

void signal_group_locked(struct pid *group, int number, const siginfo_t *info)
{
    struct process *process;

    TAILQ_FOREACH (process, &group->group, group_link)
        signal_process(process, number, info);
}

void signal_info_user(siginfo_t *info, int number, int code)
{
    struct task *task = task_current();

    memset(info, 0, sizeof(*info));
    info->si_signo = number;
    info->si_code = code;
    info->si_pid = task ? task->process->pid->number : 0;
    info->si_uid = task ? task->cred->uid : 0;
}

void signal_force(int number, const siginfo_t *info, bool fatal)
{
    struct task *task = task_current();
    struct process *process = task->process;
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct signal_action *action = &process->actions->actions[number - 1];
    bool blocked = (task->blocked & signal_bit(number)) != 0;

    if (fatal || blocked || action->handler == (uint64_t)SIG_IGN) {
        if (signal_actions_own_locked(process) == 0)
            process->actions->actions[number - 1].handler = (uint64_t)SIG_DFL;
        else
            signal_group_exit_locked(process, SIGKILL);
        task->blocked &= ~signal_bit(number);
    }
    if (!process->group_exit && !(task->pending.set & signal_bit(number)))
        queue_locked(process, task, number, info);
    signal_recalculate_locked(task);
    spin_unlock_irq(&process->signal_lock, saved);
}

int signal_permitted(struct process *target, int number)
{
    const struct cred *mine = task_current()->cred;
    const struct cred *theirs;
    bool allowed;

    if (target == process_current())
        return 0;
    theirs = process_cred(target);
    if (!theirs)
        return -ESRCH;
    allowed = mine->euid == theirs->suid || mine->euid == theirs->uid ||
              mine->uid == theirs->suid || mine->uid == theirs->uid || cred_capable(mine, CAP_KILL);
    cred_put(theirs);
    if (!allowed && number == SIGCONT)
        allowed = target->session == process_current()->session;
    return allowed ? 0 : -EPERM;
}
