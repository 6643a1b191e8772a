/*
 * eventfd, timerfd and signalfd calls.
 */
#include "file/event.h"

#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "syscall_prototypes.h"
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/signalfd.h>
#include <linux/time.h>
#include <linux/timerfd.h>

enum {
    NSEC_PER_SEC = 1000000000,
    /* eventfd(2); not in the exported headers of every version */
    EFD_SEMAPHORE = 1,
    EFD_CLOEXEC = O_CLOEXEC,
    EFD_NONBLOCK = O_NONBLOCK,
};

/* --- eventfd --- */

int64_t sys_eventfd2(uint32_t initial, uint32_t flags)
{
    if (flags & ~(uint32_t)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
        return -EINVAL;
    return caller_file_install(eventfd_make(initial, flags & EFD_SEMAPHORE, flags & EFD_NONBLOCK),
                               flags & EFD_CLOEXEC);
}

int64_t sys_eventfd(uint32_t initial)
{
    return sys_eventfd2(initial, 0);
}

/* --- timerfd --- */

int64_t sys_timerfd_create(int32_t clock, uint32_t flags)
{
    bool alarm = clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;

    if (flags & ~(uint32_t)(TFD_CLOEXEC | TFD_NONBLOCK))
        return -EINVAL;
    if (!alarm && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (alarm && !cred_capable(caller_cred(), CAP_WAKE_ALARM))
        return -EPERM;
    return caller_file_install(timerfd_make(clock, flags & TFD_NONBLOCK), flags & TFD_CLOEXEC);
}

/* Seconds beyond this are further away than clock_monotonic reaches. */
#define SECONDS_MAX (INT64_MAX / NSEC_PER_SEC)

static int time_read(const struct __kernel_timespec *time, uint64_t *value)
{
    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    if (time->tv_sec >= SECONDS_MAX)
        *value = INT64_MAX;
    else
        *value = (uint64_t)time->tv_sec * NSEC_PER_SEC + (uint64_t)time->tv_nsec;
    return 0;
}

static int times_write(struct uaddr to, const struct timerfd_times *times)
{
    struct __kernel_itimerspec value = {
        .it_interval.tv_sec = (int64_t)(times->interval / NSEC_PER_SEC),
        .it_interval.tv_nsec = (int64_t)(times->interval % NSEC_PER_SEC),
        .it_value.tv_sec = (int64_t)(times->value / NSEC_PER_SEC),
        .it_value.tv_nsec = (int64_t)(times->value % NSEC_PER_SEC),
    };

    return copy_to_user(to, &value, sizeof(value));
}

int64_t sys_timerfd_settime(int32_t fd, int32_t flags, struct uaddr new, struct uaddr old)
{
    struct __kernel_itimerspec wanted;
    struct timerfd_times times;
    struct timerfd_times previous;
    struct file *file;
    int error;

    if (copy_from_user(&wanted, new, sizeof(wanted)) < 0)
        return -EFAULT;
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
        return -EINVAL;
    if (time_read(&wanted.it_value, &times.value) < 0 ||
        time_read(&wanted.it_interval, &times.interval) < 0)
        return -EINVAL;
    file = caller_file_usable(fd);
    if (!file)
        return -EBADF;
    error = timerfd_set(file, (uint32_t)flags, &times, &previous);
    file_put(file);
    if (!error && old.value)
        error = times_write(old, &previous);
    return error;
}

int64_t sys_timerfd_gettime(int32_t fd, struct uaddr value)
{
    struct file *file = caller_file_usable(fd);
    struct timerfd_times times;
    int error;

    if (!file)
        return -EBADF;
    error = timerfd_get(file, &times);
    file_put(file);
    return error < 0 ? error : times_write(value, &times);
}

/* --- signalfd --- */

static int64_t signalfd_change(int32_t fd, uint64_t mask)
{
    struct file *file = caller_file_usable(fd);
    int error;

    if (!file)
        return -EBADF;
    error = signalfd_set(file, mask);
    file_put(file);
    return error < 0 ? error : fd;
}

int64_t sys_signalfd4(int32_t fd, struct uaddr mask, uint64_t size, uint32_t flags)
{
    uint64_t signals;

    if (size != sizeof(signals))
        return -EINVAL;
    if (copy_from_user(&signals, mask, sizeof(signals)) < 0)
        return -EFAULT;
    if (flags & ~(uint32_t)(SFD_CLOEXEC | SFD_NONBLOCK))
        return -EINVAL;
    signals &= ~(UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1));
    if (fd != -1)
        return signalfd_change(fd, signals);
    return caller_file_install(signalfd_make(signals, flags & SFD_NONBLOCK), flags & SFD_CLOEXEC);
}

int64_t sys_signalfd(int32_t fd, struct uaddr mask, uint64_t size)
{
    return sys_signalfd4(fd, mask, size, 0);
}
