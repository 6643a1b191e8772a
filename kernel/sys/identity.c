/*
 * User and group ids, supplementary groups, capabilities.
 */
#include "proc/identity.h"

#include "lib/errno.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "proc/process.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>

enum { GROUPS_MAX = 65536 };

static const struct cred *own(void)
{
    return task_current()->cred;
}

int64_t sys_getuid(void)
{
    return own()->uid;
}

int64_t sys_geteuid(void)
{
    return own()->euid;
}

int64_t sys_getgid(void)
{
    return own()->gid;
}

int64_t sys_getegid(void)
{
    return own()->egid;
}

int64_t sys_setuid(uint32_t uid)
{
    return identity_set_uid(uid);
}

int64_t sys_setgid(uint32_t gid)
{
    return identity_set_gid(gid);
}

int64_t sys_setreuid(uint32_t ruid, uint32_t euid)
{
    return identity_set_reuid(ruid, euid);
}

int64_t sys_setregid(uint32_t rgid, uint32_t egid)
{
    return identity_set_regid(rgid, egid);
}

int64_t sys_setresuid(uint32_t ruid, uint32_t euid, uint32_t suid)
{
    return identity_set_resuid(ruid, euid, suid);
}

int64_t sys_setresgid(uint32_t rgid, uint32_t egid, uint32_t sgid)
{
    return identity_set_resgid(rgid, egid, sgid);
}

int64_t sys_setfsuid(uint32_t uid)
{
    return identity_set_fsuid(uid);
}

int64_t sys_setfsgid(uint32_t gid)
{
    return identity_set_fsgid(gid);
}

static int three_ids(struct uaddr a, struct uaddr b, struct uaddr c, uint32_t first,
                     uint32_t second, uint32_t third)
{
    if (copy_to_user(a, &first, sizeof(first)) != 0 ||
        copy_to_user(b, &second, sizeof(second)) != 0 ||
        copy_to_user(c, &third, sizeof(third)) != 0)
        return -EFAULT;
    return 0;
}

int64_t sys_getresuid(struct uaddr ruid, struct uaddr euid, struct uaddr suid)
{
    return three_ids(ruid, euid, suid, own()->uid, own()->euid, own()->suid);
}

int64_t sys_getresgid(struct uaddr rgid, struct uaddr egid, struct uaddr sgid)
{
    return three_ids(rgid, egid, sgid, own()->gid, own()->egid, own()->sgid);
}

int64_t sys_getgroups(int32_t count, struct uaddr list)
{
    const struct cred *cred = own();

    if (count < 0)
        return -EINVAL;
    if (count == 0)
        return cred->group_count;
    if ((uint32_t)count < cred->group_count)
        return -EINVAL;
    if (copy_to_user(list, cred->groups, cred->group_count * sizeof(*cred->groups)) != 0)
        return -EFAULT;
    return cred->group_count;
}

int64_t sys_setgroups(int32_t count, struct uaddr list)
{
    uint32_t *groups = NULL;

    if (!identity_capable(CAP_SETGID))
        return -EPERM;
    if (count < 0 || count > GROUPS_MAX)
        return -EINVAL;
    if (count > 0) {
        groups = heap_alloc((size_t)count * sizeof(*groups));
        if (!groups)
            return -ENOMEM;
        if (copy_from_user(groups, list, (size_t)count * sizeof(*groups)) != 0) {
            heap_free(groups);
            return -EFAULT;
        }
    }
    return identity_set_groups(groups, (uint32_t)count);
}

enum { CAPABILITY_WORDS = 2 };

/* How many words of each set the header's version has; an unknown one is answered with the one that
 * is preferred. */
static int header_read(struct uaddr address, struct __user_cap_header_struct *header,
                       unsigned *words)
{
    uint32_t preferred = _LINUX_CAPABILITY_VERSION_3;

    if (copy_from_user(header, address, sizeof(*header)) != 0)
        return -EFAULT;
    switch (header->version) {
    case _LINUX_CAPABILITY_VERSION_1:
        *words = 1;
        return 0;
    case _LINUX_CAPABILITY_VERSION_2:
    case _LINUX_CAPABILITY_VERSION_3:
        *words = CAPABILITY_WORDS;
        return 0;
    default:
        return copy_to_user(address, &preferred, sizeof(preferred)) ? -EFAULT : -EINVAL;
    }
}

static int cred_of(int32_t pid, const struct cred **cred)
{
    struct process *process;

    if (pid == 0 || pid == thread_current()->tid) {
        *cred = cred_get(own());
        return 0;
    }
    process = process_find_task(pid);
    if (!process)
        return -ESRCH;
    *cred = process_cred(process);
    process_put(process);
    return *cred ? 0 : -ESRCH;
}

int64_t sys_capget(struct uaddr header_address, struct uaddr data)
{
    struct __user_cap_data_struct sets[CAPABILITY_WORDS];
    struct __user_cap_header_struct header;
    const struct cred *cred;
    unsigned words;
    int error = header_read(header_address, &header, &words);

    if (error)
        return error == -EINVAL && !data.value ? 0 : error;
    if (header.pid < 0)
        return -EINVAL;
    error = cred_of(header.pid, &cred);
    if (error)
        return error;
    for (unsigned i = 0; i < CAPABILITY_WORDS; i++) {
        sets[i].effective = (uint32_t)(cred->effective >> 32 * i);
        sets[i].permitted = (uint32_t)(cred->permitted >> 32 * i);
        sets[i].inheritable = (uint32_t)(cred->inheritable >> 32 * i);
    }
    cred_put(cred);
    return data.value ? copy_to_user(data, sets, words * sizeof(sets[0])) : 0;
}

int64_t sys_capset(struct uaddr header_address, struct uaddr data)
{
    uint64_t known = (UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1;
    struct __user_cap_data_struct sets[CAPABILITY_WORDS] = {0};
    struct __user_cap_header_struct header;
    unsigned words;
    int error = header_read(header_address, &header, &words);

    if (error)
        return error;
    if (header.pid != 0 && header.pid != thread_current()->tid)
        return -EPERM;
    if (copy_from_user(sets, data, words * sizeof(sets[0])) != 0)
        return -EFAULT;
    return identity_set_capabilities(
        (sets[0].effective | (uint64_t)sets[1].effective << 32) & known,
        (sets[0].permitted | (uint64_t)sets[1].permitted << 32) & known,
        (sets[0].inheritable | (uint64_t)sets[1].inheritable << 32) & known);
}
