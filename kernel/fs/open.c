/*
 * open(2): from checked flags through the path walk to a description. The walk stops at the last
 * component, so that O_CREAT can look it up and make it under the directory's lock; a symbolic link
 * there sends the walk on. Then: may the caller, is the mount and the file writable (counts are
 * taken for as long as the description lives), what the file system, the driver or the pipe adds,
 * and O_TRUNC at last.
 */
#include "fs/open.h"
#include "file/caller.h"
#include "file/pipe.h"
#include "fs/dentry_internal.h"
#include "fs/device_internal.h"
#include "fs/entry.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "fs/regular.h"
#include "fs/walk.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

enum {
    TMPFILE_ONLY = O_TMPFILE & ~O_DIRECTORY,
    FLAGS_KNOWN = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                  O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |
                  O_CLOEXEC | O_SYNC | O_PATH | TMPFILE_ONLY,
    FLAGS_OF_PATH = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC,
    /* What F_GETFL shows. */
    FLAGS_KEPT = O_APPEND | O_NONBLOCK | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_NOATIME |
                 O_SYNC | O_PATH | O_DIRECTORY | O_NOFOLLOW | TMPFILE_ONLY,
};

/* One open in progress. */
struct opening {
    uint32_t flags;
    uint32_t mode; /* of a new file, before umask */
    unsigned may;  /* MAY_… the access asks for */
    unsigned walk_flags;
    bool created;
};

static const struct file_ops path_file_ops;

static unsigned resolve_flags(uint64_t resolve)
{
    return ((resolve & RESOLVE_NO_XDEV) ? PATH_NO_XDEV : 0) |
           ((resolve & RESOLVE_NO_MAGICLINKS) ? PATH_NO_MAGIC : 0) |
           ((resolve & RESOLVE_NO_SYMLINKS) ? PATH_NO_SYMLINKS | PATH_NO_MAGIC : 0) |
           ((resolve & RESOLVE_BENEATH) ? PATH_BENEATH | PATH_NO_MAGIC : 0) |
           ((resolve & RESOLVE_IN_ROOT) ? PATH_IN_ROOT | PATH_NO_MAGIC : 0) |
           ((resolve & RESOLVE_CACHED) ? PATH_CACHED : 0);
}

static unsigned access_bits(uint32_t flags)
{
    static const unsigned bits[4] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
                                     MAY_READ | MAY_WRITE};

    return bits[flags & O_ACCMODE] | ((flags & O_TRUNC) ? MAY_WRITE : 0);
}

/* The checks on flags alone. */
static int opening_check(const struct open_how *how)
{
    uint64_t flags = how->flags;

    if (flags & ~(uint64_t)FLAGS_KNOWN)
        return -EINVAL;
    if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
        return -EINVAL;
    if ((flags & O_CREAT) && (flags & O_DIRECTORY) && !(flags & O_PATH))
        return -EINVAL;
    if ((flags & TMPFILE_ONLY) && !(flags & O_PATH)) {
        if (!(flags & O_DIRECTORY) || !(access_bits((uint32_t)flags) & MAY_WRITE))
            return -EINVAL;
    }
    if ((flags & (O_CREAT | TMPFILE_ONLY)) && (how->mode & ~(uint64_t)07777))
        return -EINVAL;
    if ((how->resolve & RESOLVE_CACHED) && (flags & (O_TRUNC | O_CREAT | TMPFILE_ONLY)))
        return -EAGAIN;
    return 0;
}

static int opening_init(struct opening *opening, const struct open_how *how)
{
    uint32_t flags = (uint32_t)how->flags;
    int error = opening_check(how);

    if (error)
        return error;
    if (flags & O_PATH)
        flags &= FLAGS_OF_PATH;
    *opening = (struct opening){.flags = flags, .mode = (uint32_t)how->mode};
    opening->may = (flags & O_PATH) ? 0 : access_bits(flags);
    opening->walk_flags = resolve_flags(how->resolve);
    if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        opening->walk_flags |= PATH_FOLLOW;
    if (flags & O_DIRECTORY)
        opening->walk_flags |= PATH_DIRECTORY;
    return 0;
}

static uint32_t opening_new_mode(const struct opening *opening)
{
    struct fs_context *context = caller_fs();
    uint32_t umask = context ? atomic_load(&context->umask) : 0;

    return S_IFREG | (opening->mode & 07777 & ~umask);
}

/* --- O_CREAT at the last component --- */

static int create_locked(struct walk *walk, struct opening *opening, struct dentry *child)
{
    struct inode *directory = path_inode(&walk->path);
    struct inode_new wanted = {.mode = opening_new_mode(opening)};
    int error = mount_write_begin(walk->path.mount);

    if (error)
        return error;
    error = permission_make(directory);
    if (!error)
        error = directory->ops->make ? entry_make_locked(directory, child, &wanted) : -EACCES;
    mount_write_end(walk->path.mount);
    opening->created = !error;
    return error;
}

/* The child, positive and counted, made if it was not there. */
static int create_child(struct walk *walk, struct opening *opening, struct dentry **child)
{
    struct inode *directory = path_inode(&walk->path);
    int error;

    *child = dentry_find_valid(walk->path.dentry, &walk->last.name);
    if (*child && dentry_inode(*child))
        return 0;
    dentry_put(*child);
    mutex_lock(&directory->lock);
    error = dentry_lookup_locked(walk->path.dentry, &walk->last.name, child);
    if (!error && !dentry_inode(*child)) {
        error = create_locked(walk, opening, *child);
        if (error)
            dentry_put(*child);
    }
    mutex_unlock(&directory->lock);
    return error;
}

static int create_last(struct walk *walk, struct opening *opening)
{
    struct dentry *child;
    int error;

    if (walk->last.kind != LAST_NAME)
        return walk_last(walk);
    error = walk_search(walk);
    if (error)
        return error;
    if (walk->last.slash)
        return -EISDIR;
    error = create_child(walk, opening, &child);
    if (error)
        return error;
    if (S_ISLNK(dentry_inode(child)->mode) && (walk->flags & PATH_FOLLOW))
        return walk_follow_last(walk, child);
    return walk_enter(walk, child);
}

/* --- the found file --- */

static int existing_check(const struct opening *opening, const struct path *path)
{
    struct inode *inode = path_inode(path);
    uint32_t mode = inode->mode;
    int error;

    if (opening->flags & O_CREAT) {
        if (opening->flags & O_EXCL)
            return -EEXIST;
        if (S_ISDIR(mode))
            return -EISDIR;
    }
    if (opening->flags & O_PATH)
        return 0;
    if (S_ISLNK(mode))
        return -ELOOP;
    if (S_ISDIR(mode) && (opening->may & MAY_WRITE))
        return -EISDIR;
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && (path->mount->flags & MS_NODEV))
        return -EACCES;
    if ((opening->may & MAY_WRITE) && S_ISREG(mode) && mount_read_only(path->mount))
        return -EROFS;
    error = inode_permission(inode, opening->may);
    if (error)
        return error;
    return (opening->flags & O_NOATIME) && !permission_owner(inode) ? -EPERM : 0;
}

int file_write_begin(struct mount *mount, struct inode *inode)
{
    int error = mount ? mount_write_begin(mount) : 0;

    if (error || !inode->backing)
        return error;
    mutex_lock(&inode->backing->lock);
    if (inode->backing->deny_write)
        error = -ETXTBSY;
    else
        inode->backing->writers++;
    mutex_unlock(&inode->backing->lock);
    if (error && mount)
        mount_write_end(mount);
    return error;
}

void file_write_end(struct mount *mount, struct inode *inode)
{
    if (inode->backing) {
        mutex_lock(&inode->backing->lock);
        inode->backing->writers--;
        mutex_unlock(&inode->backing->lock);
    }
    if (mount)
        mount_write_end(mount);
}

static uint32_t description_mode(const struct inode *inode, uint32_t flags)
{
    static const uint32_t access[4] = {FILE_READ, FILE_WRITE, FILE_READ | FILE_WRITE, 0};
    uint32_t mode = access[flags & O_ACCMODE];

    if (flags & O_PATH)
        mode = FILE_PATH;
    if (S_ISDIR(inode->mode))
        mode |= FILE_DIRECTORY | FILE_SEEKABLE;
    else if (S_ISREG(inode->mode))
        mode |= FILE_SEEKABLE;
    return mode;
}

/* What the type of the file adds. */
static int description_ready(struct file *file, struct inode *inode)
{
    int error = 0;

    if (inode->ops->reopen)
        return inode->ops->reopen(inode, file);
    if (S_ISFIFO(inode->mode))
        return pipe_open_fifo(&inode->special, file);
    if (S_ISCHR(inode->mode) || S_ISBLK(inode->mode))
        return device_open(inode, file);
    if (S_ISSOCK(inode->mode))
        return -ENXIO;
    if (S_ISREG(inode->mode) && (file->mode & FILE_WRITE)) {
        error = file_write_begin(file->path.mount, inode);
        if (error)
            return error;
        file->mode |= FILE_WRITER;
    }
    if (inode->file_ops)
        file->ops = inode->file_ops;
    return inode->ops->open ? inode->ops->open(inode, file) : 0;
}

int open_path(const struct path *path, uint32_t flags, struct file **result)
{
    struct inode *inode = path_inode(path);
    struct file *file =
        file_alloc(&path_file_ops, description_mode(inode, flags), flags & (FLAGS_KEPT | O_NOCTTY));
    int error = 0;

    if (!file)
        return -ENOMEM;
    file->path = *path;
    path_get(path);
    file->inode = inode;
    inode_get(inode);
    if (!(flags & O_PATH))
        error = description_ready(file, inode);
    if (error) {
        file_put(file);
        return error;
    }
    atomic_fetch_and(&file->flags, ~(uint32_t)O_NOCTTY); /* only the opening itself asks for it */
    file_opened(file);
    *result = file;
    return 0;
}

static int open_found(const struct opening *opening, const struct path *path, struct file **file)
{
    struct inode *inode = path_inode(path);
    int error = opening->created ? 0 : existing_check(opening, path);

    if (!error)
        error = open_path(path, opening->flags, file);
    if (error || opening->created || !(opening->flags & O_TRUNC) || !S_ISREG(inode->mode))
        return error;
    error = regular_truncate(inode, 0);
    if (error)
        file_put(*file);
    return error;
}

/* --- O_TMPFILE --- */

static int temporary_make(const struct opening *opening, const struct path *directory,
                          struct dentry **dentry)
{
    struct inode *parent = path_inode(directory), *inode;
    struct inode_new wanted;
    int error = inode_permission(parent, MAY_WRITE | MAY_EXECUTE);

    if (error)
        return error;
    if (!parent->ops->make_temporary)
        return -EOPNOTSUPP;
    permission_inherit(parent, opening_new_mode(opening), &wanted);
    wanted.target = NULL;
    wanted.rdev = 0;
    error = parent->ops->make_temporary(parent, &wanted, &inode);
    if (error)
        return error;
    inode->linkable = !(opening->flags & O_EXCL);
    *dentry = dentry_nameless(directory->dentry, inode);
    if (*dentry)
        return 0;
    inode_put(inode);
    return -ENOMEM;
}

static int open_temporary(const struct opening *opening, const struct path *directory,
                          struct file **file)
{
    struct path path = {directory->mount, NULL};
    int error = mount_write_begin(directory->mount);

    if (error)
        return error;
    error = temporary_make(opening, directory, &path.dentry);
    if (!error)
        error = open_path(&path, opening->flags, file);
    dentry_put(path.dentry);
    mount_write_end(directory->mount);
    return error;
}

int open_at(int dirfd, const char *text, const struct open_how *how, struct file **file)
{
    struct opening opening;
    struct walk walk;
    int error = opening_init(&opening, how);

    if (error)
        return error;
    error = walk_begin(&walk, dirfd, text, opening.walk_flags);
    do {
        error = error < 0 ? error : walk_to_last(&walk);
        if (!error)
            error = (opening.flags & O_CREAT) ? create_last(&walk, &opening) : walk_last(&walk);
    } while (error == WALK_AGAIN);
    if (!error && (opening.flags & TMPFILE_ONLY))
        error = open_temporary(&opening, &walk.path, file);
    else if (!error)
        error = open_found(&opening, &walk.path, file);
    walk_end(&walk);
    return error;
}

int open_program(int dirfd, const char *text, unsigned flags, struct file **file)
{
    unsigned walk_flags = ((flags & AT_SYMLINK_NOFOLLOW) ? 0 : PATH_FOLLOW) |
                          ((flags & AT_EMPTY_PATH) ? PATH_EMPTY : 0);
    struct path path;
    struct inode *inode;
    int error;

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    error = path_resolve(dirfd, text, walk_flags, &path);
    if (error)
        return error;
    inode = path_inode(&path);
    if (S_ISLNK(inode->mode))
        error = -ELOOP;
    else if (!S_ISREG(inode->mode) || (path.mount->flags & MS_NOEXEC))
        error = -EACCES;
    else
        error = inode_permission(inode, MAY_EXECUTE);
    if (!error)
        error = open_path(&path, O_RDONLY | O_LARGEFILE, file);
    path_put(&path);
    return error;
}
