/*
 * Clocks as programs see them. All times are nanoseconds in 64 bits.
 */
#ifndef PROC_CLOCK_H
#define PROC_CLOCK_H

#include "arch/address.h"
#include "file/caller.h" /* wall_clock_now, wall_clock_changed */
#include <linux/time_types.h>
#include <stdbool.h>
#include <stdint.h>

#define NANOSECONDS UINT64_C(1000000000)

/* The clock_monotonic time at which the wall clock shows `wall`, as it is set now. */
uint64_t clock_of_wall(uint64_t wall);
/* Sets the wall clock. */
void wall_clock_set(int64_t now);

/* clock_gettime(2) and clock_getres(2): 0 or -EINVAL (no such clock or process). */
int clock_read(int32_t clock, int64_t *now);
int clock_resolution(int32_t clock, int64_t *resolution);
/* What a clock counts. */
enum clock_kind {
    CLOCK_KIND_NONE,
    CLOCK_KIND_MONOTONIC, /* and BOOTTIME */
    CLOCK_KIND_WALL,      /* REALTIME and TAI */
    CLOCK_KIND_CPU,       /* CPU time of a process or thread */
};
enum clock_kind clock_kind(int32_t clock);
/* Whether sleeping (clock_nanosleep) or timers (timer_create) work on it, as with Linux. */
bool clock_can_wait(int32_t clock);

/* clock_nanosleep(2): sleeps for, or until, `value` on the clock. 0; -ERESTART_RESTARTBLOCK
   (relative; the restart block is set, the time left stored at `remaining` unless that is NULL),
   -ERESTARTNOHAND (absolute), -EINVAL, -EOPNOTSUPP, -EFAULT. */
int64_t clock_sleep(int32_t clock, bool absolute, uint64_t value, struct uaddr remaining);

/* A timespec from / to the program. -EFAULT, -EINVAL (not normalised or negative). Times beyond
 * 2^63 nanoseconds become the largest. */
int timespec_from_user(struct uaddr address, uint64_t *nanoseconds);
int timespec_to_user(struct uaddr address, uint64_t nanoseconds);
static inline struct __kernel_timespec timespec_of(uint64_t nanoseconds)
{
    return (struct __kernel_timespec){(int64_t)(nanoseconds / NANOSECONDS),
                                      (long long)(nanoseconds % NANOSECONDS)};
}

#endif
