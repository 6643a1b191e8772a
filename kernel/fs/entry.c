/*
 * Making, linking and removing names. Order of the checks as Linux's: what the last component is,
 * whether the name exists, whether the mount can be written, rights, then what the file system
 * says. Renames are in rename.c.
 *
 * Locks: the directory's, then (remove, link) that of the inode whose count of links changes.
 */
#include "fs/entry.h"
#include "file/caller.h"
#include "file/cred.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "lib/errno.h"
#include <linux/capability.h>
#include <linux/stat.h>

static bool is_device(uint32_t mode)
{
    return S_ISCHR(mode) || S_ISBLK(mode);
}

int entry_make_locked(struct inode *directory, struct dentry *child, const struct inode_new *wanted)
{
    struct name name = {child->name, child->length, child->hash};
    struct inode_new complete = *wanted;
    struct inode *inode;
    int error;

    if (!directory->ops->make)
        return -EPERM;
    permission_inherit(directory, wanted->mode, &complete);
    error = directory->ops->make(directory, &name, &complete, &inode);
    if (!error)
        dentry_instantiate(child, inode);
    return error;
}

/* The checks once the name was looked up; the mount is known to be writable if `writable` is 0. */
static int make_check(struct inode *directory, const struct path_last *last, struct dentry *child,
                      const struct inode_new *wanted, int writable)
{
    int error;

    if (dentry_inode(child))
        return -EEXIST;
    if (last->slash && !S_ISDIR(wanted->mode))
        return -ENOENT;
    error = writable ?: permission_make(directory);
    if (error)
        return error;
    if (is_device(wanted->mode) && !cred_capable(caller_cred(), CAP_MKNOD))
        return -EPERM;
    return 0;
}

int entry_make(const struct path_last *last, const struct inode_new *wanted, struct dentry **made)
{
    struct inode *directory = path_inode(&last->directory);
    struct dentry *child;
    int error, writable;

    if (last->kind != LAST_NAME)
        return -EEXIST;
    writable = mount_write_begin(last->directory.mount);
    mutex_lock(&directory->lock);
    error = dentry_lookup_locked(last->directory.dentry, &last->name, &child);
    if (!error) {
        error = make_check(directory, last, child, wanted, writable);
        if (!error)
            error = entry_make_locked(directory, child, wanted);
        if (!error && made)
            *made = dentry_get(child);
        dentry_put(child);
    }
    mutex_unlock(&directory->lock);
    if (!writable)
        mount_write_end(last->directory.mount);
    return error;
}

int entry_make_plain(struct dentry *parent, const char *text, size_t length,
                     const struct inode_new *wanted, struct dentry **child)
{
    struct inode *directory = dentry_inode(parent), *inode;
    struct name name = {text, (uint32_t)length, name_hash(text, length)};
    struct dentry *found;
    int error;

    mutex_lock(&directory->lock);
    error = dentry_lookup_locked(parent, &name, &found);
    if (error) {
        mutex_unlock(&directory->lock);
        return error;
    }
    error = dentry_inode(found) ? -EEXIST : directory->ops->make(directory, &name, wanted, &inode);
    if (!error)
        dentry_instantiate(found, inode);
    mutex_unlock(&directory->lock);
    if (child && (!error || error == -EEXIST))
        *child = dentry_get(found);
    dentry_put(found);
    return error;
}

static int link_check(struct inode *directory, struct inode *inode, const struct path *from,
                      const struct path_last *to, struct dentry *child, int writable)
{
    int error;

    if (dentry_inode(child))
        return -EEXIST;
    if (to->slash)
        return -ENOENT;
    if (writable)
        return writable;
    if (from->mount != to->directory.mount)
        return -EXDEV;
    if (!permission_link(inode))
        return -EPERM;
    error = permission_make(directory);
    if (error)
        return error;
    if (S_ISDIR(inode->mode) || !directory->ops->link)
        return -EPERM;
    return 0;
}

static int link_locked(struct inode *directory, struct inode *inode, struct dentry *child)
{
    struct name name = {child->name, child->length, child->hash};
    int error = -ENOENT;

    mutex_lock(&inode->lock);
    if (inode->links || inode->linkable)
        error = directory->ops->link(directory, &name, inode);
    if (!error)
        inode->linkable = false;
    mutex_unlock(&inode->lock);
    if (!error) {
        inode_get(inode);
        dentry_instantiate(child, inode);
    }
    return error;
}

int entry_link(const struct path *from, const struct path_last *to)
{
    struct inode *directory = path_inode(&to->directory), *inode = path_inode(from);
    struct dentry *child;
    int error, writable;

    if (to->kind != LAST_NAME)
        return -EEXIST;
    writable = mount_write_begin(to->directory.mount);
    mutex_lock(&directory->lock);
    error = dentry_lookup_locked(to->directory.dentry, &to->name, &child);
    if (!error) {
        error = link_check(directory, inode, from, to, child, writable);
        if (!error)
            error = link_locked(directory, inode, child);
        dentry_put(child);
    }
    mutex_unlock(&directory->lock);
    if (!writable)
        mount_write_end(to->directory.mount);
    return error;
}

/* What rmdir and unlink say to a last component that is not a name. */
static int remove_kind_error(const struct path_last *last, bool directory)
{
    if (!directory)
        return -EISDIR;
    if (last->kind == LAST_DOT)
        return -EINVAL;
    return last->kind == LAST_DOT_DOT ? -ENOTEMPTY : -EBUSY;
}

static int remove_check(struct inode *directory, const struct path_last *last, struct dentry *child,
                        bool directory_wanted, int writable)
{
    struct inode *victim = dentry_inode(child);
    int error;

    if (!victim)
        return -ENOENT;
    if (last->slash && !directory_wanted)
        return S_ISDIR(victim->mode) ? -EISDIR : -ENOTDIR;
    error = writable ?: permission_remove(directory, victim, directory_wanted);
    if (error)
        return error;
    if (child->flags & DENTRY_MOUNTED)
        return -EBUSY;
    return directory->ops->remove ? 0 : -EPERM;
}

static int remove_locked(struct inode *directory, struct dentry *child)
{
    struct name name = {child->name, child->length, child->hash};
    struct inode *victim = dentry_inode(child);
    int error;

    mutex_lock(&victim->lock);
    error = directory->ops->remove(directory, &name, victim);
    mutex_unlock(&victim->lock);
    if (!error)
        dentry_forget(child);
    return error;
}

int entry_remove(const struct path_last *last, bool directory_wanted)
{
    struct inode *directory = path_inode(&last->directory);
    struct dentry *child;
    int error, writable;

    if (last->kind != LAST_NAME)
        return remove_kind_error(last, directory_wanted);
    writable = mount_write_begin(last->directory.mount);
    mutex_lock(&directory->lock);
    error = dentry_lookup_locked(last->directory.dentry, &last->name, &child);
    if (!error) {
        error = remove_check(directory, last, child, directory_wanted, writable);
        if (!error)
            error = remove_locked(directory, child);
    } else {
        child = NULL;
    }
    mutex_unlock(&directory->lock);
    /* The last count of a large file frees all its pages: without the lock. */
    dentry_put(child);
    if (!writable)
        mount_write_end(last->directory.mount);
    return error;
}
