/*
 * Timers: setitimer(2), alarm(2), timer_create(2) and their kin.
 */
#include "lib/errno.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/itimer.h"
#include "syscall_prototypes.h"
#include <linux/time.h>

enum { NANOSECONDS_PER_MICROSECOND = 1000, MICROSECONDS = 1000000 };

static int from_timeval(const struct __kernel_old_timeval *time, uint64_t *nanoseconds)
{
    if (time->tv_sec < 0 || time->tv_usec < 0 || time->tv_usec >= MICROSECONDS)
        return -EINVAL;
    *nanoseconds = (uint64_t)time->tv_sec >= INT64_MAX / NANOSECONDS
                       ? INT64_MAX / 2
                       : (uint64_t)time->tv_sec * NANOSECONDS +
                             (uint64_t)time->tv_usec * NANOSECONDS_PER_MICROSECOND;
    return 0;
}

/* Rounded up: a timer that is on does not look as if it were off. */
static struct __kernel_old_timeval to_timeval(uint64_t nanoseconds)
{
    uint64_t microseconds =
        (nanoseconds + NANOSECONDS_PER_MICROSECOND - 1) / NANOSECONDS_PER_MICROSECOND;

    return (struct __kernel_old_timeval){(long)(microseconds / MICROSECONDS),
                                         (long)(microseconds % MICROSECONDS)};
}

/* struct itimerval */
struct user_itimer {
    struct __kernel_old_timeval interval, value;
};

static int itimer_write(struct uaddr address, const struct timer_setting *setting)
{
    struct user_itimer user = {to_timeval(setting->interval), to_timeval(setting->value)};

    return copy_to_user(address, &user, sizeof(user));
}

int64_t sys_getitimer(int32_t which, struct uaddr value)
{
    struct timer_setting setting;
    int error = itimer_get(which, &setting);

    return error ? error : itimer_write(value, &setting);
}

int64_t sys_setitimer(int32_t which, struct uaddr new, struct uaddr old)
{
    struct timer_setting setting = {0}, before;
    struct user_itimer user;
    int error = 0;

    if (new.value) {
        if (copy_from_user(&user, new, sizeof(user)) != 0)
            return -EFAULT;
        error = from_timeval(&user.interval, &setting.interval);
        if (!error)
            error = from_timeval(&user.value, &setting.value);
    }
    if (!error)
        error = itimer_set(which, &setting, &before);
    if (error || !old.value)
        return error;
    return itimer_write(old, &before);
}

int64_t sys_alarm(uint32_t seconds)
{
    struct timer_setting setting = {.value = (uint64_t)seconds * NANOSECONDS}, before;
    uint64_t left;

    (void)itimer_set(ITIMER_REAL, &setting, &before);
    left = (before.value + NANOSECONDS / 2) / NANOSECONDS;
    return (int64_t)(before.value && !left ? 1 : left);
}

int64_t sys_timer_create(int32_t clock, struct uaddr event, struct uaddr timer)
{
    struct sigevent given;
    int32_t id;
    int error;

    if (event.value && copy_from_user(&given, event, sizeof(given)) != 0)
        return -EFAULT;
    error = posix_timer_create(clock, event.value ? &given : NULL, &id);
    if (error)
        return error;
    if (copy_to_user(timer, &id, sizeof(id)) != 0) {
        posix_timer_delete(id);
        return -EFAULT;
    }
    return 0;
}

/* struct itimerspec */
struct user_itimerspec {
    struct __kernel_timespec interval, value;
};

static int itimerspec_write(struct uaddr address, const struct timer_setting *setting)
{
    struct user_itimerspec user = {timespec_of(setting->interval), timespec_of(setting->value)};

    return copy_to_user(address, &user, sizeof(user));
}

int64_t sys_timer_settime(int32_t timer, int32_t flags, struct uaddr new, struct uaddr old)
{
    struct timer_setting setting, before;
    int error;

    if (!new.value)
        return -EINVAL;
    error = timespec_from_user(new, &setting.interval);
    if (!error)
        error =
            timespec_from_user(uaddr_add(new, sizeof(struct __kernel_timespec)), &setting.value);
    if (!error)
        error = posix_timer_set(timer, (flags & TIMER_ABSTIME) != 0, &setting, &before);
    if (error || !old.value)
        return error;
    return itimerspec_write(old, &before);
}

int64_t sys_timer_gettime(int32_t timer, struct uaddr value)
{
    struct timer_setting setting;
    int error = posix_timer_get(timer, &setting);

    return error ? error : itimerspec_write(value, &setting);
}

int64_t sys_timer_getoverrun(int32_t timer)
{
    return posix_timer_overrun(timer);
}

int64_t sys_timer_delete(int32_t timer)
{
    return posix_timer_delete(timer);
}
