/*
 * Credentials across execve (capabilities(7), "Transformation of capabilities during execve()"),
 * for files without capabilities of their own: set-user-id and set-group-id bits, and what being
 * root means.
 */
#include "file/file.h"
#include "fs/inode.h"
#include "fs/mount.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "proc/exec_parts.h"
#include <linux/mount.h>
#include <linux/securebits.h>
#include <linux/stat.h>

/* Does the file change the user or group? Not on nosuid mounts, nor once privileges were given up
 * for good. */
static void set_id(struct cred *cred, const struct file *file)
{
    uint32_t mode = file->inode->mode;

    if (process_current()->no_new_privileges || (atomic_load(&file->path.mount->flags) & MS_NOSUID))
        return;
    if (mode & S_ISUID)
        cred->euid = file->inode->uid;
    if ((mode & S_ISGID) && (mode & S_IXGRP))
        cred->egid = file->inode->gid;
}

static void set_capabilities(struct cred *cred, bool id_changed)
{
    bool root_matters = !(cred->securebits & issecure_mask(SECURE_NOROOT));
    bool root = root_matters && (!cred->uid || !cred->euid);

    if (id_changed)
        cred->ambient = 0;
    cred->permitted = root ? cred->inheritable | cred->bounding : cred->ambient;
    cred->effective = root && !cred->euid ? cred->permitted : cred->ambient;
    cred->securebits &= ~(uint32_t)issecure_mask(SECURE_KEEP_CAPS);
}

int exec_cred(struct exec *exec, const struct cred *old)
{
    struct cred *cred = cred_copy(old);

    if (!cred)
        return -ENOMEM;
    set_id(cred, exec->file);
    bool changed = cred->euid != old->uid || cred->egid != old->gid;
    set_capabilities(cred, cred->euid != old->euid || cred->egid != old->egid);
    cred->suid = cred->fsuid = cred->euid;
    cred->sgid = cred->fsgid = cred->egid;
    exec->secure = changed || (cred->uid && cred->permitted & ~cred->ambient);
    exec->cred = cred;
    return 0;
}
