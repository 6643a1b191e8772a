/*
 * Timers that send signals: timer_create(2) and its kin.
 */
#ifndef PROC_POSIX_TIMER_H
#define PROC_POSIX_TIMER_H

#include "proc/process.h"

/* Nanoseconds. */
struct timer_setting {
    uint64_t interval;
    uint64_t value; /* until the next expiry, or the time of it with TIMER_ABSTIME; 0: off */
};

/* timer_create(2); event NULL: SIGALRM with the timer's number. The number goes to *id. 0, -EINVAL,
 * -EAGAIN (no memory or limit). */
int posix_timer_create(int32_t clock, const struct sigevent *event, int32_t *id);
/* 0 or -EINVAL. old may be NULL. */
int posix_timer_set(int32_t id, bool absolute, const struct timer_setting *setting,
                    struct timer_setting *old);
int posix_timer_get(int32_t id, struct timer_setting *setting);
/* The overrun count of the last delivered expiry, or -EINVAL. */
int64_t posix_timer_overrun(int32_t id);
int posix_timer_delete(int32_t id);
/* exec and exit: deletes all of the process. No lock held. */
void posix_timers_clear(struct process *process);
/* A signal that a timer sent was taken off its queue: counts overruns and sets the timer again.
 * signal_lock held. */
void posix_timer_taken_locked(struct process *process, int32_t id, uint32_t sequence,
                              siginfo_t *info);

#endif
