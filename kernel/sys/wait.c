/*
 * wait4(2) and waitid(2).
 */
#include "proc/wait.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "proc/group.h"
#include "proc/pidfd.h"
#include "proc/signal.h"
#include "syscall_prototypes.h"
#include <linux/wait.h>

/* siginfo members that waitid writes, at their places in siginfo_t. */
static int info_write(struct uaddr address, const struct wait_request *request)
{
    siginfo_t info = {0};

    if (!address.value)
        return 0;
    if (request->number) {
        info.si_signo = SIGCHLD;
        info.si_code = request->code;
        info.si_pid = request->number;
        info.si_uid = request->uid;
        info.si_status = request->detail;
    }
    return copy_to_user(address, &info, offsetof(siginfo_t, si_status) + sizeof(info.si_status));
}

static int usage_write(struct uaddr address, const struct wait_request *request)
{
    struct usage_report report;

    if (!address.value || !request->number)
        return 0;
    usage_report(&request->usage, &report);
    return copy_to_user(address, &report, sizeof(report));
}

static int wait_for(struct wait_request *request)
{
    int error = process_wait(request);

    if (request->pid)
        pid_put(request->pid);
    return error;
}

static struct pid *own_group(void)
{
    return pid_find(group_get(0));
}

int64_t sys_wait4(int32_t pid, struct uaddr status, int32_t options, struct uaddr usage)
{
    struct wait_request request = {.options = (uint32_t)options | WEXITED};
    int error;

    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    if (pid == -1) {
        request.who = WAIT_ANY;
    } else if (pid > 0) {
        request.who = WAIT_PID;
        request.pid = pid_find(pid);
    } else {
        request.who = WAIT_GROUP;
        request.pid = pid == 0 ? own_group() : pid_find(-pid);
    }
    error = wait_for(&request);
    if (error)
        return error;
    if (request.number && status.value &&
        copy_to_user(status, &request.status, sizeof(request.status)) != 0)
        return -EFAULT;
    if (usage_write(usage, &request) != 0)
        return -EFAULT;
    return request.number;
}

/* Whom waitid's first two arguments name. */
static int waitid_target(int32_t type, int32_t id, struct wait_request *request, bool *nonblocking)
{
    switch (type) {
    case P_ALL:
        request->who = WAIT_ANY;
        return 0;
    case P_PID:
        if (id <= 0)
            return -EINVAL;
        request->who = WAIT_PID;
        request->pid = pid_find(id);
        return 0;
    case P_PGID:
        if (id < 0)
            return -EINVAL;
        request->who = WAIT_GROUP;
        request->pid = id == 0 ? own_group() : pid_find(id);
        return 0;
    case P_PIDFD:
        if (id < 0)
            return -EINVAL;
        request->who = WAIT_PID;
        return pidfd_pid(id, &request->pid, nonblocking);
    default:
        return -EINVAL;
    }
}

int64_t sys_waitid(int32_t type, int32_t id, struct uaddr info, int32_t options, struct uaddr usage)
{
    struct wait_request request = {.options = (uint32_t)options};
    bool nonblocking = false, hang = !(options & WNOHANG);
    int error;

    if (options &
        ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (!(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    error = waitid_target(type, id, &request, &nonblocking);
    if (error)
        return error;
    if (nonblocking)
        request.options |= WNOHANG;
    error = wait_for(&request);
    if (!error && nonblocking && hang && !request.number)
        error = -EAGAIN;
    if (error)
        return error;
    if (usage_write(usage, &request) != 0 || info_write(info, &request) != 0)
        return -EFAULT;
    return 0;
}
