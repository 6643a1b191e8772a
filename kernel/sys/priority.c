/*
 * Nice values and I/O priorities of processes, groups and users (setpriority(2), ioprio_set(2)).
 */
#include "lib/errno.h"
#include "proc/identity.h"
#include "sys/schedule.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/resource.h>

/* One pass over the tasks that `which` and `who` name. */
struct task_visit {
    int (*visit)(struct task *task, struct task_visit *visit);
    int value;
    int result; /* -ESRCH until a task was found */
};

enum task_set { TASK_ONE, TASK_GROUP, TASK_USER };

static void visit_process(struct process *process, struct task_visit *visit)
{
    struct task *task;

    TAILQ_FOREACH (task, &process->tasks, link)
        visit->result = visit->visit(task, visit);
}

static void visit_user_locked(uint32_t uid, struct task_visit *visit)
{
    struct process *process;
    struct task *first;

    TAILQ_FOREACH (process, &all_processes, all_link) {
        first = TAILQ_FIRST(&process->tasks);
        if (first && first->cred->uid == uid)
            visit_process(process, visit);
    }
}

static void visit_group_locked(int32_t number, struct task_visit *visit)
{
    struct pid *group = number ? pid_find_locked(number) : process_current()->group;
    struct process *process;

    if (!group)
        return;
    TAILQ_FOREACH (process, &group->group, group_link)
        visit_process(process, visit);
}

/* tree_lock keeps every task of every process in its list. */
static int visit_tasks(enum task_set set, int32_t who, struct task_visit *visit)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct task *task;

    visit->result = -ESRCH;
    if (set == TASK_ONE) {
        task = schedule_find_locked(who);
        if (task)
            visit->result = visit->visit(task, visit);
    } else if (set == TASK_GROUP) {
        visit_group_locked(who, visit);
    } else {
        visit_user_locked(who ? (uint32_t)who : task_current()->cred->uid, visit);
    }
    spin_unlock_irq(&tree_lock, saved);
    return visit->result;
}

static int nice_get(struct task *task, struct task_visit *visit)
{
    int value = 20 - task->thread.sched.nice;

    return value > visit->result ? value : visit->result;
}

static int nice_set(struct task *task, struct task_visit *visit)
{
    if (!schedule_owned(task))
        return -EPERM;
    if (!schedule_may_nice_locked(task, visit->value))
        return -EACCES;
    sched_set(&task->thread, task->thread.sched.policy, visit->value, task->thread.sched.priority);
    return visit->result == -ESRCH ? 0 : visit->result;
}

static int nice_visit(int32_t which, int32_t who, struct task_visit *visit)
{
    switch (which) {
    case PRIO_PROCESS:
        return visit_tasks(TASK_ONE, who, visit);
    case PRIO_PGRP:
        return visit_tasks(TASK_GROUP, who, visit);
    case PRIO_USER:
        return visit_tasks(TASK_USER, who, visit);
    default:
        return -EINVAL;
    }
}

int64_t sys_getpriority(int32_t which, int32_t who)
{
    struct task_visit visit = {.visit = nice_get};

    return nice_visit(which, who, &visit);
}

int64_t sys_setpriority(int32_t which, int32_t who, int32_t value)
{
    struct task_visit visit = {.visit = nice_set};

    visit.value = value < -20 ? -20 : value > 19 ? 19 : value;
    return nice_visit(which, who, &visit);
}

static int io_get(struct task *task, struct task_visit *visit)
{
    int value = task->io_priority, best = visit->result;

    /* The most urgent of several: the lowest class that is set, then the lowest level. */
    return best <= 0 || (value != 0 && value < best) ? value : best;
}

static int io_set(struct task *task, struct task_visit *visit)
{
    if (!schedule_owned(task))
        return -EPERM;
    task->io_priority = (uint16_t)visit->value;
    return visit->result == -ESRCH ? 0 : visit->result;
}

static int io_visit(int32_t which, int32_t who, struct task_visit *visit)
{
    switch (which) {
    case IOPRIO_WHO_PROCESS:
        return visit_tasks(TASK_ONE, who, visit);
    case IOPRIO_WHO_PGRP:
        return visit_tasks(TASK_GROUP, who, visit);
    case IOPRIO_WHO_USER:
        return visit_tasks(TASK_USER, who, visit);
    default:
        return -EINVAL;
    }
}

int64_t sys_ioprio_get(int32_t which, int32_t who)
{
    struct task_visit visit = {.visit = io_get};

    return io_visit(which, who, &visit);
}

static int io_priority_check(int32_t value)
{
    switch (IOPRIO_PRIO_CLASS(value)) {
    case IOPRIO_CLASS_RT:
        return identity_capable(CAP_SYS_ADMIN) || identity_capable(CAP_SYS_NICE) ? 0 : -EPERM;
    case IOPRIO_CLASS_BE:
    case IOPRIO_CLASS_IDLE:
        return 0;
    case IOPRIO_CLASS_NONE:
        return value & 7 ? -EINVAL : 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_ioprio_set(int32_t which, int32_t who, int32_t value)
{
    struct task_visit visit = {.visit = io_set, .value = value};
    int error = io_priority_check(value);

    return error ? error : io_visit(which, who, &visit);
}
