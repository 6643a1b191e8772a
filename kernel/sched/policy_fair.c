/*
 * Fair shares: SCHED_OTHER, SCHED_BATCH and SCHED_IDLE.
 *
 * Each thread has a virtual time that grows with the CPU it gets, the slower the greater its
 * weight; the thread with the least virtual time runs next (the idea of Stoica et al., "A
 * Proportional Share Resource Allocation Algorithm", 1996). Each step of nice is a factor of 1.25
 * in weight. A thread that slept starts a little behind the others, so that it gets the CPU soon,
 * but does not collect the time it slept.
 */
#include "lib/container.h"
#include "sched/policy.h"
#include <linux/sched.h>

enum {
    WEIGHT_NORMAL = 1024,
    WEIGHT_IDLE = 3,
    SLEEPER_BONUS = SCHED_SLICE / 2,
    WAKE_LEAD = 1000000, /* ns of virtual time that a woken thread must be behind to preempt */
};

/* 1024 / 1.25^nice, rounded, for nice -20 … 19. */
static const uint32_t nice_weights[40] = {
    88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921, 9537, 7629, 6104, 4883,
    3906,  3125,  2500,  2000,  1600,  1280,  1024,  819,   655,   524,   419,  336,  268,  215,
    172,   137,   110,   88,    70,    56,    45,    36,    29,    23,    18,   15,
};

static int fair_compare(const struct thread *a, const struct thread *b)
{
    int64_t distance = (int64_t)(a->sched.virtual_time - b->sched.virtual_time);

    if (distance != 0)
        return distance < 0 ? -1 : 1;
    return a < b ? -1 : a > b;
}

RB_GENERATE_INTERNAL(fair_tree, thread, sched.link, fair_compare, static __attribute__((unused)))

static uint32_t fair_weight(const struct thread *thread)
{
    return thread->sched.policy == SCHED_IDLE ? WEIGHT_IDLE : nice_weights[thread->sched.nice + 20];
}

static uint64_t fair_scale(const struct thread *thread, uint64_t ns)
{
    uint32_t weight = fair_weight(thread);

    return weight == WEIGHT_NORMAL ? ns : ns * WEIGHT_NORMAL / weight;
}

static void fair_charge(struct run_queue *queue, struct thread *thread, uint64_t ns)
{
    thread->sched.virtual_time += fair_scale(thread, ns);
}

static bool earlier(uint64_t a, uint64_t b)
{
    return (int64_t)(a - b) < 0;
}

static void fair_enqueue(struct run_queue *queue, struct thread *thread, enum policy_reason reason)
{
    struct fair_queue *fair = &queue->fair;
    uint64_t floor = reason == POLICY_WAKE ? fair->least - SLEEPER_BONUS : fair->least;

    if (reason == POLICY_FIRST)
        thread->sched.virtual_time = fair->least - SLEEPER_BONUS;
    else if (earlier(thread->sched.virtual_time, floor))
        thread->sched.virtual_time = floor;
    RB_INSERT(fair_tree, &fair->tree, thread);
    fair->count++;
}

static void fair_dequeue(struct run_queue *queue, struct thread *thread)
{
    /* The last one: nothing to balance. The usual case when two threads talk to each other. */
    if (--queue->fair.count == 0)
        RB_INIT(&queue->fair.tree);
    else
        RB_REMOVE(fair_tree, &queue->fair.tree, thread);
}

static struct thread *fair_pick(struct run_queue *queue)
{
    struct thread *first = RB_MIN(fair_tree, &queue->fair.tree);

    if (first == NULL)
        return NULL;
    fair_dequeue(queue, first);
    if (earlier(queue->fair.least, first->sched.virtual_time))
        queue->fair.least = first->sched.virtual_time;
    return first;
}

static bool fair_tick(struct run_queue *queue, struct thread *running)
{
    const struct thread *first = RB_MIN(fair_tree, &queue->fair.tree);

    return first != NULL && earlier(first->sched.virtual_time, running->sched.virtual_time);
}

static bool fair_preempts(struct run_queue *queue, const struct thread *woken,
                          const struct thread *running, uint64_t now)
{
    uint64_t ran = fair_scale(running, now - running->accounted);

    if (running->sched.policy == SCHED_IDLE && woken->sched.policy != SCHED_IDLE)
        return true;
    if (woken->sched.policy != SCHED_NORMAL)
        return false;
    return earlier(woken->sched.virtual_time + WAKE_LEAD, running->sched.virtual_time + ran);
}

static void fair_place_at_fork(struct thread *child, const struct thread *parent)
{
    child->sched.virtual_time = parent->sched.virtual_time;
}

static bool fair_competes(const struct run_queue *queue)
{
    return queue->fair.count > 0;
}

const struct policy policy_fair = {
    .enqueue = fair_enqueue,
    .dequeue = fair_dequeue,
    .pick = fair_pick,
    .charge = fair_charge,
    .tick = fair_tick,
    .preempts = fair_preempts,
    .place_at_fork = fair_place_at_fork,
    .competes = fair_competes,
};
