/*
 * Settings of a process that need more than a store: see proc/prctl.h and capabilities(7).
 *
 * Locks: tree_lock for the subreaper flags.
 */
#include "proc/prctl.h"

#include "lib/errno.h"
#include "proc/identity.h"
#include "proc/process.h"
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>

static bool descends_from_locked(const struct process *process, const struct process *ancestor)
{
    while (process && process != ancestor)
        process = process->parent;
    return process != NULL;
}

/* The mark that spares exit the walk up the tree is set for all descendants; it is never taken
 * away. */
void prctl_set_subreaper(bool on)
{
    struct process *self = process_current(), *process;
    uint64_t saved = spin_lock_irq(&tree_lock);

    self->subreaper = on;
    if (on) {
        TAILQ_FOREACH (process, &all_processes, all_link) {
            if (process != self && descends_from_locked(process, self))
                process->has_subreaper = true;
        }
    }
    spin_unlock_irq(&tree_lock, saved);
}

bool prctl_keep_capabilities(void)
{
    return (task_current()->cred->securebits & SECBIT_KEEP_CAPS) != 0;
}

static int securebits_install(uint32_t bits)
{
    struct cred *new = cred_copy(task_current()->cred);

    if (!new)
        return -ENOMEM;
    new->securebits = bits;
    task_set_cred(new);
    return 0;
}

int prctl_set_keep_capabilities(bool keep)
{
    uint32_t bits = task_current()->cred->securebits;

    if (bits & SECBIT_KEEP_CAPS_LOCKED)
        return -EPERM;
    return securebits_install(keep ? bits | SECBIT_KEEP_CAPS : bits & ~(uint32_t)SECBIT_KEEP_CAPS);
}

int prctl_set_securebits(uint64_t bits)
{
    uint32_t now = task_current()->cred->securebits;
    uint64_t locked = now & SECURE_ALL_LOCKS;

    if ((locked >> 1) & (now ^ bits)) /* a locked bit would change */
        return -EPERM;
    if ((locked & ~bits) || (bits & ~(uint64_t)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)))
        return -EPERM;
    if (!identity_capable(CAP_SETPCAP))
        return -EPERM;
    return securebits_install((uint32_t)bits);
}

int prctl_bounding_has(uint64_t capability)
{
    if (capability > CAP_LAST_CAP)
        return -EINVAL;
    return (int)(task_current()->cred->bounding >> capability & 1);
}

int prctl_bounding_drop(uint64_t capability)
{
    struct cred *new;

    if (!identity_capable(CAP_SETPCAP))
        return -EPERM;
    if (capability > CAP_LAST_CAP)
        return -EINVAL;
    new = cred_copy(task_current()->cred);
    if (!new)
        return -ENOMEM;
    new->bounding &= ~(UINT64_C(1) << capability);
    task_set_cred(new);
    return 0;
}

static int ambient_install(uint64_t ambient)
{
    struct cred *new = cred_copy(task_current()->cred);

    if (!new)
        return -ENOMEM;
    new->ambient = ambient;
    task_set_cred(new);
    return 0;
}

int prctl_ambient(uint64_t operation, uint64_t capability)
{
    const struct cred *cred = task_current()->cred;
    uint64_t bit;

    if (operation == PR_CAP_AMBIENT_CLEAR_ALL)
        return capability ? -EINVAL : ambient_install(0);
    if (capability > CAP_LAST_CAP)
        return -EINVAL;
    bit = UINT64_C(1) << capability;
    switch (operation) {
    case PR_CAP_AMBIENT_IS_SET:
        return (cred->ambient & bit) != 0;
    case PR_CAP_AMBIENT_RAISE:
        if (!(cred->permitted & cred->inheritable & bit) ||
            (cred->securebits & SECBIT_NO_CAP_AMBIENT_RAISE))
            return -EPERM;
        return ambient_install(cred->ambient | bit);
    case PR_CAP_AMBIENT_LOWER:
        return ambient_install(cred->ambient & ~bit);
    default:
        return -EINVAL;
    }
}
