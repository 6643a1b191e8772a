/*
 * A scheduling policy: which of the queued threads runs next. The rest of the scheduler knows
 * policies only by this interface. All are called with the run queue locked and interrupts off.
 */
#ifndef SCHED_POLICY_H
#define SCHED_POLICY_H

#include "sched/queue.h"
#include <linux/sched.h>

/* Why a thread is queued. */
enum policy_reason {
    POLICY_WAKE,    /* it slept */
    POLICY_NEW,     /* it never ran */
    POLICY_FIRST,   /* it never ran and shall run before its parent goes on */
    POLICY_PREEMPT, /* it ran and would go on */
    POLICY_YIELD,   /* it ran and lets others go first */
};

struct policy {
    void (*enqueue)(struct run_queue *queue, struct thread *thread, enum policy_reason reason);
    void (*dequeue)(struct run_queue *queue, struct thread *thread);
    /* Takes out the thread that runs next; NULL: none of this policy. */
    struct thread *(*pick)(struct run_queue *queue);
    /* `thread` ran for `ns`. */
    void (*charge)(struct run_queue *queue, struct thread *thread, uint64_t ns);
    /* Its slice is over: true if it should give way to somebody queued here. */
    bool (*tick)(struct run_queue *queue, struct thread *running);
    /* Both of this policy: should `woken` run at once instead of `running`? */
    bool (*preempts)(struct run_queue *queue, const struct thread *woken,
                     const struct thread *running, uint64_t now);
    /* Sets the child's fields at fork. */
    void (*place_at_fork)(struct thread *child, const struct thread *parent);
    /* True when somebody of this policy is queued. */
    bool (*competes)(const struct run_queue *queue);
};

enum { POLICY_COUNT = 2 };

/* From the most urgent on: a thread of an earlier one always runs first. */
extern const struct policy *const policies[POLICY_COUNT];
extern const struct policy policy_realtime, policy_fair;

/* The index in `policies` for a thread's sched.policy (SCHED_…). */
static inline unsigned policy_rank(const struct thread *thread)
{
    return thread->sched.policy == SCHED_FIFO || thread->sched.policy == SCHED_RR ? 0 : 1;
}

static inline const struct policy *policy_of(const struct thread *thread)
{
    return policies[policy_rank(thread)];
}

#endif
