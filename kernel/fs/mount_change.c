/*
 * Changes of the tree of mounts: mount(2), umount2(2), pivot_root(2). Each checks everything,
 * builds what it needs, then changes the links, all with the tree locked. Nothing here is on a hot
 * path.
 */
#include "fs/dentry.h"
#include "fs/filesystem.h"
#include "fs/filesystem_internal.h"
#include "fs/mount_internal.h"
#include "fs/path.h"
#include "lib/errno.h"
#include <linux/stat.h>

/* From sys/mount.h, which is not among the exported headers. */
enum {
    UMOUNT_FORCE = 1,
    UMOUNT_DETACH = 2,
    UMOUNT_EXPIRE = 4,
};

/* May something hang here? The caller holds counts. */
static int mountpoint_check(const struct path *where, bool directory)
{
    if (dentry_removed(where->dentry))
        return -ENOENT;
    if (S_ISDIR(path_inode(where)->mode) != directory)
        return -ENOTDIR;
    return 0;
}

/* Hangs a fresh mount at the topmost place on `where`; its count goes to the table or is put. */
static int mount_place(struct mount *mount, const struct path *where)
{
    struct path top = *where;
    int error;

    path_get(&top);
    mount_lock_tree();
    mount_cross_down(&top);
    error = mountpoint_check(&top, S_ISDIR(dentry_inode(mount->root)->mode));
    if (!error && mount->root == top.mount->root && top.dentry == top.mount->root)
        error = -EBUSY;
    if (!error)
        mount_attach(mount, &top);
    mount_unlock_tree();
    path_put(&top);
    if (error)
        mount_put(mount);
    return error;
}

int mount_new(const struct path *where, const char *type, const char *source, const char *options,
              uint32_t flags)
{
    struct filesystem *filesystem;
    struct mount *mount;
    int error = filesystem_make(type, source, options, &filesystem);

    if (error)
        return error;
    mount = mount_alloc(filesystem, filesystem->root, *source ? source : "none", flags);
    filesystem_put(filesystem);
    return mount ? mount_place(mount, where) : -ENOMEM;
}

/* One pass over all mounts: copies each child of a mount that has a twin to the same place in the
 * twin. Sets *changed. */
static int mount_copy_pass(const struct path *from, bool *changed)
{
    struct mount *child, *copy;
    struct path where;

    for (child = mount_next(NULL); child; child = mount_next(child)) {
        if (child->twin || child->parent == child || !child->parent->twin)
            continue;
        if (child->parent == from->mount && !dentry_below(child->mountpoint, from->dentry))
            continue;
        copy = mount_alloc(child->filesystem, child->root, child->source, child->flags);
        if (!copy)
            return -ENOMEM;
        child->twin = copy;
        where = (struct path){child->parent->twin, child->mountpoint};
        mount_attach(copy, &where);
        *changed = true;
    }
    return 0;
}

/* Makes what hangs below `from` hang below its copy as well. Tree locked. */
static int mount_copy_tree(const struct path *from, struct mount *copy)
{
    struct mount *mount;
    bool changed = true;
    int error = 0;

    from->mount->twin = copy;
    while (changed && !error) {
        changed = false;
        error = mount_copy_pass(from, &changed);
    }
    for (mount = mount_next(NULL); mount; mount = mount_next(mount))
        mount->twin = NULL;
    return error;
}

int mount_bind(const struct path *from, const struct path *where, bool recursive)
{
    struct mount *mount =
        mount_alloc(from->mount->filesystem, from->dentry, from->mount->source, from->mount->flags);
    int error;

    if (!mount)
        return -ENOMEM;
    mount_get(mount);
    error = mount_place(mount, where);
    if (!error && recursive) {
        mount_lock_tree();
        error = mount_copy_tree(from, mount);
        mount_unlock_tree();
    }
    mount_put(mount);
    return error;
}

int mount_move(const struct path *from, const struct path *where)
{
    struct path top = *where;
    int error;

    path_get(&top);
    mount_lock_tree();
    mount_cross_down(&top);
    error = mountpoint_check(&top, S_ISDIR(path_inode(from)->mode));
    if (from->dentry != from->mount->root || !from->mount->mountpoint)
        error = -EINVAL;
    else if (!error && mount_below(top.mount, from->mount))
        error = -ELOOP;
    if (!error)
        mount_relocate(from->mount, &top);
    mount_unlock_tree();
    path_put(&top);
    return error;
}

static int mount_set_flags(struct mount *mount, uint32_t flags)
{
    uint32_t old = atomic_load(&mount->flags);

    atomic_store(&mount->flags, flags & MOUNT_FLAGS);
    if ((flags & MS_RDONLY) && !(old & MS_RDONLY) && atomic_load(&mount->writers)) {
        atomic_store(&mount->flags, old);
        return -EBUSY;
    }
    return 0;
}

int mount_remount(const struct path *where, uint32_t flags, const char *options, bool only_mount)
{
    struct filesystem *filesystem = where->mount->filesystem;
    int error = 0;

    if (where->dentry != where->mount->root)
        return -EINVAL;
    mount_lock_tree();
    if (!only_mount && *options) {
        error = -EINVAL;
        if (filesystem->ops && filesystem->ops->remount)
            error = filesystem->ops->remount(filesystem, options);
    }
    if (!error)
        error = mount_set_flags(where->mount, flags);
    mount_unlock_tree();
    return error;
}

static bool mount_has_children(const struct mount *mount)
{
    struct mount *child;

    for (child = mount_next(NULL); child; child = mount_next(child))
        if (child->parent == mount && child != mount)
            return true;
    return false;
}

/* Takes `mount` and all below it out of the tree, the deepest first. Tree locked. */
static void mount_detach_all(struct mount *mount)
{
    struct mount *child;

    while (mount_has_children(mount)) {
        for (child = mount_next(NULL); child; child = mount_next(child))
            if (child != mount && mount_below(child, mount) && !mount_has_children(child))
                break;
        mount_detach(child);
        mount_put(child);
    }
    mount_detach(mount);
    mount_put(mount);
}

/* Counts beyond the table's and the caller's path mean that it is in use. */
static int mount_check_idle(struct mount *mount)
{
    dentry_cache_drop(mount->filesystem);
    if (mount_has_children(mount) || atomic_load(&mount->refs) > 2)
        return -EBUSY;
    return 0;
}

static int mount_expire(struct mount *mount)
{
    int error = mount_check_idle(mount);

    if (error)
        return error;
    if (mount->expiring)
        return 0;
    mount->expiring = true;
    return -EAGAIN;
}

int mount_remove(const struct path *where, unsigned flags)
{
    struct mount *mount = where->mount;
    int error = 0;

    if (where->dentry != mount->root)
        return -EINVAL;
    mount_lock_tree();
    if (!mount->parent)
        error = -EINVAL;
    else if (!mount->mountpoint)
        error = (flags & UMOUNT_EXPIRE) ? -EINVAL : -EBUSY;
    else if (flags & UMOUNT_EXPIRE)
        error = mount_expire(mount);
    else if (!(flags & UMOUNT_DETACH))
        error = mount_check_idle(mount);
    if (!error)
        mount_detach_all(mount);
    mount_unlock_tree();
    return error;
}

/* The checks of pivot_root(2). root: the caller's. Tree locked. */
static int pivot_check(const struct path *new_root, const struct path *put_old,
                       const struct path *root)
{
    if (!S_ISDIR(path_inode(new_root)->mode) || !S_ISDIR(path_inode(put_old)->mode))
        return -ENOTDIR;
    if (new_root->mount == root->mount || put_old->mount == root->mount)
        return -EBUSY;
    if (new_root->dentry != new_root->mount->root || root->dentry != root->mount->root)
        return -EINVAL;
    if (!new_root->mount->mountpoint || !root->mount->parent)
        return -EINVAL;
    if (!mount_below(put_old->mount, new_root->mount))
        return -EINVAL;
    /* The first root of all has nowhere to go. */
    return root->mount->mountpoint ? 0 : -EINVAL;
}

int mount_pivot(const struct path *new_root, const struct path *put_old, const struct path *root)
{
    struct path old_place;
    int error;

    mount_lock_tree();
    error = pivot_check(new_root, put_old, root);
    if (!error) {
        old_place = (struct path){root->mount->parent, root->mount->mountpoint};
        path_get(&old_place);
        mount_relocate(root->mount, put_old);
        mount_relocate(new_root->mount, &old_place);
        path_put(&old_place);
    }
    mount_unlock_tree();
    return error;
}

void filesystem_sync_all(void)
{
    struct mount *mount;

    mount_lock_tree();
    for (mount = mount_next(NULL); mount; mount = mount_next(mount))
        if (mount->filesystem->ops && mount->filesystem->ops->sync)
            mount->filesystem->ops->sync(mount->filesystem);
    mount_unlock_tree();
}
