/*
 * The end of a process, in the context of its last task: what it holds is given up, children go to
 * the nearest ancestor that takes orphans (PR_SET_CHILD_SUBREAPER) or to process 1, groups that are
 * orphaned by this are told, and what is left is a zombie: the process structure, its number and
 * its last credentials.
 *
 * Locks: tree_lock for everything that relatives can see, in one go, so that wait never sees a
 * state between. Cost: O(children) and what the last references to files and memory hold.
 */
#include "proc/exit.h"

#include "file/file.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "proc/group.h"
#include "proc/identity.h"
#include "proc/rusage.h"
#include "proc/signal.h"
#include "trace/log.h"
#include <linux/eventpoll.h>

enum { NANOSECONDS_PER_TICK = 10000000 }; /* of USER_HZ = 100 */

static void info_of_end(const struct process *process, siginfo_t *info)
{
    int32_t status = process->exit_status;

    if (status & 0x7f) {
        info->si_code = status & 0x80 ? CLD_DUMPED : CLD_KILLED;
        info->si_status = status & 0x7f;
    } else {
        info->si_code = CLD_EXITED;
        info->si_status = status >> 8 & 0xff;
    }
}

static void info_of_child(struct process *process, int number, int code, siginfo_t *info)
{
    const struct cred *cred = process_cred(process);
    struct usage usage;

    memset(info, 0, sizeof(*info));
    info->si_signo = number;
    info->si_pid = process->pid->number;
    info->si_uid = cred ? cred->uid : 0;
    if (cred)
        cred_put(cred);
    usage_of_process(process, &usage);
    info->si_utime = (__kernel_clock_t)(usage.user_time / NANOSECONDS_PER_TICK);
    info->si_stime = (__kernel_clock_t)(usage.system_time / NANOSECONDS_PER_TICK);
    info->si_code = code;
    if (code == CLD_STOPPED)
        info->si_status = process->stop_signal;
    else if (code == CLD_CONTINUED)
        info->si_status = SIGCONT;
    else
        info_of_end(process, info);
}

/* The parent's rule for SIGCHLD. */
static struct signal_action chld_action(struct process *parent)
{
    uint64_t saved = spin_lock_irq(&parent->signal_lock);
    struct signal_action action = parent->actions->actions[SIGCHLD - 1];

    spin_unlock_irq(&parent->signal_lock, saved);
    return action;
}

bool signal_parent_locked(struct process *process, int code)
{
    struct process *parent = process->parent;
    struct signal_action action = chld_action(parent);
    bool ignored = action.handler == (uint64_t)SIG_IGN, unwanted = false;
    int number = SIGCHLD;
    siginfo_t info;

    if (code == CLD_STOPPED || code == CLD_CONTINUED) {
        if (ignored || (action.flags & SA_NOCLDSTOP))
            number = 0;
    } else {
        number = process->exit_signal;
        unwanted = number == SIGCHLD && (ignored || (action.flags & SA_NOCLDWAIT));
        if (unwanted && ignored)
            number = 0;
    }
    if (number) {
        info_of_child(process, number, code, &info);
        signal_process(parent, number, &info);
    }
    wait_wake_all(&parent->child_queue);
    return unwanted;
}

void process_unlink_locked(struct process *process)
{
    process->state = PROCESS_DEAD;
    if (process->parent)
        TAILQ_REMOVE(&process->parent->children, process, sibling);
    TAILQ_REMOVE(&all_processes, process, all_link);
    group_leave_locked(process);
    process->pid->process = NULL;
    wait_wake_events(&process->pid->exit_queue, EPOLLIN | EPOLLHUP);
}

void process_reaped(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    const struct cred *cred = process->last_cred;

    process->last_cred = NULL;
    spin_unlock_irq(&process->signal_lock, saved);
    if (cred) {
        identity_uncharge_process(cred->uid);
        cred_put(cred);
    }
    process_put(process);
}

/* The nearest ancestor that takes orphans. */
static struct process *reaper_locked(const struct process *father)
{
    struct process *reaper = father->has_subreaper ? father->parent : NULL;

    while (reaper && reaper != process_one) {
        if (reaper->subreaper && reaper->state == PROCESS_ALIVE && reaper->task_count > 0)
            return reaper;
        reaper = reaper->parent;
    }
    return process_one;
}

static void bereave_locked(struct process *child)
{
    siginfo_t info;

    if (child->parent_death_signal == 0)
        return;
    signal_info_user(&info, child->parent_death_signal, SI_USER);
    signal_process(child, child->parent_death_signal, &info);
}

void process_children_bereaved_locked(struct process *process, int32_t tid)
{
    struct process *child;

    TAILQ_FOREACH (child, &process->children, sibling) {
        if (child->parent_tid == tid) {
            child->parent_tid = process->pid->number;
            bereave_locked(child);
        }
    }
}

/* Zombies that the new parent does not want go to `unwanted`, linked by sibling. */
static void child_hand_over_locked(struct process *child, struct process *father,
                                   struct process *reaper, struct process_list *unwanted)
{
    TAILQ_REMOVE(&father->children, child, sibling);
    TAILQ_INSERT_TAIL(&reaper->children, child, sibling);
    child->parent = reaper;
    child->parent_tid = reaper->pid->number;
    child->exit_signal = SIGCHLD;
    bereave_locked(child);
    if (child->state == PROCESS_ZOMBIE && signal_parent_locked(child, CLD_EXITED)) {
        process_unlink_locked(child);
        TAILQ_INSERT_TAIL(unwanted, child, sibling);
    }
    group_abandon_locked(child, father, false);
}

static void children_hand_over_locked(struct process *father, struct process_list *unwanted)
{
    struct process *reaper = reaper_locked(father), *child;

    while ((child = TAILQ_FIRST(&father->children)))
        child_hand_over_locked(child, father, reaper, unwanted);
}

/* Files, memory and places: everything that a zombie does without. */
static void resources_give_up(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct file_table *files = process->files;
    struct fs_context *fs = process->fs;
    struct space *space = process->space;
    struct file *executable = process->executable;

    if (space)
        process->usage.max_resident = max_u64(process->usage.max_resident, space->resident_peak);
    process->files = NULL;
    process->space = NULL;
    process->executable = NULL;
    spin_unlock_irq(&process->signal_lock, saved);
    if (space)
        space_put(space);
    if (files)
        file_table_put(files);
    if (executable)
        file_put(executable);
    saved = spin_lock_irq(&process->signal_lock);
    process->fs = NULL;
    spin_unlock_irq(&process->signal_lock, saved);
    fs_context_drop(fs);
}

/* The task leaves the process, whose state is now the zombie's. tree_lock held. */
static void last_task_leave_locked(struct process *process, struct task *task)
{
    spin_lock(&process->signal_lock);
    usage_add_task_locked(process, task);
    TAILQ_REMOVE(&process->tasks, task, link);
    process->last_cred = cred_get(task->cred);
    memcpy(process->last_name, task->thread.name, sizeof(process->last_name));
    if (process->group_exit)
        process->exit_status = process->group_exit_status;
    process->wait_events = 0;
    process->stopped = process->stop_requested = false;
    signal_queue_flush(&task->pending);
    signal_queue_flush(&process->pending);
    spin_unlock(&process->signal_lock);
    if (task->pid->task == task)
        task->pid->task = NULL;
    process->state = PROCESS_ZOMBIE;
}

/* Registrations of signalfds in epoll sets end with the queue that they are on. */
static void signalfd_queue_close(struct process *process)
{
    struct wait_queue *queue = &process->signalfd_queue;
    uint64_t saved = spin_lock_irq(&queue->lock);
    struct waiter *waiter;

    while ((waiter = TAILQ_FIRST(&queue->waiters))) {
        TAILQ_REMOVE(&queue->waiters, waiter, link);
        waiter->queue = NULL;
    }
    spin_unlock_irq(&queue->lock, saved);
}

void process_end(struct task *task)
{
    struct process *process = task->process, *child;
    struct process_list unwanted = TAILQ_HEAD_INITIALIZER(unwanted);
    uint64_t saved;

    if (process == process_one)
        panic("process 1 ended with status %#x", process->group_exit
                                                     ? (unsigned)process->group_exit_status
                                                     : (unsigned)process->exit_status);
    resources_give_up(process);
    session_leader_exit(process);
    signalfd_queue_close(process);

    saved = spin_lock_irq(&tree_lock);
    children_hand_over_locked(process, &unwanted);
    last_task_leave_locked(process, task);
    group_abandon_locked(process, process->parent, true);
    if (signal_parent_locked(process, CLD_EXITED)) {
        process_unlink_locked(process);
        TAILQ_INSERT_TAIL(&unwanted, process, sibling);
    } else {
        wait_wake_events(&process->pid->exit_queue, EPOLLIN);
    }
    spin_unlock_irq(&tree_lock, saved);

    while ((child = TAILQ_FIRST(&unwanted))) {
        TAILQ_REMOVE(&unwanted, child, sibling);
        process_reaped(child);
    }
}
