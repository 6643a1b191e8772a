/*
 * Permission (path_resolution(7), inode(7), capabilities(7)). All decisions compare the caller's
 * fsuid, fsgid, groups and effective capabilities with words of the inode; none takes a lock, so
 * that each is right for some moment during the call.
 */
#include "fs/permission.h"
#include "file/caller.h"
#include "file/cred.h"
#include "fs/path.h"
#include "lib/errno.h"
#include <linux/capability.h>
#include <linux/stat.h>

/* The three bits that count for these credentials. */
static uint32_t mode_bits(const struct inode *inode, const struct cred *cred)
{
    if (cred->fsuid == inode->uid)
        return inode->mode >> 6 & 7;
    if (cred_in_group(cred, inode->gid))
        return inode->mode >> 3 & 7;
    return inode->mode & 7;
}

int inode_permission_generic(struct inode *inode, unsigned may, const struct cred *cred)
{
    uint32_t mode = inode->mode;

    if ((may & ~mode_bits(inode, cred)) == 0)
        return 0;
    if (S_ISDIR(mode)) {
        if (!(may & MAY_WRITE) && cred_capable(cred, CAP_DAC_READ_SEARCH))
            return 0;
        return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
    }
    if (may == MAY_READ && cred_capable(cred, CAP_DAC_READ_SEARCH))
        return 0;
    if ((!(may & MAY_EXECUTE) || (mode & 0111)) && cred_capable(cred, CAP_DAC_OVERRIDE))
        return 0;
    return -EACCES;
}

int inode_permission_as(struct inode *inode, unsigned may, const struct cred *cred)
{
    if (inode->ops->permission)
        return inode->ops->permission(inode, may);
    return inode_permission_generic(inode, may, cred);
}

int inode_permission(struct inode *inode, unsigned may)
{
    return inode_permission_as(inode, may, caller_cred());
}

int permission_make(struct inode *directory)
{
    if (!directory->links)
        return -ENOENT;
    return inode_permission(directory, MAY_WRITE | MAY_EXECUTE);
}

bool permission_sticky(const struct inode *directory, const struct inode *victim)
{
    const struct cred *cred = caller_cred();

    if (!(directory->mode & S_ISVTX))
        return false;
    return cred->fsuid != victim->uid && cred->fsuid != directory->uid &&
           !cred_capable(cred, CAP_FOWNER);
}

int permission_remove(struct inode *directory, struct inode *victim, bool directory_wanted)
{
    int error = inode_permission(directory, MAY_WRITE | MAY_EXECUTE);

    if (error)
        return error;
    if (permission_sticky(directory, victim))
        return -EPERM;
    if (directory_wanted)
        return S_ISDIR(victim->mode) ? 0 : -ENOTDIR;
    return S_ISDIR(victim->mode) ? -EISDIR : 0;
}

bool permission_owner(const struct inode *inode)
{
    const struct cred *cred = caller_cred();

    return cred->fsuid == inode->uid || cred_capable(cred, CAP_FOWNER);
}

bool permission_link(struct inode *inode)
{
    uint32_t mode = inode->mode;

    if (permission_owner(inode))
        return true;
    return S_ISREG(mode) && !(mode & S_ISUID) &&
           (mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
           !inode_permission(inode, MAY_READ | MAY_WRITE);
}

bool permission_follow(const struct inode *directory, const struct inode *link)
{
    if (caller_cred()->fsuid == link->uid || directory->uid == link->uid)
        return true;
    return (directory->mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH);
}

void permission_inherit(const struct inode *directory, uint32_t mode, struct inode_new *new_inode)
{
    const struct cred *cred = caller_cred();

    new_inode->uid = cred->fsuid;
    new_inode->gid = cred->fsgid;
    if (directory->mode & S_ISGID) {
        new_inode->gid = directory->gid;
        if (S_ISDIR(mode))
            mode |= S_ISGID;
        else if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
                 !cred_in_group(cred, directory->gid) && !cred_capable(cred, CAP_FSETID))
            mode &= ~(uint32_t)S_ISGID;
    }
    new_inode->mode = mode;
}

uint32_t permission_lost_bits(const struct inode *inode)
{
    uint32_t lost = 0;

    if (!S_ISREG(inode->mode) || !(inode->mode & (S_ISUID | S_ISGID)))
        return 0;
    if (cred_capable(caller_cred(), CAP_FSETID))
        return 0;
    lost = inode->mode & S_ISUID;
    if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) ||
        ((inode->mode & S_ISGID) && !cred_in_group(caller_cred(), inode->gid)))
        lost |= S_ISGID;
    return lost;
}

/* chown(2): to whom may the caller give it? */
static int change_owner_check(const struct inode *inode, const struct inode_change *change)
{
    const struct cred *cred = caller_cred();

    if (cred_capable(cred, CAP_CHOWN))
        return 0;
    if (cred->fsuid != inode->uid)
        return -EPERM;
    if ((change->mask & INODE_CHANGE_UID) && change->uid != inode->uid)
        return -EPERM;
    if ((change->mask & INODE_CHANGE_GID) && change->gid != inode->gid &&
        !cred_in_group(cred, change->gid))
        return -EPERM;
    return 0;
}

static int change_check(const struct inode *inode, struct inode_change *change)
{
    const struct cred *cred = caller_cred();
    uint32_t group = (change->mask & INODE_CHANGE_GID) ? change->gid : inode->gid;

    if (change->mask & (INODE_CHANGE_UID | INODE_CHANGE_GID)) {
        int error = change_owner_check(inode, change);

        if (error)
            return error;
    }
    if (change->mask & INODE_CHANGE_MODE) {
        if (!permission_owner(inode))
            return -EPERM;
        if (!cred_in_group(cred, group) && !cred_capable(cred, CAP_FSETID))
            change->mode &= ~(uint32_t)S_ISGID;
    }
    if ((change->mask & (INODE_CHANGE_ATIME | INODE_CHANGE_MTIME)) && !permission_owner(inode))
        return -EPERM;
    return 0;
}

/* A change of owner takes the set-id bits of whatever is not a directory. */
static void change_clear_bits(const struct inode *inode, struct inode_change *change)
{
    uint32_t mode = (change->mask & INODE_CHANGE_MODE) ? change->mode : inode->mode;

    if (!(change->mask & (INODE_CHANGE_UID | INODE_CHANGE_GID)) || S_ISDIR(inode->mode))
        return;
    if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        mode &= ~(uint32_t)S_ISGID;
    else if ((mode & S_ISGID) && !cred_in_group(caller_cred(), inode->gid) &&
             !cred_capable(caller_cred(), CAP_FSETID))
        mode &= ~(uint32_t)S_ISGID;
    mode &= ~(uint32_t)S_ISUID;
    if ((mode & 07777) != (inode->mode & 07777)) {
        change->mask |= INODE_CHANGE_MODE;
        change->mode = mode & 07777;
    }
}

static int change_commit(struct inode *inode, struct inode_change *change)
{
    change->mask |= INODE_CHANGE_CTIME;
    change->ctime = inode_time();
    if (inode->ops->set_attributes)
        return inode->ops->set_attributes(inode, change);
    return inode_change_apply(inode, change);
}

int inode_change(struct inode *inode, struct inode_change *change)
{
    int error;

    mutex_lock(&inode->lock);
    error = change_check(inode, change);
    if (!error) {
        change_clear_bits(inode, change);
        error = change_commit(inode, change);
    }
    mutex_unlock(&inode->lock);
    return error;
}

int inode_change_unchecked(struct inode *inode, struct inode_change *change)
{
    int error;

    mutex_lock(&inode->lock);
    error = change_commit(inode, change);
    mutex_unlock(&inode->lock);
    return error;
}
