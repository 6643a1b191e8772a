/*
 * What the calls about scheduling and priorities share.
 */
#ifndef SYS_SCHEDULE_H
#define SYS_SCHEDULE_H

#include "proc/process.h"

/* The task of a number, 0: the caller; NULL: none. tree_lock held. */
struct task *schedule_find_locked(int32_t tid);
/* The caller may change how that task is scheduled. */
bool schedule_owned(const struct task *task);
/* The caller may give it that nice value. tree_lock held, no signal_lock. */
bool schedule_may_nice_locked(const struct task *task, int nice);

#endif
