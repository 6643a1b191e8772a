/*
 * rename(2). Between two directories the file system's rename lock is held, so that the tree above
 * them stands still while it is asked who is above whom; then both directories' locks (the upper
 * one first, else by address), then the lock of the inode that loses its name.
 *
 * Order of the checks as Linux's: kinds of the last components, mounts, both names, loops, trailing
 * slashes, rights, types, then the file system (which checks emptiness).
 */
#include "fs/entry.h"
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "lib/errno.h"
#include <linux/fs.h>
#include <linux/stat.h>

struct rename {
    const struct path_last *from, *to;
    struct inode *from_directory, *to_directory;
    struct dentry *source, *target; /* counted */
    unsigned flags;
    bool nested; /* from and to are in different directories */
};

static void rename_lock(struct rename *rename)
{
    struct dentry *from = rename->from->directory.dentry, *to = rename->to->directory.dentry;
    struct inode *first = rename->from_directory, *second = rename->to_directory;

    rename->nested = first != second;
    if (!rename->nested) {
        mutex_lock(&first->lock);
        return;
    }
    mutex_lock(&first->filesystem->rename_lock);
    if (dentry_below(from, to) || (!dentry_below(to, from) && second < first)) {
        first = rename->to_directory;
        second = rename->from_directory;
    }
    mutex_lock(&first->lock);
    mutex_lock(&second->lock);
}

static void rename_unlock(struct rename *rename)
{
    mutex_unlock(&rename->from_directory->lock);
    if (!rename->nested)
        return;
    mutex_unlock(&rename->to_directory->lock);
    mutex_unlock(&rename->from_directory->filesystem->rename_lock);
}

static int rename_kinds(const struct rename *rename)
{
    if (rename->flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    if ((rename->flags & RENAME_NOREPLACE) && (rename->flags & RENAME_EXCHANGE))
        return -EINVAL;
    if (rename->from->directory.mount != rename->to->directory.mount)
        return -EXDEV;
    if (rename->from->kind != LAST_NAME)
        return -EBUSY;
    if (rename->to->kind != LAST_NAME)
        return (rename->flags & RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
    return 0;
}

static int rename_lookup(struct rename *rename)
{
    int error =
        dentry_lookup_locked(rename->from->directory.dentry, &rename->from->name, &rename->source);

    if (error)
        return error;
    if (!dentry_inode(rename->source))
        return -ENOENT;
    error = dentry_lookup_locked(rename->to->directory.dentry, &rename->to->name, &rename->target);
    if (error)
        return error;
    if ((rename->flags & RENAME_NOREPLACE) && dentry_inode(rename->target))
        return -EEXIST;
    if ((rename->flags & RENAME_EXCHANGE) && !dentry_inode(rename->target))
        return -ENOENT;
    return 0;
}

/* Trailing slashes ask for directories; nobody moves into itself. */
static int rename_shape(const struct rename *rename)
{
    struct inode *source = dentry_inode(rename->source), *target = dentry_inode(rename->target);
    bool exchange = rename->flags & RENAME_EXCHANGE;

    if (exchange && !S_ISDIR(target->mode) && rename->to->slash)
        return -ENOTDIR;
    if (!S_ISDIR(source->mode) && (rename->from->slash || (!exchange && rename->to->slash)))
        return -ENOTDIR;
    if (dentry_below(rename->to->directory.dentry, rename->source))
        return -EINVAL;
    if (dentry_below(rename->from->directory.dentry, rename->target))
        return exchange ? -EINVAL : -ENOTEMPTY;
    return 0;
}

static int rename_rights(const struct rename *rename)
{
    struct inode *source = dentry_inode(rename->source), *target = dentry_inode(rename->target);
    bool is_directory = S_ISDIR(source->mode);
    int error = permission_remove(rename->from_directory, source, is_directory);

    if (error)
        return error;
    if (!target)
        error = permission_make(rename->to_directory);
    else if (rename->flags & RENAME_EXCHANGE)
        error = permission_remove(rename->to_directory, target, S_ISDIR(target->mode));
    else
        error = permission_remove(rename->to_directory, target, is_directory);
    /* A directory that moves gets another "..": it is written to. */
    if (!error && is_directory && rename->nested)
        error = inode_permission(source, MAY_WRITE);
    if (!error && (rename->flags & RENAME_EXCHANGE) && S_ISDIR(target->mode) && rename->nested)
        error = inode_permission(target, MAY_WRITE);
    if (error)
        return error;
    if ((rename->source->flags | rename->target->flags) & DENTRY_MOUNTED)
        return -EBUSY;
    return rename->from_directory->ops->rename ? 0 : -EPERM;
}

static int rename_commit(struct rename *rename)
{
    struct inode *source = dentry_inode(rename->source), *target = dentry_inode(rename->target);
    bool exchange = rename->flags & RENAME_EXCHANGE;
    int error;

    if (target && !exchange)
        mutex_lock(&target->lock);
    error = rename->from_directory->ops->rename(rename->from_directory, &rename->from->name, source,
                                                rename->to_directory, &rename->to->name, target,
                                                rename->flags);
    if (target && !exchange)
        mutex_unlock(&target->lock);
    if (error)
        return error;
    if (exchange) {
        dentry_exchange(rename->source, rename->target);
    } else if (dentry_move(rename->source, rename->to->directory.dentry, &rename->to->name,
                           rename->target)) {
        /* No memory for the long name: the cache forgets both and asks again. */
        dentry_forget(rename->source);
        dentry_forget(rename->target);
    }
    return 0;
}

static int rename_locked(struct rename *rename)
{
    int error = rename_lookup(rename) ?: rename_shape(rename);

    if (error)
        return error;
    if (dentry_inode(rename->source) == dentry_inode(rename->target))
        return 0;
    return rename_rights(rename) ?: rename_commit(rename);
}

int entry_rename(const struct path_last *from, const struct path_last *to, unsigned flags)
{
    struct rename rename = {
        .from = from,
        .to = to,
        .from_directory = path_inode(&from->directory),
        .to_directory = path_inode(&to->directory),
        .flags = flags,
    };
    int error = rename_kinds(&rename);

    if (error)
        return error;
    error = mount_write_begin(from->directory.mount);
    if (error)
        return error;
    rename_lock(&rename);
    error = rename_locked(&rename);
    rename_unlock(&rename);
    dentry_put(rename.source);
    dentry_put(rename.target);
    mount_write_end(from->directory.mount);
    return error;
}
