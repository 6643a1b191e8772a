/*
 * System calls about signals: arguments in, proc/signal.h does the work.
 */
#include "arch/signal.h"
#include "abi/restart.h"
#include "arch/time.h"
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/pidfd.h"
#include "proc/signal.h"
#include "syscall_prototypes.h"
#include <linux/signal.h>

static struct trap_frame *frame_current(void)
{
    return thread_frame(thread_current());
}

static bool signal_valid(int32_t number)
{
    return number >= 0 && number <= SIGNAL_COUNT;
}

/* The kernel's struct sigaction of rt_sigaction(2): the same members in the ABI's order. */
struct user_action {
    uint64_t handler, flags, restorer, mask;
};

int64_t sys_rt_sigaction(int32_t signal, struct uaddr new, struct uaddr old, uint64_t size)
{
    struct signal_action action, before;
    struct user_action user;
    int error;

    if (size != sizeof(uint64_t))
        return -EINVAL;
    if (new.value) {
        if (copy_from_user(&user, new, sizeof(user)) != 0)
            return -EFAULT;
        action = (struct signal_action){user.handler, user.flags, user.restorer, user.mask};
    }
    error = signal_action_set(signal, new.value ? &action : NULL, &before);
    if (error || !old.value)
        return error;
    user = (struct user_action){before.handler, before.flags, before.restorer, before.mask};
    return copy_to_user(old, &user, sizeof(user));
}

/* sigprocmask's rule. */
static int mask_combine(int32_t how, uint64_t set, uint64_t *mask)
{
    switch (how) {
    case SIG_BLOCK:
        *mask |= set;
        return 0;
    case SIG_UNBLOCK:
        *mask &= ~set;
        return 0;
    case SIG_SETMASK:
        *mask = set;
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_rt_sigprocmask(int32_t how, struct uaddr new, struct uaddr old, uint64_t size)
{
    uint64_t before = task_current()->blocked, mask = before, set;
    int error;

    if (size != sizeof(set))
        return -EINVAL;
    if (new.value) {
        if (copy_from_user(&set, new, sizeof(set)) != 0)
            return -EFAULT;
        error = mask_combine(how, set & ~SIGNAL_SET_UNBLOCKABLE, &mask);
        if (error)
            return error;
        signal_set_mask(mask);
    }
    return old.value ? copy_to_user(old, &before, sizeof(before)) : 0;
}

int64_t sys_rt_sigpending(struct uaddr set, uint64_t size)
{
    uint64_t pending = signal_pending_set();

    return size > sizeof(pending) ? -EINVAL : copy_to_user(set, &pending, size);
}

int64_t sys_rt_sigsuspend(struct uaddr mask, uint64_t size)
{
    uint64_t set;

    if (size != sizeof(set))
        return -EINVAL;
    if (copy_from_user(&set, mask, sizeof(set)) != 0)
        return -EFAULT;
    signal_mask_begin(set);
    sys_pause();
    signal_mask_end(true);
    return -ERESTARTNOHAND;
}

int64_t sys_pause(void)
{
    struct wait_queue nobody = {0};
    struct waiter self;
    int error = 0;

    waiter_init(&self);
    while (!error) {
        wait_enter(&nobody, &self);
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&nobody, &self);
    return -ERESTARTNOHAND;
}

int64_t sys_rt_sigtimedwait(struct uaddr set, struct uaddr info, struct uaddr timeout,
                            uint64_t size)
{
    uint64_t wanted, left, deadline = WAIT_FOREVER;
    siginfo_t taken;
    int number, error;

    if (size != sizeof(wanted))
        return -EINVAL;
    if (copy_from_user(&wanted, set, sizeof(wanted)) != 0)
        return -EFAULT;
    if (timeout.value) {
        error = timespec_from_user(timeout, &left);
        if (error)
            return error;
        deadline = left == 0 ? 0 : clock_monotonic() + left;
    }
    number = signal_wait(wanted, &taken, deadline);
    if (number > 0 && info.value && copy_to_user(info, &taken, sizeof(taken)) != 0)
        return -EFAULT;
    return number;
}

int64_t sys_rt_sigreturn(void)
{
    struct trap_frame *frame = frame_current();
    stack_t alternate;
    uint64_t mask;

    trap_end_syscall(frame);
    if (signal_frame_pop(frame, &mask, &alternate) != 0) {
        signal_force(SIGSEGV, NULL, false);
        return 0;
    }
    signal_set_mask(mask);
    (void)signal_stack_set(&alternate, trap_sp(frame), MINSIGSTKSZ);
    return trap_return(frame);
}

int64_t sys_sigaltstack(struct uaddr new, struct uaddr old)
{
    uint64_t sp = trap_sp(frame_current());
    stack_t stack, before;
    int error;

    if (new.value && copy_from_user(&stack, new, sizeof(stack)) != 0)
        return -EFAULT;
    signal_stack_get(&before, sp);
    if (new.value) {
        error = signal_stack_set(&stack, sp, MINSIGSTKSZ);
        if (error)
            return error;
    }
    return old.value ? copy_to_user(old, &before, sizeof(before)) : 0;
}

/* Permission and dispatch for one process. tree_lock held or a reference owned. */
static int send_checked(struct process *process, int32_t number, const siginfo_t *info)
{
    int error = signal_valid(number) ? signal_permitted(process, number) : -EINVAL;

    if (!error && number)
        error = signal_process(process, number, info);
    return error;
}

static int kill_process(int32_t pid, int32_t number, const siginfo_t *info)
{
    struct process *process = process_find_task(pid);
    int error;

    if (!process)
        return -ESRCH;
    error = send_checked(process, number, info);
    process_put(process);
    return error;
}

/* One success makes it a success. */
static int kill_group(int32_t number_of_group, int32_t number, const siginfo_t *info)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *group =
        number_of_group ? pid_find_locked(number_of_group) : process_current()->group;
    struct process *process;
    int result = -ESRCH, error;

    if (group) {
        TAILQ_FOREACH (process, &group->group, group_link) {
            error = send_checked(process, number, info);
            if (result)
                result = error;
        }
    }
    spin_unlock_irq(&tree_lock, saved);
    return result;
}

static int kill_everyone(int32_t number, const siginfo_t *info)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct process *process;
    int result = -ESRCH, error;

    TAILQ_FOREACH (process, &all_processes, all_link) {
        if (process == process_one || process == process_current())
            continue;
        error = send_checked(process, number, info);
        if (result == -ESRCH)
            result = 0;
        if (error != -EPERM)
            result = error;
    }
    spin_unlock_irq(&tree_lock, saved);
    return result;
}

int64_t sys_kill(int32_t pid, int32_t signal)
{
    siginfo_t info;

    signal_info_user(&info, signal, SI_USER);
    if (pid > 0)
        return kill_process(pid, signal, &info);
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == -1)
        return kill_everyone(signal, &info);
    return kill_group(-pid, signal, &info);
}

/* Signals one task; tgid > 0: only if it belongs to that process. A leader that ended before its
   process takes signals and forgets them. */
static int kill_task(int32_t tgid, int32_t tid, int32_t number, const siginfo_t *info)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(tid);
    struct process *process = NULL;
    int error = -ESRCH;

    if (pid)
        process = pid->task ? pid->task->process : pid->process;
    if (process && (tgid <= 0 || process->pid->number == tgid))
        error = signal_valid(number) ? signal_permitted(process, number) : -EINVAL;
    if (!error && number && pid->task)
        error = signal_task(pid->task, number, info);
    spin_unlock_irq(&tree_lock, saved);
    return error;
}

int64_t sys_tgkill(int32_t tgid, int32_t tid, int32_t signal)
{
    siginfo_t info;

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    signal_info_user(&info, signal, SI_TKILL);
    return kill_task(tgid, tid, signal, &info);
}

int64_t sys_tkill(int32_t tid, int32_t signal)
{
    siginfo_t info;

    if (tid <= 0)
        return -EINVAL;
    signal_info_user(&info, signal, SI_TKILL);
    return kill_task(0, tid, signal, &info);
}

/* The program's siginfo; it may not look as if the kernel or kill(2) had sent it, except to the
 * sender itself. */
static int info_read(struct uaddr from, int32_t number, bool self, siginfo_t *info)
{
    if (copy_from_user(info, from, sizeof(*info)) != 0)
        return -EFAULT;
    info->si_signo = number;
    if ((info->si_code >= 0 || info->si_code == SI_TKILL) && !self)
        return -EPERM;
    return 0;
}

int64_t sys_rt_sigqueueinfo(int32_t pid, int32_t signal, struct uaddr user_info)
{
    siginfo_t info;
    int error = info_read(user_info, signal, pid == process_current()->pid->number, &info);

    return error ? error : kill_process(pid, signal, &info);
}

int64_t sys_rt_tgsigqueueinfo(int32_t tgid, int32_t tid, int32_t signal, struct uaddr user_info)
{
    siginfo_t info;
    int error;

    if (copy_from_user(&info, user_info, sizeof(info)) != 0)
        return -EFAULT;
    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    error = info_read(user_info, signal, tid == thread_current()->tid, &info);
    return error ? error : kill_task(tgid, tid, signal, &info);
}

int64_t sys_pidfd_send_signal(int32_t pidfd, int32_t signal, struct uaddr user_info, uint32_t flags)
{
    struct process *process;
    struct pid *pid;
    siginfo_t info;
    int error;

    if (flags)
        return -EINVAL;
    error = pidfd_pid(pidfd, &pid, NULL);
    if (error)
        return error;
    signal_info_user(&info, signal, SI_USER);
    if (user_info.value) {
        error = copy_from_user(&info, user_info, sizeof(info));
        if (!error && info.si_signo != signal)
            error = -EINVAL;
        if (!error && (info.si_code >= 0 || info.si_code == SI_TKILL) &&
            pid != process_current()->pid)
            error = -EPERM;
    }
    process = error ? NULL : process_find(pid->number);
    if (!error)
        error = process && process->pid == pid ? send_checked(process, signal, &info) : -ESRCH;
    if (process)
        process_put(process);
    pid_put(pid);
    return error;
}

int64_t sys_restart_syscall(void)
{
    struct restart_block *block = &task_current()->restart;

    return block->function ? block->function(block) : -EINTR;
}
