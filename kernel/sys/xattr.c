/*
 * Extended attributes (xattr(7)): which names who may read and write, then the file system's
 * operation.
 */
#include "file/caller.h"
#include "file/cred.h"
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

/* What a call is about: a path found by name or behind a descriptor. */
struct xattr_target {
    struct path path;  /* counted; may be empty */
    struct file *file; /* counted or NULL */
    struct inode *inode;
};

static int target_of_path(struct xattr_target *target, struct uaddr path, bool follow)
{
    int error = path_resolve_user(AT_FDCWD, path, follow ? PATH_FOLLOW : 0, &target->path);

    target->file = NULL;
    if (!error)
        target->inode = path_inode(&target->path);
    return error;
}

static int target_of_fd(struct xattr_target *target, int fd)
{
    target->path = (struct path){NULL, NULL};
    target->file = file_argument_opened(fd);
    if (!target->file)
        return -EBADF;
    target->inode = target->file->inode;
    if (!target->inode) {
        file_put(target->file);
        return -EOPNOTSUPP;
    }
    return 0;
}

static void target_drop(struct xattr_target *target)
{
    path_put(&target->path);
    if (target->file)
        file_put(target->file);
}

static struct mount *target_mount(const struct xattr_target *target)
{
    return target->file ? target->file->path.mount : target->path.mount;
}

static int name_read(struct uaddr from, char **name)
{
    int error = string_argument(from, XATTR_NAME_MAX + 1, name);

    if (error)
        return error == -ENAMETOOLONG ? -ERANGE : error;
    if (**name)
        return 0;
    heap_free(*name);
    return -ERANGE;
}

static bool has_prefix(const char *name, const char *prefix)
{
    return !strncmp(name, prefix, strlen(prefix)) && name[strlen(prefix)];
}

static int user_permission(struct inode *inode, bool write)
{
    if (!(inode->filesystem->type->flags & FILESYSTEM_XATTR_USER))
        return -EOPNOTSUPP;
    if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
        return write ? -EPERM : -ENODATA;
    if (write && S_ISDIR(inode->mode) && (inode->mode & S_ISVTX) && !permission_owner(inode))
        return -EPERM;
    return inode_permission(inode, write ? MAY_WRITE : MAY_READ);
}

static int xattr_permission(struct inode *inode, const char *name, bool write)
{
    const struct cred *cred = caller_cred();

    if (has_prefix(name, XATTR_USER_PREFIX))
        return user_permission(inode, write);
    if (has_prefix(name, XATTR_TRUSTED_PREFIX)) {
        if (cred_capable(cred, CAP_SYS_ADMIN))
            return 0;
        return write ? -EPERM : -ENODATA;
    }
    if (!has_prefix(name, XATTR_SECURITY_PREFIX))
        return -EOPNOTSUPP;
    if (!write)
        return 0;
    if (!strcmp(name, XATTR_NAME_CAPS))
        return cred_capable(cred, CAP_SETFCAP) ? 0 : -EPERM;
    return cred_capable(cred, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static int64_t get_value(struct inode *inode, const char *name, struct uaddr value, uint64_t size)
{
    int64_t result = xattr_permission(inode, name, false);
    void *buffer = NULL;

    if (!result && !inode->ops->get_xattr)
        result = -EOPNOTSUPP;
    if (result)
        return result;
    if (size > XATTR_SIZE_MAX)
        size = XATTR_SIZE_MAX;
    if (size && !(buffer = heap_alloc(size)))
        return -ENOMEM;
    result = inode->ops->get_xattr(inode, name, buffer, size);
    if (result > 0 && size && copy_to_user(value, buffer, (size_t)result))
        result = -EFAULT;
    heap_free(buffer);
    return result;
}

static int64_t get_target(struct xattr_target *target, struct uaddr name, struct uaddr value,
                          uint64_t size)
{
    char *text;
    int64_t result = name_read(name, &text);

    if (!result) {
        result = get_value(target->inode, text, value, size);
        heap_free(text);
    }
    target_drop(target);
    return result;
}

int64_t sys_getxattr(struct uaddr path, struct uaddr name, struct uaddr value, uint64_t size)
{
    struct xattr_target target;
    int error = target_of_path(&target, path, true);

    return error ? error : get_target(&target, name, value, size);
}

int64_t sys_lgetxattr(struct uaddr path, struct uaddr name, struct uaddr value, uint64_t size)
{
    struct xattr_target target;
    int error = target_of_path(&target, path, false);

    return error ? error : get_target(&target, name, value, size);
}

int64_t sys_fgetxattr(int32_t fd, struct uaddr name, struct uaddr value, uint64_t size)
{
    struct xattr_target target;
    int error = target_of_fd(&target, fd);

    return error ? error : get_target(&target, name, value, size);
}

/* A change: of `name` to value[size], or its removal. */
struct xattr_change {
    char *name;
    void *value;
    size_t size;
    unsigned flags;
    bool remove;
};

static int change_locked(struct inode *inode, const struct xattr_change *change)
{
    int error = xattr_permission(inode, change->name, true);

    if (error)
        return error;
    if (change->remove)
        return inode->ops->remove_xattr ? inode->ops->remove_xattr(inode, change->name)
                                        : -EOPNOTSUPP;
    if (!inode->ops->set_xattr)
        return -EOPNOTSUPP;
    return inode->ops->set_xattr(inode, change->name, change->value, change->size, change->flags);
}

static int change_target(struct xattr_target *target, const struct xattr_change *change)
{
    struct mount *mount = target_mount(target);
    int error = mount ? mount_write_begin(mount) : 0;

    if (!error) {
        mutex_lock(&target->inode->lock);
        error = change_locked(target->inode, change);
        mutex_unlock(&target->inode->lock);
        if (mount)
            mount_write_end(mount);
    }
    target_drop(target);
    return error;
}

static void change_drop(struct xattr_change *change)
{
    heap_free(change->name);
    heap_free(change->value);
}

static int change_read(struct xattr_change *change, struct uaddr name, struct uaddr value,
                       uint64_t size, int flags)
{
    int error;

    if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    *change = (struct xattr_change){.size = size, .flags = (unsigned)flags};
    error = name_read(name, &change->name);
    if (error)
        return error;
    if (size > XATTR_SIZE_MAX)
        error = -E2BIG;
    else if (!(change->value = heap_alloc(size + 1)))
        error = -ENOMEM;
    else if (size && copy_from_user(change->value, value, size))
        error = -EFAULT;
    if (error)
        change_drop(change);
    return error;
}

static int64_t change_path(struct uaddr path, bool follow, struct xattr_change *change)
{
    struct xattr_target target;
    int error = target_of_path(&target, path, follow) ?: change_target(&target, change);

    change_drop(change);
    return error;
}

int64_t sys_setxattr(struct uaddr path, struct uaddr name, struct uaddr value, uint64_t size,
                     int32_t flags)
{
    struct xattr_change change;
    int error = change_read(&change, name, value, size, flags);

    return error ? error : change_path(path, true, &change);
}

int64_t sys_lsetxattr(struct uaddr path, struct uaddr name, struct uaddr value, uint64_t size,
                      int32_t flags)
{
    struct xattr_change change;
    int error = change_read(&change, name, value, size, flags);

    return error ? error : change_path(path, false, &change);
}

static int64_t change_fd(int fd, struct xattr_change *change)
{
    struct xattr_target target;
    int error = target_of_fd(&target, fd) ?: change_target(&target, change);

    change_drop(change);
    return error;
}

int64_t sys_fsetxattr(int32_t fd, struct uaddr name, struct uaddr value, uint64_t size,
                      int32_t flags)
{
    struct xattr_change change;
    int error = change_read(&change, name, value, size, flags);

    return error ? error : change_fd(fd, &change);
}

static int64_t remove_at(struct uaddr path, struct uaddr name, bool follow)
{
    struct xattr_change change = {.remove = true};
    int error = name_read(name, &change.name);

    return error ? error : change_path(path, follow, &change);
}

int64_t sys_removexattr(struct uaddr path, struct uaddr name)
{
    return remove_at(path, name, true);
}

int64_t sys_lremovexattr(struct uaddr path, struct uaddr name)
{
    return remove_at(path, name, false);
}

int64_t sys_fremovexattr(int32_t fd, struct uaddr name)
{
    struct xattr_change change = {.remove = true};
    int error = name_read(name, &change.name);

    return error ? error : change_fd(fd, &change);
}

static int64_t list_target(struct xattr_target *target, struct uaddr list, uint64_t size)
{
    struct inode *inode = target->inode;
    char *buffer = NULL;
    int64_t result;

    if (size > XATTR_LIST_MAX)
        size = XATTR_LIST_MAX;
    if (!inode->ops->list_xattr) {
        result = 0;
    } else if (size && !(buffer = heap_alloc(size))) {
        result = -ENOMEM;
    } else {
        result = inode->ops->list_xattr(inode, buffer, size);
        if (result > 0 && size && copy_to_user(list, buffer, (size_t)result))
            result = -EFAULT;
    }
    heap_free(buffer);
    target_drop(target);
    return result;
}

int64_t sys_listxattr(struct uaddr path, struct uaddr list, uint64_t size)
{
    struct xattr_target target;
    int error = target_of_path(&target, path, true);

    return error ? error : list_target(&target, list, size);
}

int64_t sys_llistxattr(struct uaddr path, struct uaddr list, uint64_t size)
{
    struct xattr_target target;
    int error = target_of_path(&target, path, false);

    return error ? error : list_target(&target, list, size);
}

int64_t sys_flistxattr(int32_t fd, struct uaddr list, uint64_t size)
{
    struct xattr_target target;
    int error = target_of_fd(&target, fd);

    return error ? error : list_target(&target, list, size);
}
