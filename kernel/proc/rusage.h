/*
 * What tasks and processes have used.
 */
#ifndef PROC_RUSAGE_H
#define PROC_RUSAGE_H

#include "proc/process.h"

/* Nanoseconds of CPU of one task; up to this moment for the current one. Any lock may be held. */
void task_times(struct task *task, uint64_t *user, uint64_t *system);
/* A task ends: its usage becomes the process's. signal_lock held. */
void usage_add_task_locked(struct process *process, struct task *task);
void usage_add(struct usage *sum, const struct usage *usage);
/* The process's own usage with that of its living tasks. Takes signal_lock. */
void usage_of_process(struct process *process, struct usage *usage);
/* Only the CPU time, user and system. signal_lock held. */
void cpu_time_locked(struct process *process, uint64_t *user, uint64_t *system);

/* The kernel's struct rusage: all members are 64 bits wide. */
struct usage_report {
    int64_t user_seconds, user_microseconds, system_seconds, system_microseconds;
    int64_t max_resident, unused_memory[3];
    int64_t minor_faults, major_faults;
    int64_t unused_io[6];
    int64_t switches_voluntary, switches_forced;
};
void usage_report(const struct usage *usage, struct usage_report *report);
/* getrusage(2): RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD; -EINVAL. */
int usage_get(int who, struct usage *usage);

#endif
