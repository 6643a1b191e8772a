/*
 * What wait queues and stops need of the switch.
 */
#ifndef SCHED_SLEEP_H
#define SCHED_SLEEP_H

#include "sched/thread.h"

/* Sleeps in `state` if still(argument), asked with the run queue locked, says so; whether it did. */
bool sched_sleep(enum thread_state state, enum wait_mode mode, bool (*still)(void *argument), void *argument);
/* Wakes the thread without a token: for reasons that wait_sleep looks at by itself. True if it slept. */
bool sched_rouse(struct thread *thread, uint32_t states);

#endif
