/*
 * The list of policies.
 */
#include "sched/policy.h"

const struct policy *const policies[POLICY_COUNT] = {&policy_realtime, &policy_fair};
