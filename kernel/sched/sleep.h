/*
 * What wait queues and stops need of the switch.
 */
#ifndef SCHED_SLEEP_H
#define SCHED_SLEEP_H

#include "sched/thread.h"

/* Sleeps in `state`, unless with the run queue locked there is a wake-up, one of the pending bits
   `interrupts`, or (timed) the sleep timer has run out. */
void sched_sleep(enum thread_state state, enum wait_mode mode, uint32_t interrupts, bool timed);
/* Wakes the thread without a token: for reasons that wait_sleep looks at by itself. True if it
 * slept. */
bool sched_rouse(struct thread *thread, uint32_t states);

#endif
