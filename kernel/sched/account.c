/*
 * Where the CPU's time went, and the load average.
 *
 * Time is charged when a thread leaves the CPU, at timer interrupts and on request, from one clock
 * reading to the next. Load samples are due every five seconds and are taken, several at once if
 * need be, at the next switch or timer interrupt after.
 */
#include "arch/time.h"
#include "lib/container.h"
#include "sched/policy.h"

enum {
    LOAD_SHIFT = 11,
    LOAD_ONE = 1 << LOAD_SHIFT,
    LOAD_SAMPLES_MAX = 1024, /* more than that leaves nothing of the past */
};

#define LOAD_PERIOD UINT64_C(5000000000)

/* e^(-5 s / 1, 5, 15 min) in fixed point. */
static const uint64_t load_decay[3] = {1884, 2014, 2037};

void account_charge(struct run_queue *queue, struct thread *thread, uint64_t now)
{
    uint64_t ns = now - thread->accounted, system;

    thread->accounted = now;
    if (thread == queue->cpu->idle) {
        queue->idle_time += ns;
        return;
    }
    system = min_u64(context_system_time(thread), ns);
    thread->system_time += system;
    thread->user_time += ns - system;
    queue->system_time += system;
    queue->user_time += ns - system;
    policy_of(thread)->charge(queue, thread, ns);
}

void sched_account(void)
{
    struct run_queue *queue;
    uint64_t saved = irq_save();

    queue = cpu_this()->queue;
    spin_lock(&queue->lock);
    account_charge(queue, thread_current(), clock_monotonic());
    spin_unlock_irq(&queue->lock, saved);
}

static void load_sample(struct run_queue *queue, uint64_t active)
{
    for (unsigned i = 0; i < 3; i++)
        queue->load[i] = (queue->load[i] * load_decay[i] +
                          (active << LOAD_SHIFT) * (LOAD_ONE - load_decay[i])) >>
                         LOAD_SHIFT;
}

void account_load(struct run_queue *queue, uint64_t now)
{
    uint64_t active, samples;

    if (now < queue->load_next)
        return;
    /* What was so until now: nobody ran if the idle thread is still current. */
    active = queue->waiting + (queue->cpu->current == queue->cpu->idle ? 0 : queue->runnable);
    samples = queue->load_next == 0 ? 0 : (now - queue->load_next) / LOAD_PERIOD + 1;
    for (uint64_t i = 0; i < min_u64(samples, LOAD_SAMPLES_MAX); i++)
        load_sample(queue, active);
    queue->load_next = now - now % LOAD_PERIOD + LOAD_PERIOD;
}

void sched_totals_get(struct sched_totals *totals)
{
    *totals = (struct sched_totals){0};
    for (unsigned id = 0; id < cpu_count(); id++) {
        struct run_queue *queue = cpu_by_id(id)->queue;
        uint64_t saved = spin_lock_irq(&queue->lock), now = clock_monotonic();

        account_load(queue, now);
        if (id == cpu_this()->id)
            account_charge(queue, thread_current(), now);
        for (unsigned i = 0; i < 3; i++)
            totals->load[i] += queue->load[i];
        totals->switches += queue->switches;
        totals->idle_time += queue->idle_time;
        totals->user_time += queue->user_time;
        totals->system_time += queue->system_time;
        totals->running += queue->runnable;
        spin_unlock_irq(&queue->lock, saved);
    }
}
