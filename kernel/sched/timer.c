/*
 * Timers: a tree by deadline per CPU. The hardware timer is only ever set to an earlier time than
 * it has; that it rings for nothing after a timer was stopped costs less than setting it at every
 * change.
 */
#include "sched/timer.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "sched/queue.h"

static int timer_compare(const struct timer *a, const struct timer *b)
{
    if (a->deadline != b->deadline)
        return a->deadline < b->deadline ? -1 : 1;
    return a < b ? -1 : a > b;
}

RB_GENERATE_INTERNAL(timer_tree, timer, link, timer_compare, static __attribute__((unused)))

/* Interrupts off; this CPU's queue. */
static void hardware_set(struct timer_queue *timers, uint64_t deadline)
{
    if (deadline >= timers->armed)
        return;
    timers->armed = deadline;
    timer_arm(deadline);
}

void timer_program(struct run_queue *queue, uint64_t slice_end)
{
    if (queue == cpu_this()->queue)
        hardware_set(&queue->timers, slice_end);
}

/* Takes it off the queue it is on. Interrupts off. True if it was on one. */
static bool timer_remove(struct timer *timer)
{
    for (;;) {
        struct cpu *cpu = __atomic_load_n(&timer->cpu, __ATOMIC_ACQUIRE);
        struct timer_queue *timers;
        bool there;

        if (cpu == NULL)
            return false;
        timers = &cpu->queue->timers;
        spin_lock(&timers->lock);
        there = timer->cpu == cpu;
        if (there) {
            RB_REMOVE(timer_tree, &timers->tree, timer);
            __atomic_store_n(&timer->cpu, NULL, __ATOMIC_RELEASE);
        }
        spin_unlock(&timers->lock);
        if (there)
            return true;
    }
}

void timer_start(struct timer *timer, uint64_t deadline)
{
    uint64_t saved = irq_save();
    struct cpu *cpu = cpu_this();
    struct timer_queue *timers = &cpu->queue->timers;

    timer_remove(timer);
    spin_lock(&timers->lock);
    timer->deadline = deadline;
    __atomic_store_n(&timer->cpu, cpu, __ATOMIC_RELEASE);
    RB_INSERT(timer_tree, &timers->tree, timer);
    spin_unlock(&timers->lock);
    hardware_set(timers, deadline);
    irq_restore(saved);
}

/* True while some CPU calls the timer's expire. */
static bool timer_running(const struct timer *timer)
{
    for (unsigned id = 0; id < cpu_count(); id++) {
        if (__atomic_load_n(&cpu_by_id(id)->queue->timers.running, __ATOMIC_ACQUIRE) == timer)
            return true;
    }
    return false;
}

bool timer_cancel(struct timer *timer)
{
    uint64_t saved = irq_save();
    bool pending = timer_remove(timer);

    irq_restore(saved);
    while (timer_running(timer))
        cpu_relax();
    return pending;
}

/* Takes out a timer that is due at `now`; NULL: none. */
static struct timer *timer_due(struct timer_queue *timers, uint64_t now)
{
    struct timer *first;

    spin_lock(&timers->lock);
    first = RB_MIN(timer_tree, &timers->tree);
    if (first != NULL && first->deadline <= now) {
        RB_REMOVE(timer_tree, &timers->tree, first);
        __atomic_store_n(&timers->running, first, __ATOMIC_RELEASE);
        __atomic_store_n(&first->cpu, NULL, __ATOMIC_RELEASE);
    } else {
        first = NULL;
    }
    spin_unlock(&timers->lock);
    return first;
}

static uint64_t timer_earliest(struct timer_queue *timers)
{
    struct timer *first;
    uint64_t deadline;

    spin_lock(&timers->lock);
    first = RB_MIN(timer_tree, &timers->tree);
    deadline = first != NULL ? first->deadline : UINT64_MAX;
    spin_unlock(&timers->lock);
    return deadline;
}

void timer_interrupt(void)
{
    struct run_queue *queue = cpu_this()->queue;
    struct timer_queue *timers = &queue->timers;
    struct timer *timer;

    timers->armed = UINT64_MAX;
    while ((timer = timer_due(timers, clock_monotonic())) != NULL) {
        timer->expire(timer);
        __atomic_store_n(&timers->running, NULL, __ATOMIC_RELEASE);
    }
    hardware_set(timers, timer_earliest(timers));
    hardware_set(timers, sched_tick(queue));
}
