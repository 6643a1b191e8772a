/*
 * Real-time threads (sched(7)): a list per priority. SCHED_FIFO runs until it sleeps or yields,
 * SCHED_RR gives way to its equals after a slice. A preempted thread stays at the head of its list.
 */
#include "sched/policy.h"
#include <linux/sched.h>

static struct realtime_list *realtime_level(struct run_queue *queue, int priority)
{
    struct realtime_list *list = &queue->realtime.level[priority];

    if (list->tqh_last == NULL)
        TAILQ_INIT(list);
    return list;
}

static void realtime_enqueue(struct run_queue *queue, struct thread *thread,
                             enum policy_reason reason)
{
    int priority = thread->sched.priority;
    struct realtime_list *list = realtime_level(queue, priority);

    if (reason == POLICY_PREEMPT)
        TAILQ_INSERT_HEAD(list, thread, run_link);
    else
        TAILQ_INSERT_TAIL(list, thread, run_link);
    queue->realtime.used[priority / 64] |= UINT64_C(1) << priority % 64;
    queue->realtime.count++;
}

static void realtime_dequeue(struct run_queue *queue, struct thread *thread)
{
    int priority = thread->sched.priority;
    struct realtime_list *list = realtime_level(queue, priority);

    TAILQ_REMOVE(list, thread, run_link);
    if (TAILQ_EMPTY(list))
        queue->realtime.used[priority / 64] &= ~(UINT64_C(1) << priority % 64);
    queue->realtime.count--;
}

/* The highest priority with a queued thread, -1: none. */
static int realtime_highest(const struct run_queue *queue)
{
    for (int word = 1; word >= 0; word--) {
        uint64_t used = queue->realtime.used[word];

        if (used != 0)
            return word * 64 + 63 - __builtin_clzll(used);
    }
    return -1;
}

static struct thread *realtime_pick(struct run_queue *queue)
{
    struct thread *first;
    int priority;

    if (queue->realtime.count == 0)
        return NULL;
    priority = realtime_highest(queue);
    first = TAILQ_FIRST(realtime_level(queue, priority));
    realtime_dequeue(queue, first);
    return first;
}

static void realtime_charge(struct run_queue *queue, struct thread *thread, uint64_t ns)
{
}

static bool realtime_tick(struct run_queue *queue, struct thread *running)
{
    return running->sched.policy == SCHED_RR && realtime_highest(queue) >= running->sched.priority;
}

static bool realtime_preempts(struct run_queue *queue, const struct thread *woken,
                              const struct thread *running, uint64_t now)
{
    return woken->sched.priority > running->sched.priority;
}

static void realtime_place_at_fork(struct thread *child, const struct thread *parent)
{
    child->sched.virtual_time = parent->sched.virtual_time;
}

static bool realtime_competes(const struct run_queue *queue)
{
    return queue->realtime.count > 0;
}

const struct policy policy_realtime = {
    .enqueue = realtime_enqueue,
    .dequeue = realtime_dequeue,
    .pick = realtime_pick,
    .charge = realtime_charge,
    .tick = realtime_tick,
    .preempts = realtime_preempts,
    .place_at_fork = realtime_place_at_fork,
    .competes = realtime_competes,
};
