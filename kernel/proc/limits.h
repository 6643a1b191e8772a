/*
 * Reading and changing a process's limits (prlimit(2)).
 */
#ifndef PROC_LIMITS_H
#define PROC_LIMITS_H

#include "proc/process.h"

/* resource < RLIM_NLIMITS. */
void limit_get(struct process *process, unsigned resource, struct rlimit64 *value);
/* The value's soft limit is not above its hard limit. may_raise: the hard limit may grow
 * (CAP_SYS_RESOURCE). 0, -EPERM, -ENOMEM. */
int limit_set(struct process *process, unsigned resource, const struct rlimit64 *value,
              bool may_raise);

#endif
