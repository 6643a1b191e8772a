/*
 * Scheduling: policies, CPUs, and giving up the CPU. Priorities are in priority.c.
 *
 * A thread is looked up and changed with tree_lock held, which keeps it alive.
 */
#include "sys/schedule.h"
#include "arch/cpu.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/identity.h"
#include "proc/limits.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

enum { PRIORITY_MAX = 99, NICE_LOWEST = 19, ROUND_ROBIN_SLICE = 100000000, FAIR_SLICE = 4000000 };

/* A policy with its parameters. */
struct schedule {
    int policy, nice, priority;
};

struct task *schedule_find_locked(int32_t tid)
{
    return tid == 0 ? task_current() : task_find_locked(tid);
}

bool schedule_owned(const struct task *task)
{
    const struct cred *mine = task_current()->cred, *theirs = task->cred;

    return mine->euid == theirs->euid || mine->euid == theirs->uid ||
           cred_capable(mine, CAP_SYS_NICE);
}

bool schedule_may_nice_locked(const struct task *task, int nice)
{
    struct rlimit64 limit;

    if (nice >= task->thread.sched.nice || identity_capable(CAP_SYS_NICE))
        return true;
    limit_get(task->process, RLIMIT_NICE, &limit);
    return (uint64_t)(20 - nice) <= limit.rlim_cur;
}

static bool is_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_known(int policy)
{
    return is_realtime(policy) || policy == SCHED_NORMAL || policy == SCHED_BATCH ||
           policy == SCHED_IDLE;
}

int64_t sys_sched_yield(void)
{
    sched_yield();
    return 0;
}

static int realtime_permitted_locked(const struct task *task, const struct schedule *wanted)
{
    const struct sched_entity *now = &task->thread.sched;
    struct rlimit64 limit;

    limit_get(task->process, RLIMIT_RTPRIO, &limit);
    if (wanted->policy != now->policy && limit.rlim_cur == 0)
        return -EPERM;
    if (wanted->priority > now->priority && (uint64_t)wanted->priority > limit.rlim_cur)
        return -EPERM;
    return 0;
}

static int schedule_permitted_locked(const struct task *task, const struct schedule *wanted)
{
    if (identity_capable(CAP_SYS_NICE))
        return 0;
    if (!schedule_owned(task))
        return -EPERM;
    if (is_realtime(wanted->policy))
        return realtime_permitted_locked(task, wanted);
    if (!schedule_may_nice_locked(task, wanted->nice))
        return -EPERM;
    if (task->thread.sched.policy == SCHED_IDLE && wanted->policy != SCHED_IDLE &&
        !schedule_may_nice_locked(task, task->thread.sched.nice - 1))
        return -EPERM;
    return 0;
}

/* nice INT32_MIN: stays. policy -1: stays. */
static int schedule_change(int32_t tid, struct schedule wanted)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct task *task = schedule_find_locked(tid);
    int error = 0;

    if (!task) {
        error = -ESRCH;
    } else {
        if (wanted.policy == -1)
            wanted.policy = task->thread.sched.policy;
        if (wanted.nice == INT32_MIN)
            wanted.nice = task->thread.sched.nice;
        if (!policy_known(wanted.policy) || wanted.priority < 0 || wanted.priority > PRIORITY_MAX ||
            is_realtime(wanted.policy) != (wanted.priority != 0))
            error = -EINVAL;
    }
    if (!error)
        error = schedule_permitted_locked(task, &wanted);
    if (!error)
        sched_set(&task->thread, wanted.policy, wanted.nice, wanted.priority);
    spin_unlock_irq(&tree_lock, saved);
    return error;
}

/* 0 or -ESRCH. */
static int schedule_of(int32_t tid, struct schedule *schedule)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct task *task = schedule_find_locked(tid);

    if (task)
        *schedule = (struct schedule){task->thread.sched.policy, task->thread.sched.nice,
                                      task->thread.sched.priority};
    spin_unlock_irq(&tree_lock, saved);
    return task ? 0 : -ESRCH;
}

static int64_t set_with_param(int32_t pid, int policy, struct uaddr param)
{
    struct schedule wanted = {.policy = policy, .nice = INT32_MIN};
    int32_t priority;

    if (pid < 0 || !param.value)
        return -EINVAL;
    if (copy_from_user(&priority, param, sizeof(priority)) != 0)
        return -EFAULT;
    wanted.priority = priority;
    return schedule_change(pid, wanted);
}

int64_t sys_sched_setscheduler(int32_t pid, int32_t policy, struct uaddr param)
{
    return policy < 0 ? -EINVAL : set_with_param(pid, policy, param);
}

int64_t sys_sched_setparam(int32_t pid, struct uaddr param)
{
    return set_with_param(pid, -1, param);
}

int64_t sys_sched_getscheduler(int32_t pid)
{
    struct schedule schedule;
    int error = pid < 0 ? -EINVAL : schedule_of(pid, &schedule);

    return error ? error : schedule.policy;
}

int64_t sys_sched_getparam(int32_t pid, struct uaddr param)
{
    struct schedule schedule;
    int error = pid < 0 || !param.value ? -EINVAL : schedule_of(pid, &schedule);
    int32_t priority;

    if (error)
        return error;
    priority = schedule.priority;
    return copy_to_user(param, &priority, sizeof(priority));
}

/* A structure that may grow: bytes that this kernel does not know must be 0. */
static int attr_read(struct uaddr address, struct sched_attr *attr)
{
    uint32_t size, known = sizeof(*attr);
    uint8_t byte;

    memset(attr, 0, sizeof(*attr));
    if (copy_from_user(&size, address, sizeof(size)) != 0)
        return -EFAULT;
    if (size == 0)
        size = SCHED_ATTR_SIZE_VER0;
    if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        goto bad_size;
    for (uint32_t i = known; i < size; i++) {
        if (copy_from_user(&byte, uaddr_add(address, i), 1) != 0)
            return -EFAULT;
        if (byte)
            goto bad_size;
    }
    return copy_from_user(attr, address, min_size(size, known));
bad_size:
    (void)copy_to_user(address, &known, sizeof(known));
    return -E2BIG;
}

int64_t sys_sched_setattr(int32_t pid, struct uaddr address, uint32_t flags)
{
    struct sched_attr attr;
    struct schedule wanted;
    int error;

    if (!address.value || pid < 0 || flags)
        return -EINVAL;
    error = attr_read(address, &attr);
    if (error)
        return error;
    if ((int32_t)attr.sched_policy < 0 ||
        (attr.sched_flags & ~(uint64_t)(SCHED_FLAG_KEEP_POLICY | SCHED_FLAG_KEEP_PARAMS)))
        return -EINVAL;
    wanted = (struct schedule){(int)attr.sched_policy, INT32_MIN, (int)attr.sched_priority};
    if (attr.sched_flags & SCHED_FLAG_KEEP_POLICY)
        wanted.policy = -1;
    if (!is_realtime(wanted.policy) && !(attr.sched_flags & SCHED_FLAG_KEEP_PARAMS))
        wanted.nice = attr.sched_nice < -20           ? -20
                      : attr.sched_nice > NICE_LOWEST ? NICE_LOWEST
                                                      : attr.sched_nice;
    return schedule_change(pid, wanted);
}

int64_t sys_sched_getattr(int32_t pid, struct uaddr address, uint32_t size, uint32_t flags)
{
    struct sched_attr attr = {.size = sizeof(attr)};
    struct schedule schedule;
    int error;

    if (!address.value || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags)
        return -EINVAL;
    error = schedule_of(pid, &schedule);
    if (error)
        return error;
    attr.size = (uint32_t)min_size(size, sizeof(attr));
    attr.sched_policy = (uint32_t)schedule.policy;
    if (is_realtime(schedule.policy))
        attr.sched_priority = (uint32_t)schedule.priority;
    else
        attr.sched_nice = schedule.nice;
    return copy_to_user(address, &attr, attr.size);
}

int64_t sys_sched_get_priority_max(int32_t policy)
{
    if (!policy_known(policy) && policy != SCHED_DEADLINE)
        return -EINVAL;
    return is_realtime(policy) ? PRIORITY_MAX : 0;
}

int64_t sys_sched_get_priority_min(int32_t policy)
{
    if (!policy_known(policy) && policy != SCHED_DEADLINE)
        return -EINVAL;
    return is_realtime(policy) ? 1 : 0;
}

int64_t sys_sched_rr_get_interval(int32_t pid, struct uaddr interval)
{
    struct schedule schedule;
    int error = pid < 0 ? -EINVAL : schedule_of(pid, &schedule);

    if (error)
        return error;
    return timespec_to_user(interval, schedule.policy == SCHED_RR     ? ROUND_ROBIN_SLICE
                                      : schedule.policy == SCHED_FIFO ? 0
                                                                      : FAIR_SLICE);
}

/* The CPUs that exist. */
static void cpus_online(uint64_t mask[4])
{
    for (unsigned i = 0; i < 4; i++)
        mask[i] = 0;
    for (unsigned id = 0; id < cpu_count(); id++)
        mask[id / 64] |= UINT64_C(1) << id % 64;
}

/* Bytes of the mask that calls give out: whole words for the CPUs that exist. */
static size_t mask_size(void)
{
    return divide_up(cpu_count(), 64) * sizeof(uint64_t);
}

int64_t sys_sched_getaffinity(int32_t pid, uint32_t size, struct uaddr address)
{
    uint64_t online[4], mask[4] = {0}, saved;
    struct task *task;

    if ((uint64_t)size * 8 < cpu_count() || size % sizeof(uint64_t) != 0)
        return -EINVAL;
    cpus_online(online);
    saved = spin_lock_irq(&tree_lock);
    task = schedule_find_locked(pid);
    for (unsigned i = 0; task && i < 4; i++)
        mask[i] = task->thread.affinity[i] & online[i];
    spin_unlock_irq(&tree_lock, saved);
    if (!task)
        return -ESRCH;
    size = (uint32_t)min_size(size, mask_size());
    return copy_to_user(address, mask, size) ? -EFAULT : (int64_t)size;
}

static int affinity_set_locked(struct task *task, const uint64_t mask[4])
{
    uint64_t online[4], any = 0;

    if (!task)
        return -ESRCH;
    if (!schedule_owned(task))
        return -EPERM;
    cpus_online(online);
    for (unsigned i = 0; i < 4; i++)
        any |= mask[i] & online[i];
    if (!any)
        return -EINVAL;
    for (unsigned i = 0; i < 4; i++)
        task->thread.affinity[i] = mask[i] & online[i];
    return 0;
}

int64_t sys_sched_setaffinity(int32_t pid, uint32_t size, struct uaddr address)
{
    uint64_t mask[4] = {0}, saved;
    int error;

    if (copy_from_user(mask, address, min_size(size, sizeof(mask))) != 0)
        return -EFAULT;
    saved = spin_lock_irq(&tree_lock);
    error = affinity_set_locked(schedule_find_locked(pid), mask);
    spin_unlock_irq(&tree_lock, saved);
    if (!error)
        sched_yield(); /* another CPU may have to run it */
    return error;
}

int64_t sys_getcpu(struct uaddr cpu, struct uaddr node, struct uaddr unused)
{
    uint64_t saved = irq_save();
    uint32_t id = cpu_this()->id, zero = 0;

    irq_restore(saved);
    if (cpu.value && copy_to_user(cpu, &id, sizeof(id)) != 0)
        return -EFAULT;
    return node.value ? copy_to_user(node, &zero, sizeof(zero)) : 0;
}
