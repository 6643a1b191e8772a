/*
 * Timeouts: read as durations, kept as deadlines, so that a call that waits several times does not
 * wait longer.
 */
#include "sys/time_argument.h"

#include "arch/time.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "sched/wait.h"

enum {
    NSEC_PER_SEC = 1000000000,
    NSEC_PER_USEC = 1000,
    USEC_PER_SEC = 1000000,
    NSEC_PER_MSEC = 1000000,
};

/* The longest timeout that is not for ever: 2^62 nanoseconds are more than a century. */
#define SECONDS_MAX ((int64_t)(UINT64_C(1) << 62) / NSEC_PER_SEC)

static void timeout_set(struct timeout *timeout, int64_t seconds, int64_t nanoseconds)
{
    if (seconds >= SECONDS_MAX)
        timeout->deadline = WAIT_FOREVER - 1;
    else if (!seconds && !nanoseconds)
        timeout->deadline = 0;
    else
        timeout->deadline = clock_monotonic() + (uint64_t)(seconds * NSEC_PER_SEC + nanoseconds);
}

int timeout_read_timespec(struct timeout *timeout, struct uaddr from)
{
    struct __kernel_timespec time;

    timeout->deadline = WAIT_FOREVER;
    if (!from.value)
        return 0;
    if (copy_from_user(&time, from, sizeof(time)) < 0)
        return -EFAULT;
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    timeout_set(timeout, time.tv_sec, time.tv_nsec);
    return 0;
}

int timeout_read_timeval(struct timeout *timeout, struct uaddr from)
{
    struct __kernel_old_timeval time;
    int64_t seconds;

    timeout->deadline = WAIT_FOREVER;
    if (!from.value)
        return 0;
    if (copy_from_user(&time, from, sizeof(time)) < 0)
        return -EFAULT;
    seconds = time.tv_sec + time.tv_usec / USEC_PER_SEC;
    time.tv_usec %= USEC_PER_SEC;
    if (seconds < 0 || time.tv_usec < 0)
        return -EINVAL;
    timeout_set(timeout, seconds, time.tv_usec * NSEC_PER_USEC);
    return 0;
}

void timeout_from_milliseconds(struct timeout *timeout, int64_t milliseconds)
{
    if (milliseconds < 0)
        timeout->deadline = WAIT_FOREVER;
    else
        timeout_set(timeout, milliseconds / 1000, milliseconds % 1000 * NSEC_PER_MSEC);
}

static uint64_t timeout_left(const struct timeout *timeout)
{
    uint64_t now = clock_monotonic();

    return timeout->deadline > now ? timeout->deadline - now : 0;
}

int timeout_write_timespec(const struct timeout *timeout, struct uaddr to)
{
    uint64_t left = timeout_left(timeout);
    struct __kernel_timespec time = {
        .tv_sec = (int64_t)(left / NSEC_PER_SEC),
        .tv_nsec = (int64_t)(left % NSEC_PER_SEC),
    };

    return to.value ? copy_to_user(to, &time, sizeof(time)) : 0;
}

int timeout_write_timeval(const struct timeout *timeout, struct uaddr to)
{
    uint64_t left = timeout_left(timeout);
    struct __kernel_old_timeval time = {
        .tv_sec = (int64_t)(left / NSEC_PER_SEC),
        .tv_usec = (int64_t)(left % NSEC_PER_SEC / NSEC_PER_USEC),
    };

    return to.value ? copy_to_user(to, &time, sizeof(time)) : 0;
}
