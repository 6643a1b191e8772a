/*
 * See access.h. Both questions are one, asked with different identities of the caller.
 */
#include "proc/access.h"

#include "file/caller.h"
#include "file/cred.h"
#include "mem/space.h"
#include "proc/process.h"
#include <linux/capability.h>

static bool same_identity(uint32_t uid, uint32_t gid, const struct cred *cred)
{
    return uid == cred->euid && uid == cred->suid && uid == cred->uid && gid == cred->egid &&
           gid == cred->sgid && gid == cred->gid;
}

static bool may_access(struct process *process, uint32_t uid, uint32_t gid)
{
    const struct cred *caller = caller_cred(), *cred;
    bool may;

    if (process == process_current() || cred_capable(caller, CAP_SYS_PTRACE))
        return true;
    cred = process_cred(process);
    if (!cred)
        return false;
    may = same_identity(uid, gid, cred) && process->dumpable &&
          !(cred->permitted & ~caller->effective);
    cred_put(cred);
    return may;
}

bool process_may_look(struct process *process)
{
    return may_access(process, caller_cred()->fsuid, caller_cred()->fsgid);
}

bool process_may_attach(struct process *process)
{
    return may_access(process, caller_cred()->uid, caller_cred()->gid);
}

struct space *process_space(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct space *space = process->space ? space_get(process->space) : NULL;

    spin_unlock_irq(&process->signal_lock, saved);
    return space;
}
