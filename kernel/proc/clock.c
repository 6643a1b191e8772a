/*
 * Clocks: one counter of nanoseconds since boot, and what is made of it.
 *
 * The wall clock is the monotonic one plus an offset that starts with the machine's own clock;
 * setting it changes the offset and wakes those who sleep until a wall time. CPU clocks are sums of
 * usage. Cost: reading is O(1), CPU clocks of processes O(tasks).
 */
#include "proc/clock.h"

#include "arch/time.h"
#include "lib/errno.h"
#include "proc/rusage.h"
#include <linux/time.h>

enum {
    COARSE_RESOLUTION = 4000000, /* a tick of 250 Hz, as Debian's Linux says */
    CPU_CLOCK_THREAD = 4,        /* bits of a negative clock number */
    CPU_CLOCK_MASK = 3,
    CPU_CLOCK_VIRTUAL = 1,
    CPU_CLOCK_NONE = 3, /* a descriptor's clock */
};

static _Atomic int64_t wall_adjustment; /* nanoseconds since clock_wall_at_boot was right */
static struct wait_queue wall_changed;

int64_t wall_clock_now(void)
{
    return (int64_t)(clock_wall_at_boot() + clock_monotonic()) + atomic_load(&wall_adjustment);
}

struct wait_queue *wall_clock_changed(void)
{
    return &wall_changed;
}

void wall_clock_set(int64_t now)
{
    atomic_fetch_add(&wall_adjustment, now - wall_clock_now());
    wait_wake_events(&wall_changed, UINT32_MAX);
}

uint64_t clock_of_wall(uint64_t wall)
{
    int64_t at_boot = (int64_t)clock_wall_at_boot() + atomic_load(&wall_adjustment);

    if ((int64_t)wall <= at_boot)
        return 0;
    return wall == INT64_MAX ? INT64_MAX : wall - (uint64_t)at_boot;
}

enum clock_kind clock_kind(int32_t clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        return CLOCK_KIND_WALL;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return CLOCK_KIND_MONOTONIC;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        return CLOCK_KIND_CPU;
    default:
        return clock < 0 && (clock & CPU_CLOCK_MASK) != CPU_CLOCK_NONE ? CLOCK_KIND_CPU
                                                                       : CLOCK_KIND_NONE;
    }
}

bool clock_can_wait(int32_t clock)
{
    return clock != CLOCK_MONOTONIC_RAW && clock != CLOCK_MONOTONIC_COARSE &&
           clock != CLOCK_REALTIME_COARSE;
}

static int64_t cpu_clock_value(uint64_t user, uint64_t system, bool virtual)
{
    return (int64_t)(virtual ? user : user + system);
}

static int process_clock(struct process *process, bool virtual, int64_t *now)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock), user, system;

    cpu_time_locked(process, &user, &system);
    spin_unlock_irq(&process->signal_lock, saved);
    *now = cpu_clock_value(user, system, virtual);
    return 0;
}

/* A task of the caller's process by number; 0: the caller. */
static int thread_clock(int32_t tid, bool virtual, int64_t *now)
{
    uint64_t saved = spin_lock_irq(&tree_lock), user, system;
    struct task *task = tid == 0 ? task_current() : task_find_locked(tid);
    int error = -EINVAL;

    if (task && task->process == process_current()) {
        task_times(task, &user, &system);
        *now = cpu_clock_value(user, system, virtual);
        error = 0;
    }
    spin_unlock_irq(&tree_lock, saved);
    return error;
}

/* The CPU clocks of others: clock_getcpuclockid(3), pthread_getcpuclockid(3). */
static int dynamic_clock(int32_t clock, int64_t *now)
{
    int32_t number = ~(clock >> 3);
    bool virtual = (clock & CPU_CLOCK_MASK) == CPU_CLOCK_VIRTUAL;
    struct process *process;
    int error;

    if (clock & CPU_CLOCK_THREAD)
        return thread_clock(number, virtual, now);
    if (number == 0)
        return process_clock(process_current(), virtual, now);
    process = process_find(number);
    if (!process)
        return -EINVAL;
    error = process_clock(process, virtual, now);
    process_put(process);
    return error;
}

int clock_read(int32_t clock, int64_t *now)
{
    switch (clock_kind(clock)) {
    case CLOCK_KIND_WALL:
        *now = wall_clock_now();
        return 0;
    case CLOCK_KIND_MONOTONIC:
        *now = (int64_t)clock_monotonic();
        return 0;
    case CLOCK_KIND_CPU:
        if (clock == CLOCK_PROCESS_CPUTIME_ID)
            return process_clock(process_current(), false, now);
        if (clock == CLOCK_THREAD_CPUTIME_ID)
            return thread_clock(0, false, now);
        return dynamic_clock(clock, now);
    default:
        return -EINVAL;
    }
}

int clock_resolution(int32_t clock, int64_t *resolution)
{
    int64_t now;
    int error = clock_read(clock, &now);

    *resolution =
        clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ? COARSE_RESOLUTION : 1;
    return error;
}
