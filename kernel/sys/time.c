/*
 * Clocks and sleeping.
 */
#include "arch/time.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/identity.h"
#include "proc/rusage.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/time.h>
#include <linux/times.h>

enum {
    NANOSECONDS_PER_MICROSECOND = 1000,
    MICROSECONDS = 1000000,
    NANOSECONDS_PER_TICK = 10000000
};

static struct timezone zone_now; /* what settimeofday was told; nothing here uses it */

int64_t sys_clock_gettime(int32_t clock, struct uaddr time)
{
    int64_t now;
    int error = clock_read(clock, &now);

    return error ? error : timespec_to_user(time, (uint64_t)now);
}

int64_t sys_clock_getres(int32_t clock, struct uaddr time)
{
    int64_t resolution;
    int error = clock_resolution(clock, &resolution);

    if (error || !time.value)
        return error;
    return timespec_to_user(time, (uint64_t)resolution);
}

int64_t sys_clock_settime(int32_t clock, struct uaddr time)
{
    uint64_t value;
    int error;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    error = timespec_from_user(time, &value);
    if (error)
        return error;
    if (!identity_capable(CAP_SYS_TIME))
        return -EPERM;
    wall_clock_set((int64_t)value);
    return 0;
}

int64_t sys_gettimeofday(struct uaddr time, struct uaddr zone)
{
    uint64_t now = (uint64_t)wall_clock_now();
    struct __kernel_old_timeval value = {(long)(now / NANOSECONDS),
                                         (long)(now % NANOSECONDS / NANOSECONDS_PER_MICROSECOND)};

    if (time.value && copy_to_user(time, &value, sizeof(value)) != 0)
        return -EFAULT;
    return zone.value ? copy_to_user(zone, &zone_now, sizeof(zone_now)) : 0;
}

int64_t sys_settimeofday(struct uaddr time, struct uaddr zone)
{
    struct __kernel_old_timeval value = {0};
    struct timezone given;

    if (time.value) {
        if (copy_from_user(&value, time, sizeof(value)) != 0)
            return -EFAULT;
        if (value.tv_sec < 0 || value.tv_usec < 0 || value.tv_usec >= MICROSECONDS)
            return -EINVAL;
    }
    if (zone.value && copy_from_user(&given, zone, sizeof(given)) != 0)
        return -EFAULT;
    if (!identity_capable(CAP_SYS_TIME))
        return -EPERM;
    if (zone.value)
        zone_now = given;
    if (time.value)
        wall_clock_set((int64_t)((uint64_t)value.tv_sec * NANOSECONDS +
                                 (uint64_t)value.tv_usec * NANOSECONDS_PER_MICROSECOND));
    return 0;
}

int64_t sys_time(struct uaddr time)
{
    int64_t seconds = wall_clock_now() / (int64_t)NANOSECONDS;

    if (time.value && copy_to_user(time, &seconds, sizeof(seconds)) != 0)
        return -EFAULT;
    return seconds;
}

int64_t sys_nanosleep(struct uaddr request, struct uaddr remaining)
{
    uint64_t value;
    int error = timespec_from_user(request, &value);

    return error ? error : clock_sleep(CLOCK_MONOTONIC, false, value, remaining);
}

int64_t sys_clock_nanosleep(int32_t clock, int32_t flags, struct uaddr request,
                            struct uaddr remaining)
{
    uint64_t value;
    int error;

    if (clock_kind(clock) == CLOCK_KIND_NONE)
        return -EINVAL;
    if (!clock_can_wait(clock) || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EOPNOTSUPP;
    error = timespec_from_user(request, &value);
    return error ? error : clock_sleep(clock, (flags & TIMER_ABSTIME) != 0, value, remaining);
}

int64_t sys_times(struct uaddr buffer)
{
    struct usage own, children;
    struct tms times;

    (void)usage_get(RUSAGE_SELF, &own);
    (void)usage_get(RUSAGE_CHILDREN, &children);
    times.tms_utime = (__kernel_clock_t)(own.user_time / NANOSECONDS_PER_TICK);
    times.tms_stime = (__kernel_clock_t)(own.system_time / NANOSECONDS_PER_TICK);
    times.tms_cutime = (__kernel_clock_t)(children.user_time / NANOSECONDS_PER_TICK);
    times.tms_cstime = (__kernel_clock_t)(children.system_time / NANOSECONDS_PER_TICK);
    if (buffer.value && copy_to_user(buffer, &times, sizeof(times)) != 0)
        return -EFAULT;
    return (int64_t)(clock_monotonic() / NANOSECONDS_PER_TICK);
}
