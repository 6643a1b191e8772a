/*
 * Limits and usage.
 */
#include "proc/limits.h"

#include "lib/errno.h"
#include "mem/user.h"
#include "proc/identity.h"
#include "proc/rusage.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>

enum { DESCRIPTORS_MAX = 1048576 }; /* /proc/sys/fs/nr_open */

/* 0, or why these values cannot be. */
static int limit_check(uint32_t resource, const struct rlimit64 *value)
{
    if (value->rlim_cur > value->rlim_max)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && value->rlim_max > DESCRIPTORS_MAX)
        return -EPERM;
    return 0;
}

/* Another's limits: the same user and group in every respect, or CAP_SYS_RESOURCE. */
static bool may_touch(struct process *process)
{
    const struct cred *mine = task_current()->cred, *theirs;
    bool same;

    if (process == process_current() || identity_capable(CAP_SYS_RESOURCE))
        return true;
    theirs = process_cred(process);
    if (!theirs)
        return false;
    same = mine->uid == theirs->uid && mine->uid == theirs->euid && mine->uid == theirs->suid &&
           mine->gid == theirs->gid && mine->gid == theirs->egid && mine->gid == theirs->sgid;
    cred_put(theirs);
    return same;
}

static int limit_exchange(struct process *process, uint32_t resource, const struct rlimit64 *new,
                          struct rlimit64 *old)
{
    limit_get(process, resource, old);
    return new ? limit_set(process, resource, new, identity_capable(CAP_SYS_RESOURCE)) : 0;
}

int64_t sys_prlimit64(int32_t pid, uint32_t resource, struct uaddr new, struct uaddr old)
{
    struct rlimit64 value, before;
    struct process *process;
    int error = 0;

    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (new.value) {
        if (copy_from_user(&value, new, sizeof(value)) != 0)
            return -EFAULT;
        error = limit_check(resource, &value);
    }
    process = pid == 0 ? process_get(process_current()) : process_find_task(pid);
    if (!process)
        return -ESRCH;
    if (!may_touch(process))
        error = -EPERM;
    if (!error)
        error = limit_exchange(process, resource, new.value ? &value : NULL, &before);
    process_put(process);
    if (error || !old.value)
        return error;
    return copy_to_user(old, &before, sizeof(before));
}

int64_t sys_getrlimit(uint32_t resource, struct uaddr limit)
{
    struct rlimit64 value;

    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    limit_get(process_current(), resource, &value);
    return copy_to_user(limit, &value, sizeof(value));
}

int64_t sys_setrlimit(uint32_t resource, struct uaddr limit)
{
    struct rlimit64 value, before;
    int error;

    if (copy_from_user(&value, limit, sizeof(value)) != 0)
        return -EFAULT;
    if (resource >= RLIM_NLIMITS)
        return -EINVAL;
    error = limit_check(resource, &value);
    return error ? error : limit_exchange(process_current(), resource, &value, &before);
}

int64_t sys_getrusage(int32_t who, struct uaddr address)
{
    struct usage_report report;
    struct usage usage;
    int error = usage_get(who, &usage);

    if (error)
        return error;
    usage_report(&usage, &report);
    return copy_to_user(address, &report, sizeof(report));
}
