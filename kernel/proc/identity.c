/*
 * Identity: who a task acts as. Credentials are immutable and counted; each change makes a copy and
 * installs it, for the calling task alone, as the system calls do (the C library repeats them on
 * every thread).
 *
 * Rules: credentials(7), capabilities(7) "Effect of user ID changes on capabilities".
 * Locks: signal_lock for the pointer, which others read. Cost: one copy per change.
 */
#include "proc/identity.h"

#include "lib/errno.h"
#include "mem/slab.h"
#include "proc/signal.h"
#include <linux/capability.h>
#include <linux/securebits.h>

#define KEEP UINT32_MAX

#define FILE_CAPABILITIES                                                                         \
    (UINT64_C(1) << CAP_CHOWN | UINT64_C(1) << CAP_DAC_OVERRIDE |                                 \
     UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1) << CAP_FOWNER | UINT64_C(1) << CAP_FSETID | \
     UINT64_C(1) << CAP_LINUX_IMMUTABLE | UINT64_C(1) << CAP_MKNOD |                              \
     UINT64_C(1) << CAP_MAC_OVERRIDE)

const struct cred *process_cred(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct task *task = TAILQ_FIRST(&process->tasks);
    const struct cred *cred = task ? task->cred : process->last_cred;

    if (cred)
        cred_get(cred);
    spin_unlock_irq(&process->signal_lock, saved);
    return cred;
}

bool identity_capable(unsigned capability)
{
    return cred_capable(task_current()->cred, capability);
}

/* Others may no longer look into a process that has more rights than they. */
static bool became_private(const struct cred *old, const struct cred *new)
{
    return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
           old->fsgid != new->fsgid || (new->permitted & ~old->permitted) != 0;
}

void task_set_cred(const struct cred *new)
{
    struct task *task = task_current();
    struct process *process = task->process;
    const struct cred *old = task->cred;
    uint64_t saved;

    if (old->uid != new->uid) {
        (void)identity_charge_process(new->uid, UINT64_MAX);
        identity_uncharge_process(old->uid);
    }
    saved = spin_lock_irq(&process->signal_lock);
    if (became_private(old, new)) {
        process->dumpable = false;
        process->parent_death_signal = 0;
    }
    task->cred = new;
    spin_unlock_irq(&process->signal_lock, saved);
    cred_put(old);
}

/* A copy of the current credentials to be changed; NULL: no memory. */
static struct cred *cred_begin(void)
{
    return cred_copy(task_current()->cred);
}

static int cred_refuse(struct cred *cred, int error)
{
    cred_put(cred);
    return error;
}

static bool any_root(const struct cred *cred)
{
    return cred->uid == 0 || cred->euid == 0 || cred->suid == 0;
}

static void capabilities_follow_uid(const struct cred *old, struct cred *new)
{
    if (new->securebits & SECBIT_NO_SETUID_FIXUP)
        return;
    if (any_root(old) && !any_root(new)) {
        if (!(new->securebits &SECBIT_KEEP_CAPS))
            new->permitted = new->effective = 0;
        new->ambient = 0;
    }
    if (old->euid == 0 && new->euid != 0)
        new->effective = 0;
    if (old->euid != 0 && new->euid == 0)
        new->effective = new->permitted;
}

static int uid_commit(struct cred *new)
{
    new->fsuid = new->euid;
    capabilities_follow_uid(task_current()->cred, new);
    task_set_cred(new);
    return 0;
}

int identity_set_uid(uint32_t uid)
{
    struct cred *new;

    if (uid == KEEP)
        return -EINVAL;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    if (identity_capable(CAP_SETUID))
        new->uid = new->suid = uid;
    else if (uid != new->uid && uid != new->suid)
        return cred_refuse(new, -EPERM);
    new->euid = uid;
    return uid_commit(new);
}

int identity_set_reuid(uint32_t ruid, uint32_t euid)
{
    const struct cred *old = task_current()->cred;
    bool capable = identity_capable(CAP_SETUID);
    struct cred *new;

    if (ruid != KEEP && ruid != old->uid && ruid != old->euid && !capable)
        return -EPERM;
    if (euid != KEEP && euid != old->uid && euid != old->euid && euid != old->suid && !capable)
        return -EPERM;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    if (ruid != KEEP)
        new->uid = ruid;
    if (euid != KEEP)
        new->euid = euid;
    if (ruid != KEEP || (euid != KEEP && euid != old->uid))
        new->suid = new->euid;
    return uid_commit(new);
}

/* `id` is unchanged or one of the three. */
static bool one_of(uint32_t id, uint32_t real, uint32_t effective, uint32_t saved)
{
    return id == KEEP || id == real || id == effective || id == saved;
}

int identity_set_resuid(uint32_t ruid, uint32_t euid, uint32_t suid)
{
    const struct cred *old = task_current()->cred;
    struct cred *new;

    if (!(one_of(ruid, old->uid, old->euid, old->suid) &&
          one_of(euid, old->uid, old->euid, old->suid) &&
          one_of(suid, old->uid, old->euid, old->suid)) &&
        !identity_capable(CAP_SETUID))
        return -EPERM;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    new->uid = ruid == KEEP ? old->uid : ruid;
    new->euid = euid == KEEP ? old->euid : euid;
    new->suid = suid == KEEP ? old->suid : suid;
    return uid_commit(new);
}

uint32_t identity_set_fsuid(uint32_t uid)
{
    const struct cred *old = task_current()->cred;
    uint32_t before = old->fsuid;
    struct cred *new;

    if (uid == KEEP || uid == before ||
        !(one_of(uid, old->uid, old->euid, old->suid) || identity_capable(CAP_SETUID)))
        return before;
    new = cred_begin();
    if (!new)
        return before;
    new->fsuid = uid;
    if (!(new->securebits &SECBIT_NO_SETUID_FIXUP)) {
        if (before == 0)
            new->effective &= ~FILE_CAPABILITIES;
        if (uid == 0)
            new->effective |= new->permitted &FILE_CAPABILITIES;
    }
    task_set_cred(new);
    return before;
}

static int gid_commit(struct cred *new)
{
    new->fsgid = new->egid;
    task_set_cred(new);
    return 0;
}

int identity_set_gid(uint32_t gid)
{
    struct cred *new;

    if (gid == KEEP)
        return -EINVAL;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    if (identity_capable(CAP_SETGID))
        new->gid = new->sgid = gid;
    else if (gid != new->gid && gid != new->sgid)
        return cred_refuse(new, -EPERM);
    new->egid = gid;
    return gid_commit(new);
}

int identity_set_regid(uint32_t rgid, uint32_t egid)
{
    const struct cred *old = task_current()->cred;
    bool capable = identity_capable(CAP_SETGID);
    struct cred *new;

    if (rgid != KEEP && rgid != old->gid && rgid != old->egid && !capable)
        return -EPERM;
    if (egid != KEEP && egid != old->gid && egid != old->egid && egid != old->sgid && !capable)
        return -EPERM;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    if (rgid != KEEP)
        new->gid = rgid;
    if (egid != KEEP)
        new->egid = egid;
    if (rgid != KEEP || (egid != KEEP && egid != old->gid))
        new->sgid = new->egid;
    return gid_commit(new);
}

int identity_set_resgid(uint32_t rgid, uint32_t egid, uint32_t sgid)
{
    const struct cred *old = task_current()->cred;
    struct cred *new;

    if (!(one_of(rgid, old->gid, old->egid, old->sgid) &&
          one_of(egid, old->gid, old->egid, old->sgid) &&
          one_of(sgid, old->gid, old->egid, old->sgid)) &&
        !identity_capable(CAP_SETGID))
        return -EPERM;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    new->gid = rgid == KEEP ? old->gid : rgid;
    new->egid = egid == KEEP ? old->egid : egid;
    new->sgid = sgid == KEEP ? old->sgid : sgid;
    return gid_commit(new);
}

uint32_t identity_set_fsgid(uint32_t gid)
{
    const struct cred *old = task_current()->cred;
    uint32_t before = old->fsgid;
    struct cred *new;

    if (gid == KEEP || gid == before ||
        !(one_of(gid, old->gid, old->egid, old->sgid) || identity_capable(CAP_SETGID)))
        return before;
    new = cred_begin();
    if (!new)
        return before;
    new->fsgid = gid;
    task_set_cred(new);
    return before;
}

/* Shell sort: 65,536 groups in the worst case, usually a handful. */
static void groups_sort(uint32_t *groups, uint32_t count)
{
    for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
        for (uint32_t i = gap; i < count; i++) {
            uint32_t group = groups[i], j = i;

            for (; j >= gap && groups[j - gap] > group; j -= gap)
                groups[j] = groups[j - gap];
            groups[j] = group;
        }
    }
}

int identity_set_groups(uint32_t *groups, uint32_t count)
{
    struct cred *new = cred_begin();

    if (!new) {
        heap_free(groups);
        return -ENOMEM;
    }
    groups_sort(groups, count);
    heap_free(new->groups);
    new->groups = groups;
    new->group_count = count;
    task_set_cred(new);
    return 0;
}

int identity_set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    const struct cred *old = task_current()->cred;
    struct cred *new;

    if (!identity_capable(CAP_SETPCAP) && (inheritable & ~(old->inheritable | old->permitted)))
        return -EPERM;
    if (inheritable & ~(old->inheritable | old->bounding))
        return -EPERM;
    if ((permitted & ~old->permitted) || (effective & ~permitted))
        return -EPERM;
    new = cred_begin();
    if (!new)
        return -ENOMEM;
    new->effective = effective;
    new->permitted = permitted;
    new->inheritable = inheritable;
    new->ambient &= permitted &inheritable;
    task_set_cred(new);
    return 0;
}
