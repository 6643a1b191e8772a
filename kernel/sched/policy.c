/*
 * The list of policies, and who belongs where.
 */
#include "sched/policy.h"
#include <linux/sched.h>

const struct policy *const policies[POLICY_COUNT] = {&policy_realtime, &policy_fair};

unsigned policy_rank(const struct thread *thread)
{
    return thread->sched.policy == SCHED_FIFO || thread->sched.policy == SCHED_RR ? 0 : 1;
}

const struct policy *policy_of(const struct thread *thread)
{
    return policies[policy_rank(thread)];
}
