/*
 * Timers of whole processes: ITIMER_REAL runs on the monotonic clock, ITIMER_VIRTUAL and
 * ITIMER_PROF on the process's CPU time, and so does RLIMIT_CPU.
 *
 * CPU time cannot pass faster than real time times the number of CPUs. So a CPU timer sleeps for
 * what is left divided by that number, and looks again: no tick is needed, and a process without
 * such timers pays nothing.
 *
 * Locks: signal_lock. Timers expire in interrupts and take it, so it is never held while one is
 * cancelled.
 */
#include "proc/itimer.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "proc/clock.h"
#include "proc/rusage.h"
#include "proc/signal.h"
#include <linux/time.h>

static struct slab_cache cpu_timers_cache = SLAB_CACHE("cpu_timers", sizeof(struct cpu_timers));

enum { CPU_TIMER_SHORTEST = 100000 }; /* nanoseconds between two looks */

static void real_expire(struct timer *timer)
{
    struct process *process = container_of(timer, struct process, real_timer);
    uint64_t saved = spin_lock_irq(&process->signal_lock), now = clock_monotonic();

    if (process->real_deadline != 0 && process->real_deadline <= now) {
        signal_send_locked(process, NULL, SIGALRM, NULL, NULL);
        if (process->real_interval == 0) {
            process->real_deadline = 0;
        } else {
            process->real_deadline +=
                ((now - process->real_deadline) / process->real_interval + 1) *
                process->real_interval;
            timer_start(timer, process->real_deadline);
        }
    }
    spin_unlock_irq(&process->signal_lock, saved);
}

static int real_set(struct process *process, const struct timer_setting *setting)
{
    process->real_timer.expire = real_expire;
    process->real_interval = setting->interval;
    process->real_deadline = 0;
    if (setting->value != 0) {
        process->real_deadline = clock_monotonic() + setting->value;
        timer_start(&process->real_timer, process->real_deadline);
    }
    return 0;
}

static uint64_t cpu_time_of(struct cpu_timer *timer)
{
    uint64_t user, system;

    cpu_time_locked(timer->process, &user, &system);
    return timer == &timer->process->cpu_timers->virtual ? user : user + system;
}

static void cpu_timer_start_locked(struct cpu_timer *timer, uint64_t now_cpu)
{
    uint64_t left = timer->deadline > now_cpu ? timer->deadline - now_cpu : 0;

    timer_start(&timer->timer, clock_monotonic() + max_u64(left / cpu_count(), CPU_TIMER_SHORTEST));
}

/* The limit's own rule: a signal each second from the soft limit on, the end at the hard one. */
static void limit_fire_locked(struct cpu_timer *timer, uint64_t now_cpu)
{
    struct process *process = timer->process;

    if (now_cpu / NANOSECONDS >= process->limits->values[RLIMIT_CPU].rlim_max) {
        timer->deadline = 0;
        signal_send_locked(process, NULL, SIGKILL, NULL, NULL);
        return;
    }
    signal_send_locked(process, NULL, SIGXCPU, NULL, NULL);
    timer->deadline += NANOSECONDS;
}

static void cpu_timer_fire_locked(struct cpu_timer *timer, uint64_t now_cpu)
{
    struct cpu_timers *timers = timer->process->cpu_timers;

    if (timer == &timers->limit) {
        limit_fire_locked(timer, now_cpu);
        return;
    }
    signal_send_locked(timer->process, NULL, timer == &timers->virtual ? SIGVTALRM : SIGPROF, NULL,
                       NULL);
    timer->deadline = timer->interval == 0 ? 0 : now_cpu + timer->interval;
}

static void cpu_expire(struct timer *base)
{
    struct cpu_timer *timer = container_of(base, struct cpu_timer, timer);
    struct process *process = timer->process;
    uint64_t saved = spin_lock_irq(&process->signal_lock), now_cpu;

    if (timer->deadline != 0) {
        now_cpu = cpu_time_of(timer);
        if (now_cpu >= timer->deadline)
            cpu_timer_fire_locked(timer, now_cpu);
        if (timer->deadline != 0)
            cpu_timer_start_locked(timer, now_cpu);
    }
    spin_unlock_irq(&process->signal_lock, saved);
}

static void cpu_timer_init(struct cpu_timer *timer, struct process *process)
{
    timer->process = process;
    timer->timer.expire = cpu_expire;
}

/* Made on first use. */
static int cpu_timers_make_locked(struct process *process)
{
    struct cpu_timers *timers = process->cpu_timers;

    if (timers)
        return 0;
    timers = slab_alloc_zero(&cpu_timers_cache);
    if (!timers)
        return -ENOMEM;
    cpu_timer_init(&timers->virtual, process);
    cpu_timer_init(&timers->profile, process);
    cpu_timer_init(&timers->limit, process);
    process->cpu_timers = timers;
    return 0;
}

static struct cpu_timer *cpu_timer_of(struct process *process, int which)
{
    return which == ITIMER_VIRTUAL ? &process->cpu_timers->virtual : &process->cpu_timers->profile;
}

static int cpu_timer_set_locked(struct process *process, int which,
                                const struct timer_setting *setting)
{
    struct cpu_timer *timer;
    uint64_t now_cpu;

    if (setting->value == 0 && !process->cpu_timers)
        return 0;
    if (cpu_timers_make_locked(process) != 0)
        return -ENOMEM;
    timer = cpu_timer_of(process, which);
    now_cpu = cpu_time_of(timer);
    timer->interval = setting->interval;
    timer->deadline = setting->value == 0 ? 0 : now_cpu + setting->value;
    if (timer->deadline != 0)
        cpu_timer_start_locked(timer, now_cpu);
    return 0;
}

/* What is left of a timer that is on: never 0. */
static uint64_t left_until(uint64_t deadline, uint64_t now)
{
    if (deadline == 0)
        return 0;
    return deadline > now ? deadline - now : 1000;
}

static void itimer_get_locked(struct process *process, int which, struct timer_setting *setting)
{
    struct cpu_timer *timer;

    *setting = (struct timer_setting){0};
    if (which == ITIMER_REAL) {
        setting->interval = process->real_interval;
        setting->value = left_until(process->real_deadline, clock_monotonic());
    } else if (process->cpu_timers) {
        timer = cpu_timer_of(process, which);
        setting->interval = timer->interval;
        setting->value = left_until(timer->deadline, cpu_time_of(timer));
    }
}

int itimer_set(int which, const struct timer_setting *setting, struct timer_setting *old)
{
    struct process *process = process_current();
    uint64_t saved;
    int error;

    if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF)
        return -EINVAL;
    saved = spin_lock_irq(&process->signal_lock);
    if (old)
        itimer_get_locked(process, which, old);
    error = which == ITIMER_REAL ? real_set(process, setting)
                                 : cpu_timer_set_locked(process, which, setting);
    spin_unlock_irq(&process->signal_lock, saved);
    return error;
}

int itimer_get(int which, struct timer_setting *setting)
{
    struct process *process = process_current();
    uint64_t saved;

    if (which != ITIMER_REAL && which != ITIMER_VIRTUAL && which != ITIMER_PROF)
        return -EINVAL;
    saved = spin_lock_irq(&process->signal_lock);
    itimer_get_locked(process, which, setting);
    spin_unlock_irq(&process->signal_lock, saved);
    return 0;
}

void itimers_clear(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct cpu_timers *timers = process->cpu_timers;
    bool real = process->real_timer.expire != NULL;

    process->cpu_timers = NULL;
    process->real_deadline = 0;
    if (timers)
        timers->virtual.deadline = timers->profile.deadline = timers->limit.deadline = 0;
    spin_unlock_irq(&process->signal_lock, saved);
    if (real)
        timer_cancel(&process->real_timer);
    if (!timers)
        return;
    timer_cancel(&timers->virtual.timer);
    timer_cancel(&timers->profile.timer);
    timer_cancel(&timers->limit.timer);
    slab_free(&cpu_timers_cache, timers);
}

void cpu_limit_changed(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    uint64_t seconds = process->limits->values[RLIMIT_CPU].rlim_cur;
    struct cpu_timer *timer;

    if (process->task_count > 0 && (process->cpu_timers || seconds != RLIM64_INFINITY) &&
        cpu_timers_make_locked(process) == 0) {
        timer = &process->cpu_timers->limit;
        timer->deadline = 0;
        if (seconds < UINT64_MAX / NANOSECONDS) {
            timer->deadline = max_u64(seconds, 1) * NANOSECONDS;
            cpu_timer_start_locked(timer, cpu_time_of(timer));
        }
    }
    spin_unlock_irq(&process->signal_lock, saved);
}
