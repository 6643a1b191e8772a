/*
 * Usage: CPU time, faults and switches of tasks, processes and children that were waited for.
 *
 * The scheduler charges CPU time to each thread; a process's time is the sum over its living tasks
 * and what ended ones left in process->usage. Numbers of tasks that run on other CPUs are those of
 * their last switch. Locks: signal_lock for the list of tasks.
 */
#include "proc/rusage.h"

#include "arch/cpu.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/space.h"

enum { NANOSECONDS_PER_MICROSECOND = 1000 };

void task_times(struct task *task, uint64_t *user, uint64_t *system)
{
    if (&task->thread == thread_current())
        sched_account();
    *user = task->thread.user_time;
    *system = task->thread.system_time;
}

void usage_add(struct usage *sum, const struct usage *usage)
{
    sum->user_time += usage->user_time;
    sum->system_time += usage->system_time;
    sum->minor_faults += usage->minor_faults;
    sum->major_faults += usage->major_faults;
    sum->max_resident = max_u64(sum->max_resident, usage->max_resident);
    sum->switches_voluntary += usage->switches_voluntary;
    sum->switches_forced += usage->switches_forced;
}

static void usage_of_task(struct task *task, struct usage *usage)
{
    memset(usage, 0, sizeof(*usage));
    task_times(task, &usage->user_time, &usage->system_time);
    usage->switches_voluntary = task->thread.switches_voluntary;
    usage->switches_forced = task->thread.switches_forced;
}

void usage_add_task_locked(struct process *process, struct task *task)
{
    struct usage usage;

    usage_of_task(task, &usage);
    usage_add(&process->usage, &usage);
}

void usage_of_process(struct process *process, struct usage *usage)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct task *task;
    struct usage one;

    *usage = process->usage;
    TAILQ_FOREACH (task, &process->tasks, link) {
        usage_of_task(task, &one);
        usage_add(usage, &one);
    }
    if (process->space)
        usage->max_resident = max_u64(usage->max_resident, process->space->resident_peak);
    spin_unlock_irq(&process->signal_lock, saved);
}

void cpu_time_locked(struct process *process, uint64_t *user, uint64_t *system)
{
    struct task *task;
    uint64_t task_user, task_system;

    *user = process->usage.user_time;
    *system = process->usage.system_time;
    TAILQ_FOREACH (task, &process->tasks, link) {
        task_times(task, &task_user, &task_system);
        *user += task_user;
        *system += task_system;
    }
}

static void split_time(uint64_t nanoseconds, int64_t *seconds, int64_t *microseconds)
{
    uint64_t total = nanoseconds / NANOSECONDS_PER_MICROSECOND;

    *seconds = (int64_t)(total / 1000000);
    *microseconds = (int64_t)(total % 1000000);
}

void usage_report(const struct usage *usage, struct usage_report *report)
{
    memset(report, 0, sizeof(*report));
    split_time(usage->user_time, &report->user_seconds, &report->user_microseconds);
    split_time(usage->system_time, &report->system_seconds, &report->system_microseconds);
    report->max_resident = (int64_t)(usage->max_resident * (PAGE_SIZE / 1024));
    report->minor_faults = (int64_t)usage->minor_faults;
    report->major_faults = (int64_t)usage->major_faults;
    report->switches_voluntary = (int64_t)usage->switches_voluntary;
    report->switches_forced = (int64_t)usage->switches_forced;
}

int usage_get(int who, struct usage *usage)
{
    struct process *process = process_current();
    uint64_t saved;

    switch (who) {
    case RUSAGE_SELF:
        usage_of_process(process, usage);
        return 0;
    case RUSAGE_THREAD:
        usage_of_task(task_current(), usage);
        return 0;
    case RUSAGE_CHILDREN:
        saved = spin_lock_irq(&tree_lock);
        *usage = process->children_usage;
        spin_unlock_irq(&tree_lock, saved);
        return 0;
    default:
        return -EINVAL;
    }
}
