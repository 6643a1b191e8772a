/*
 * What files, file systems and drivers ask about the process that calls them (file/caller.h),
 * answered from struct process.
 */
#include "file/caller.h"

#include "file/file_table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "proc/group.h"
#include "proc/signal.h"
#include <linux/fcntl.h>
#include <linux/signalfd.h>

const struct cred *caller_cred(void)
{
    struct task *task = task_current();

    return task && task->cred ? task->cred : &cred_root;
}

struct file_table *caller_files(void)
{
    struct process *process = process_current();

    return process ? process->files : NULL;
}

struct fs_context *caller_fs(void)
{
    struct process *process = process_current();

    return process ? process->fs : NULL;
}

uint64_t caller_limit(unsigned resource)
{
    struct process *process = process_current();

    return process ? process_limit(process, resource) : UINT64_MAX;
}

int32_t caller_pid(void)
{
    struct process *process = process_current();

    return process ? process->pid->number : 0;
}

int32_t caller_tid(void)
{
    return process_current() ? thread_current()->tid : 0;
}

int32_t caller_group(void)
{
    return process_current() ? group_get(0) : 0;
}

int32_t caller_session(void)
{
    return process_current() ? session_get_id(0) : 0;
}

bool caller_is_session_leader(void)
{
    struct process *process = process_current();

    return process && process->session->pid == process->pid;
}

void caller_signal(int number)
{
    siginfo_t info;

    if (!task_current())
        return;
    signal_info_user(&info, number, SI_USER);
    signal_task(task_current(), number, &info);
}

bool caller_interrupted(void)
{
    return (thread_current()->pending & (THREAD_SIGNAL | THREAD_KILL)) != 0;
}

bool caller_dying(void)
{
    return (thread_current()->pending & THREAD_KILL) != 0;
}

bool caller_ignores(int number)
{
    struct task *task = task_current();
    uint64_t saved;
    bool ignores;

    if (!task)
        return true;
    saved = spin_lock_irq(&task->process->signal_lock);
    ignores = (task->blocked & signal_bit(number)) != 0 ||
              task->process->actions->actions[number - 1].handler == (uint64_t)SIG_IGN;
    spin_unlock_irq(&task->process->signal_lock, saved);
    return ignores;
}

int group_signal(int32_t group, int signal)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(group);
    int error = -ESRCH;

    if (pid && !TAILQ_EMPTY(&pid->group)) {
        if (signal)
            signal_group_locked(pid, signal, NULL);
        error = 0;
    }
    spin_unlock_irq(&tree_lock, saved);
    return error;
}

bool group_in_session(int32_t number, int32_t session)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *group = pid_find_locked(number);
    struct process *member = group ? TAILQ_FIRST(&group->group) : NULL;
    bool in = member && member->session->pid->number == session;

    spin_unlock_irq(&tree_lock, saved);
    return in;
}

bool group_orphaned(int32_t number)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *group = pid_find_locked(number);
    bool orphaned = !group || group_orphaned_locked(group, NULL);

    spin_unlock_irq(&tree_lock, saved);
    return orphaned;
}

void session_leader_signal(int32_t session, int number)
{
    struct process *leader = process_find(session);

    if (!leader)
        return;
    signal_process(leader, number, NULL);
    process_put(leader);
}

int caller_files_unshare(void)
{
    struct process *process = process_current();
    struct file_table *old = process->files, *own;
    uint64_t saved;

    if (atomic_load(&old->refs) == 1)
        return 0;
    own = file_table_fork(old);
    if (!own)
        return -ENOMEM;
    saved = spin_lock_irq(&process->signal_lock);
    process->files = own;
    spin_unlock_irq(&process->signal_lock, saved);
    file_table_put(old);
    return 0;
}

bool owner_exists(int32_t owner, int type)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(owner < 0 ? -owner : owner);
    bool exists = false;

    if (pid && type == F_OWNER_TID)
        exists = pid->task != NULL;
    else if (pid && type == F_OWNER_PID)
        exists = pid->process != NULL;
    else if (pid)
        exists = !TAILQ_EMPTY(&pid->group);
    spin_unlock_irq(&tree_lock, saved);
    return exists;
}

void owner_signal(int32_t owner, int number, int fd, uint32_t events)
{
    uint64_t saved;
    struct pid *pid;
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = number ? number : SIGIO;
    info.si_code = number ? POLL_IN : SI_KERNEL;
    if (number) {
        info.si_fd = fd;
        info.si_band = (__ARCH_SI_BAND_T)events;
    }
    saved = spin_lock_irq(&tree_lock);
    pid = pid_find_locked(owner < 0 ? -owner : owner);
    if (pid && owner < 0)
        signal_group_locked(pid, info.si_signo, &info);
    else if (pid && pid->process)
        signal_process(pid->process, info.si_signo, &info);
    else if (pid && pid->task)
        signal_task(pid->task, info.si_signo, &info);
    spin_unlock_irq(&tree_lock, saved);
}

int caller_mask_push(struct uaddr address, size_t size)
{
    uint64_t mask;

    if (!address.value)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (copy_from_user(&mask, address, sizeof(mask)) != 0)
        return -EFAULT;
    task_current()->mask_pushed = true;
    signal_mask_begin(mask);
    return 0;
}

void caller_mask_restore(bool interrupted)
{
    struct task *task = task_current();

    if (!task->mask_pushed)
        return;
    task->mask_pushed = false;
    signal_mask_end(interrupted);
}

bool caller_signal_pending(uint64_t mask)
{
    struct task *task = task_current();
    uint64_t saved = spin_lock_irq(&task->process->signal_lock);
    uint64_t set =
        (task->pending.set | task->process->pending.set) & mask & ~SIGNAL_SET_UNBLOCKABLE;

    spin_unlock_irq(&task->process->signal_lock, saved);
    return set != 0;
}

/* signalfd(2): which members of the record are valid depends on who sent the signal. */
static void record_fill(struct signalfd_siginfo *record, const siginfo_t *info)
{
    memset(record, 0, sizeof(*record));
    record->ssi_signo = (uint32_t)info->si_signo;
    record->ssi_errno = info->si_errno;
    record->ssi_code = info->si_code;
    if (info->si_code == SI_TIMER) {
        record->ssi_tid = (uint32_t)info->si_tid;
        record->ssi_overrun = (uint32_t)info->si_overrun;
    } else if (info->si_code > 0 && info->si_code != SI_KERNEL &&
               (signal_bit(info->si_signo) & SIGNAL_SET_SYNCHRONOUS)) {
        record->ssi_addr = (uint64_t)info->si_addr;
        return;
    } else if (info->si_signo == SIGIO && info->si_code > 0) {
        record->ssi_band = (uint32_t)info->si_band;
        record->ssi_fd = info->si_fd;
        return;
    } else {
        record->ssi_pid = (uint32_t)info->si_pid;
        record->ssi_uid = info->si_uid;
    }
    if (info->si_signo == SIGCHLD && info->si_code > 0) {
        record->ssi_status = info->si_status;
        record->ssi_utime = (uint64_t)info->si_utime;
        record->ssi_stime = (uint64_t)info->si_stime;
    } else {
        record->ssi_int = info->si_int;
        record->ssi_ptr = (uint64_t)info->si_ptr;
    }
}

bool caller_signal_take(uint64_t mask, struct signalfd_siginfo *record)
{
    struct task *task = task_current();
    uint64_t saved = spin_lock_irq(&task->process->signal_lock);
    siginfo_t info;
    int number = signal_dequeue_locked(task, mask & ~SIGNAL_SET_UNBLOCKABLE, &info);

    task->stop_dequeued = false;
    if (number)
        signal_recalculate_locked(task);
    spin_unlock_irq(&task->process->signal_lock, saved);
    if (number)
        record_fill(record, &info);
    return number != 0;
}

struct wait_queue *caller_signal_queue(void)
{
    return &process_current()->signalfd_queue;
}

void pid_handle_put(void *handle)
{
    pid_put(handle);
}

bool pid_handle_reaped(void *handle)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    bool reaped = ((struct pid *)handle)->process == NULL;

    spin_unlock_irq(&tree_lock, saved);
    return reaped;
}

bool pid_handle_ended(void *handle)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct process *process = ((struct pid *)handle)->process;
    bool ended = !process || process->state == PROCESS_ZOMBIE;

    spin_unlock_irq(&tree_lock, saved);
    return ended;
}

struct wait_queue *pid_handle_queue(void *handle)
{
    return &((struct pid *)handle)->exit_queue;
}

int32_t pid_handle_number(void *handle)
{
    return pid_handle_reaped(handle) ? -1 : ((struct pid *)handle)->number;
}
