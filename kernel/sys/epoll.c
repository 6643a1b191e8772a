/*
 * The epoll calls.
 */
#include "file/epoll.h"

#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "sys/time_argument.h"
#include "syscall_prototypes.h"

int64_t sys_epoll_create1(uint32_t flags)
{
    if (flags & ~(uint32_t)EPOLL_CLOEXEC)
        return -EINVAL;
    return caller_file_install(epoll_make(), flags & EPOLL_CLOEXEC);
}

int64_t sys_epoll_create(int32_t size)
{
    return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

int64_t sys_epoll_ctl(int32_t epfd, int32_t op, int32_t fd, struct uaddr event)
{
    struct epoll_event wanted = {0};
    struct file *set;
    struct file *target;
    int result = -EBADF;

    if (op != EPOLL_CTL_DEL && copy_from_user(&wanted, event, sizeof(wanted)) < 0)
        return -EFAULT;
    set = caller_file_usable(epfd);
    if (!set)
        return -EBADF;
    target = caller_file_usable(fd);
    if (target) {
        result = epoll_control(set, op, target, fd, &wanted);
        file_put(target);
    }
    file_put(set);
    return result;
}

static int64_t collect(int32_t epfd, struct uaddr events, int32_t count, uint64_t deadline)
{
    struct file *set = caller_file_usable(epfd);
    int64_t result = -EINVAL;

    if (!set)
        return -EBADF;
    if (count > 0 && (uint32_t)count <= INT32_MAX / sizeof(struct epoll_event)) {
        if (!user_range_ok(events, (uint32_t)count * sizeof(struct epoll_event)))
            result = -EFAULT;
        else
            result = epoll_collect(set, events, count, deadline);
    }
    file_put(set);
    return result;
}

int64_t sys_epoll_wait(int32_t epfd, struct uaddr events, int32_t count, int32_t timeout)
{
    struct timeout until;

    timeout_from_milliseconds(&until, timeout);
    return collect(epfd, events, count, until.deadline);
}

static int64_t collect_masked(int32_t epfd, struct uaddr events, int32_t count, uint64_t deadline,
                              struct uaddr mask, uint64_t size)
{
    int64_t result = caller_mask_push(mask, size);

    if (result < 0)
        return result;
    result = collect(epfd, events, count, deadline);
    caller_mask_restore(result == -EINTR);
    return result;
}

int64_t sys_epoll_pwait(int32_t epfd, struct uaddr events, int32_t count, int32_t timeout,
                        struct uaddr mask, uint64_t size)
{
    struct timeout until;

    timeout_from_milliseconds(&until, timeout);
    return collect_masked(epfd, events, count, until.deadline, mask, size);
}

int64_t sys_epoll_pwait2(int32_t epfd, struct uaddr events, int32_t count, struct uaddr timeout,
                         struct uaddr mask, uint64_t size)
{
    struct timeout until;
    int error = timeout_read_timespec(&until, timeout);

    return error < 0 ? error : collect_masked(epfd, events, count, until.deadline, mask, size);
}
