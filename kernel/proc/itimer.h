/*
 * Interval timers (setitimer(2)), alarm(2), and the limit on CPU time.
 */
#ifndef PROC_ITIMER_H
#define PROC_ITIMER_H

#include "proc/posix_timer.h" /* struct timer_setting */

/* A timer on the CPU time of a process: it looks at the usage whenever it could have expired. */
struct cpu_timer {
    struct timer timer;
    struct process *process; /* c */
    uint64_t deadline;       /* s CPU time in nanoseconds; 0: off */
    uint64_t interval;       /* s */
};

struct cpu_timers {
    struct cpu_timer virtual, profile, limit;
};

/* which: ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF. 0, -EINVAL, -ENOMEM. old may be NULL. */
int itimer_set(int which, const struct timer_setting *setting, struct timer_setting *old);
int itimer_get(int which, struct timer_setting *setting);
/* The process ends: stops and frees all of them. No lock held. */
void itimers_clear(struct process *process);
/* RLIMIT_CPU of the process is in force from now on. Fork calls it for a child when the limit is
 * not infinite. */
void cpu_limit_changed(struct process *process);

#endif
