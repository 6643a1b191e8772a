/*
 * POSIX timers: each is a kernel timer that sends a signal.
 *
 * A timer with an interval stops when it expires and is set again when its signal is taken; what
 * passed meanwhile is its overrun count, so that a program that does not take signals costs no
 * interrupts. Timers on CPU time look at the clock whenever they could have expired. A queued
 * signal names its timer by number and generation, so that deleting or setting a timer needs no
 * search.
 *
 * Locks: signal_lock of the process for the list and every field. Cost: O(timers) to find one by
 * number.
 */
#include "proc/posix_timer.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "proc/clock.h"
#include "proc/rusage.h"
#include "proc/signal.h"
#include <linux/time.h>

struct posix_timer {
    struct posix_timer *next;
    struct timer timer;
    struct process *process; /* c */
    int32_t id, clock;       /* c */
    int32_t notify;          /* c SIGEV_… */
    int32_t signal, tid;     /* c the tid of SIGEV_THREAD_ID */
    int32_t clock_tid;       /* c the task whose CPU time counts, for CLOCK_THREAD_CPUTIME_ID */
    sigval_t value;          /* c */
    uint64_t interval;       /* s nanoseconds */
    uint64_t deadline;       /* s on its clock; 0: off */
    uint64_t fired;          /* s the deadline whose signal is on its way */
    uint32_t sequence;       /* s generation */
    int32_t overrun;         /* s of the last signal taken */
    bool pending;            /* s its signal is queued */
};

static struct slab_cache timer_cache = SLAB_CACHE("posix_timer", sizeof(struct posix_timer));

enum { CPU_TIMER_SHORTEST = 100000 };

static struct posix_timer *find_locked(struct process *process, int32_t id)
{
    struct posix_timer *timer = process->timers;

    while (timer && timer->id != id)
        timer = timer->next;
    return timer;
}

/* The time on the timer's clock. Process clocks need signal_lock, which is held. */
static uint64_t now_on(struct posix_timer *timer)
{
    uint64_t user = 0, system = 0;
    struct task *task;

    if (clock_kind(timer->clock) == CLOCK_KIND_WALL)
        return (uint64_t)wall_clock_now();
    if (clock_kind(timer->clock) == CLOCK_KIND_MONOTONIC)
        return clock_monotonic();
    if (timer->clock != CLOCK_THREAD_CPUTIME_ID) {
        cpu_time_locked(timer->process, &user, &system);
        return user + system;
    }
    TAILQ_FOREACH (task, &timer->process->tasks, link) {
        if (task->thread.tid == timer->clock_tid)
            task_times(task, &user, &system);
    }
    return user + system;
}

/* Starts the kernel timer for the earliest moment at which the deadline can be reached. */
static void start_locked(struct posix_timer *timer)
{
    uint64_t now;

    switch (clock_kind(timer->clock)) {
    case CLOCK_KIND_WALL:
        timer_start(&timer->timer, clock_of_wall(timer->deadline));
        break;
    case CLOCK_KIND_CPU:
        now = now_on(timer);
        now = timer->deadline > now ? timer->deadline - now : 0;
        timer_start(&timer->timer,
                    clock_monotonic() + max_u64(now / cpu_count(), CPU_TIMER_SHORTEST));
        break;
    default:
        timer_start(&timer->timer, timer->deadline);
    }
}

/* The first deadline after now; how many passed besides the one that fired goes to *missed. */
static uint64_t next_deadline(const struct posix_timer *timer, uint64_t from, uint64_t now,
                              uint64_t *missed)
{
    *missed = now > from ? (now - from) / timer->interval : 0;
    return from + (*missed + 1) * timer->interval;
}

static struct task *receiver_locked(const struct posix_timer *timer)
{
    struct task *task;

    TAILQ_FOREACH (task, &timer->process->tasks, link) {
        if (task->thread.tid == timer->tid)
            return task;
    }
    return NULL;
}

static void info_of(const struct posix_timer *timer, siginfo_t *info)
{
    memset(info, 0, sizeof(*info));
    info->si_signo = timer->signal;
    info->si_code = SI_TIMER;
    info->si_tid = timer->id;
    info->si_value = timer->value;
}

/* Sends the timer's signal. False: nobody will take it. */
static bool send_locked(struct posix_timer *timer)
{
    struct process *process = timer->process;
    struct task *task = timer->notify & SIGEV_THREAD_ID ? receiver_locked(timer) : NULL;
    struct signal_queue *queue = task ? &task->pending : &process->pending;
    struct queued_signal *entry;
    bool discarded = true;
    siginfo_t info;

    if ((timer->notify & SIGEV_THREAD_ID) && !task)
        return false;
    info_of(timer, &info);
    if (signal_send_locked(process, task, timer->signal, &info, &discarded) != 0 || discarded)
        return false;
    if (!queue->list.tqh_last)
        return false;
    entry = TAILQ_LAST(&queue->list, queued_list);
    if (!entry || entry->info.si_signo != timer->signal || entry->info.si_code != SI_TIMER ||
        entry->info.si_tid != timer->id || entry->timer >= 0)
        return false; /* merged with a signal that was pending already */
    entry->timer = timer->id;
    entry->timer_sequence = timer->sequence;
    return true;
}

static void fire_locked(struct posix_timer *timer, uint64_t now)
{
    uint64_t missed;

    timer->fired = timer->deadline;
    timer->deadline = 0;
    timer->pending = timer->notify != SIGEV_NONE && send_locked(timer);
    if (!timer->pending && timer->interval != 0) {
        timer->deadline = next_deadline(timer, timer->fired, now, &missed);
        start_locked(timer);
    }
}

static void timer_expired(struct timer *base)
{
    struct posix_timer *timer = container_of(base, struct posix_timer, timer);
    uint64_t saved = spin_lock_irq(&timer->process->signal_lock), now;

    if (timer->deadline != 0) {
        now = now_on(timer);
        if (now >= timer->deadline)
            fire_locked(timer, now);
        else
            start_locked(timer);
    }
    spin_unlock_irq(&timer->process->signal_lock, saved);
}

void posix_timer_taken_locked(struct process *process, int32_t id, uint32_t sequence,
                              siginfo_t *info)
{
    struct posix_timer *timer = find_locked(process, id);
    uint64_t missed = 0;

    if (!timer || timer->sequence != sequence)
        return;
    timer->pending = false;
    if (timer->interval != 0) {
        timer->deadline = next_deadline(timer, timer->fired, now_on(timer), &missed);
        start_locked(timer);
    }
    timer->overrun = (int32_t)min_u64(missed, INT32_MAX);
    info->si_overrun = timer->overrun;
}

/* 0 or -EINVAL. */
static int event_check(const struct sigevent *event)
{
    uint64_t saved;
    struct task *task;
    bool mine;

    if (event->sigev_notify == SIGEV_NONE)
        return 0;
    if ((event->sigev_notify & ~SIGEV_THREAD_ID) != SIGEV_SIGNAL &&
        event->sigev_notify != SIGEV_THREAD)
        return -EINVAL;
    if (event->sigev_signo <= 0 || event->sigev_signo > SIGNAL_COUNT)
        return -EINVAL;
    if (!(event->sigev_notify & SIGEV_THREAD_ID))
        return 0;
    saved = spin_lock_irq(&tree_lock);
    task = task_find_locked(event->_sigev_un._tid);
    mine = task && task->process == process_current();
    spin_unlock_irq(&tree_lock, saved);
    return mine ? 0 : -EINVAL;
}

/* A number that no other timer of the process has. */
static int32_t id_next_locked(struct process *process)
{
    int32_t id;

    do {
        id = process->next_timer;
        process->next_timer = id == INT32_MAX ? 0 : id + 1;
    } while (find_locked(process, id));
    return id;
}

static void timer_fill(struct posix_timer *timer, int32_t clock, const struct sigevent *event)
{
    timer->process = process_current();
    timer->clock = clock;
    timer->timer.expire = timer_expired;
    timer->notify = event ? event->sigev_notify : SIGEV_SIGNAL;
    timer->signal = event ? event->sigev_signo : SIGALRM;
    if (event && (event->sigev_notify & SIGEV_THREAD_ID))
        timer->tid = event->_sigev_un._tid;
    if (event)
        timer->value = event->sigev_value;
}

/* The CPU clock of the caller's process or of one of its tasks under its fixed name; timers on
 * other processes' clocks are refused. */
static int clock_of_own(int32_t *clock, int32_t *tid)
{
    int32_t number = ~(*clock >> 3);
    bool thread = (*clock & 4) != 0;

    *tid = thread_current()->tid;
    if (*clock >= 0)
        return 0;
    if (number != 0 && !thread && number != process_current()->pid->number)
        return -EINVAL;
    if (number != 0 && thread)
        *tid = number;
    *clock = thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID;
    return 0;
}

int posix_timer_create(int32_t clock, const struct sigevent *event, int32_t *id)
{
    struct process *process = process_current();
    struct posix_timer *timer;
    int32_t clock_tid;
    uint64_t saved;
    int64_t now;
    int error = clock_read(clock, &now);

    if (!error)
        error = clock_of_own(&clock, &clock_tid);
    if (error)
        return error;
    if (!clock_can_wait(clock))
        return -EOPNOTSUPP;
    error = event ? event_check(event) : 0;
    if (error)
        return error;
    timer = slab_alloc_zero(&timer_cache);
    if (!timer)
        return -EAGAIN;
    timer_fill(timer, clock, event);
    timer->clock_tid = clock_tid;
    saved = spin_lock_irq(&process->signal_lock);
    timer->id = id_next_locked(process);
    if (!event)
        timer->value.sival_int = timer->id;
    timer->next = process->timers;
    process->timers = timer;
    *id = timer->id;
    spin_unlock_irq(&process->signal_lock, saved);
    return 0;
}

static void get_locked(struct posix_timer *timer, struct timer_setting *setting)
{
    uint64_t now = now_on(timer), deadline = timer->deadline, missed;

    if (deadline == 0 && timer->pending && timer->interval != 0)
        deadline = next_deadline(timer, timer->fired, now, &missed);
    setting->interval = timer->interval;
    setting->value = deadline == 0 ? 0 : deadline > now ? deadline - now : 1;
}

int posix_timer_get(int32_t id, struct timer_setting *setting)
{
    struct process *process = process_current();
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct posix_timer *timer = find_locked(process, id);

    if (timer)
        get_locked(timer, setting);
    spin_unlock_irq(&process->signal_lock, saved);
    return timer ? 0 : -EINVAL;
}

static void set_locked(struct posix_timer *timer, bool absolute,
                       const struct timer_setting *setting)
{
    timer->sequence++;
    timer->pending = false;
    timer->overrun = 0;
    timer->interval = setting->interval;
    timer->deadline = 0;
    if (setting->value == 0)
        return;
    timer->deadline = absolute ? setting->value : now_on(timer) + setting->value;
    start_locked(timer);
}

int posix_timer_set(int32_t id, bool absolute, const struct timer_setting *setting,
                    struct timer_setting *old)
{
    struct process *process = process_current();
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct posix_timer *timer = find_locked(process, id);

    if (timer) {
        if (old)
            get_locked(timer, old);
        set_locked(timer, absolute, setting);
    }
    spin_unlock_irq(&process->signal_lock, saved);
    return timer ? 0 : -EINVAL;
}

int64_t posix_timer_overrun(int32_t id)
{
    struct process *process = process_current();
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct posix_timer *timer = find_locked(process, id);
    int64_t overrun = timer ? timer->overrun : -EINVAL;

    spin_unlock_irq(&process->signal_lock, saved);
    return overrun;
}

/* Takes the first timer, or the one of that number, off the list. */
static struct posix_timer *unlink_timer(struct process *process, bool any, int32_t id)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct posix_timer **slot = &process->timers, *timer;

    while (*slot && !any && (*slot)->id != id)
        slot = &(*slot)->next;
    timer = *slot;
    if (timer) {
        *slot = timer->next;
        timer->deadline = 0;
    }
    spin_unlock_irq(&process->signal_lock, saved);
    return timer;
}

static void timer_destroy(struct posix_timer *timer)
{
    timer_cancel(&timer->timer);
    slab_free(&timer_cache, timer);
}

int posix_timer_delete(int32_t id)
{
    struct posix_timer *timer = unlink_timer(process_current(), false, id);

    if (!timer)
        return -EINVAL;
    timer_destroy(timer);
    return 0;
}

void posix_timers_clear(struct process *process)
{
    struct posix_timer *timer;

    while ((timer = unlink_timer(process, true, 0)))
        timer_destroy(timer);
}
