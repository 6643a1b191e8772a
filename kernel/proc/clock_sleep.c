/*
 * Sleeping on a clock (nanosleep(2), clock_nanosleep(2)), and times as programs pass them.
 */
#include "abi/restart.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/process.h"
#include <linux/time.h>

int timespec_from_user(struct uaddr address, uint64_t *nanoseconds)
{
    struct __kernel_timespec time;

    if (copy_from_user(&time, address, sizeof(time)) != 0)
        return -EFAULT;
    if (time.tv_sec < 0 || (uint64_t)time.tv_nsec >= NANOSECONDS)
        return -EINVAL;
    *nanoseconds = (uint64_t)time.tv_sec >= INT64_MAX / NANOSECONDS
                       ? INT64_MAX
                       : (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
    return 0;
}

int timespec_to_user(struct uaddr address, uint64_t nanoseconds)
{
    struct __kernel_timespec time = timespec_of(nanoseconds);

    return copy_to_user(address, &time, sizeof(time));
}

/* The monotonic time at which `clock` can reach `value` at the earliest; 0: it has. */
static uint64_t earliest(int32_t clock, uint64_t value)
{
    int64_t now = 0;

    if (clock_read(clock, &now) != 0 || (uint64_t)now >= value)
        return 0;
    switch (clock_kind(clock)) {
    case CLOCK_KIND_WALL:
        return clock_of_wall(value);
    case CLOCK_KIND_CPU:
        return clock_monotonic() + max_u64((value - (uint64_t)now) / cpu_count(), 1000);
    default:
        return value;
    }
}

/* 0, or -EINTR. */
static int sleep_until(int32_t clock, uint64_t value)
{
    struct wait_queue nobody = {0};
    struct wait_queue *queue =
        clock_kind(clock) == CLOCK_KIND_WALL ? wall_clock_changed() : &nobody;
    struct waiter self;
    uint64_t deadline;
    int error = 0;

    waiter_init(&self);
    for (;;) {
        wait_enter(queue, &self);
        deadline = earliest(clock, value);
        if (deadline == 0 || error == -EINTR)
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
    }
    wait_leave(queue, &self);
    return deadline == 0 ? 0 : error;
}

static int64_t sleep_relative(int32_t clock, uint64_t value, struct uaddr remaining);

static int64_t sleep_restart(struct restart_block *block)
{
    return sleep_relative((int32_t)block->values[0], block->deadline,
                          (struct uaddr){block->values[1]});
}

/* A relative sleep that ends when the clock shows `value`. */
static int64_t sleep_relative(int32_t clock, uint64_t value, struct uaddr remaining)
{
    struct restart_block *block = &task_current()->restart;
    int64_t now = 0;

    if (sleep_until(clock, value) == 0)
        return 0;
    (void)clock_read(clock, &now);
    if (remaining.value &&
        timespec_to_user(remaining, (uint64_t)now < value ? value - (uint64_t)now : 0) != 0)
        return -EFAULT;
    block->function = sleep_restart;
    block->deadline = value;
    block->values[0] = (uint64_t)clock;
    block->values[1] = remaining.value;
    return -ERESTART_RESTARTBLOCK;
}

int64_t clock_sleep(int32_t clock, bool absolute, uint64_t value, struct uaddr remaining)
{
    int64_t now;
    int error;

    if (clock_kind(clock) == CLOCK_KIND_NONE)
        return -EINVAL;
    if (!clock_can_wait(clock) || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EOPNOTSUPP;
    if (!absolute && clock_kind(clock) == CLOCK_KIND_WALL)
        clock = CLOCK_MONOTONIC; /* setting the clock does not change how long it takes */
    error = clock_read(clock, &now);
    if (error)
        return error;
    if (absolute)
        return sleep_until(clock, value) == 0 ? 0 : -ERESTARTNOHAND;
    value = min_u64(value, INT64_MAX - (uint64_t)now);
    return sleep_relative(clock, (uint64_t)now + value, remaining);
}
