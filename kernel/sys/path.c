/*
 * Calls that make, remove, move and read names, and those on the working directory and root.
 */
#include "file/caller.h"
#include "file/cred.h"
#include "fs/context.h"
#include "fs/entry.h"
#include "fs/inode.h"
#include "fs/mount.h"
#include "fs/regular.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/stat.h>

static uint32_t mode_masked(uint32_t mode, uint32_t allowed)
{
    return mode & allowed & ~atomic_load(&caller_fs()->umask);
}

static int64_t make_at(int dirfd, struct uaddr path, const struct inode_new *wanted)
{
    struct last_argument argument;
    int error = last_argument_read(&argument, dirfd, path);

    if (error)
        return error;
    error = entry_make(&argument.last, wanted, NULL);
    last_argument_drop(&argument);
    return error;
}

int64_t sys_mkdirat(int32_t dirfd, struct uaddr path, uint32_t mode)
{
    struct inode_new wanted = {.mode = S_IFDIR | mode_masked(mode, 01777)};

    return make_at(dirfd, path, &wanted);
}

int64_t sys_mkdir(struct uaddr path, uint32_t mode)
{
    return sys_mkdirat(AT_FDCWD, path, mode);
}

int64_t sys_mknodat(int32_t dirfd, struct uaddr path, uint32_t mode, uint32_t device)
{
    uint32_t type = mode & S_IFMT;
    struct inode_new wanted = {.mode = mode_masked(mode, 07777) | (type ? type : S_IFREG)};

    if (type == S_IFDIR)
        return -EPERM;
    if (type && type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO &&
        type != S_IFSOCK)
        return -EINVAL;
    if (type == S_IFCHR || type == S_IFBLK)
        wanted.rdev = device;
    return make_at(dirfd, path, &wanted);
}

int64_t sys_mknod(struct uaddr path, uint32_t mode, uint32_t device)
{
    return sys_mknodat(AT_FDCWD, path, mode, device);
}

int64_t sys_symlinkat(struct uaddr target, int32_t dirfd, struct uaddr path)
{
    struct inode_new wanted = {.mode = S_IFLNK | 0777};
    struct path_text text;
    int64_t result = path_text_read(&text, target);

    if (result)
        return result;
    wanted.target = text.text;
    result = text.length ? make_at(dirfd, path, &wanted) : -ENOENT;
    path_text_free(&text);
    return result;
}

int64_t sys_symlink(struct uaddr target, struct uaddr path)
{
    return sys_symlinkat(target, AT_FDCWD, path);
}

int64_t sys_linkat(int32_t fromfd, struct uaddr from, int32_t tofd, struct uaddr to, uint32_t flags)
{
    struct last_argument argument;
    struct path path;
    unsigned at_flags =
        (flags & AT_EMPTY_PATH) | ((flags & AT_SYMLINK_FOLLOW) ? 0 : AT_SYMLINK_NOFOLLOW);
    int error;

    if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && !cred_capable(caller_cred(), CAP_DAC_READ_SEARCH))
        return -ENOENT;
    error = path_argument(fromfd, from, at_flags, &path);
    if (error)
        return error;
    error = last_argument_read(&argument, tofd, to);
    if (!error) {
        error = entry_link(&path, &argument.last);
        last_argument_drop(&argument);
    }
    path_put(&path);
    return error;
}

int64_t sys_link(struct uaddr from, struct uaddr to)
{
    return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int64_t sys_unlinkat(int32_t dirfd, struct uaddr path, uint32_t flags)
{
    struct last_argument argument;
    int error;

    if (flags & ~(unsigned)AT_REMOVEDIR)
        return -EINVAL;
    error = last_argument_read(&argument, dirfd, path);
    if (error)
        return error;
    error = entry_remove(&argument.last, flags & AT_REMOVEDIR);
    last_argument_drop(&argument);
    return error;
}

int64_t sys_unlink(struct uaddr path)
{
    return sys_unlinkat(AT_FDCWD, path, 0);
}

int64_t sys_rmdir(struct uaddr path)
{
    return sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int64_t sys_renameat2(int32_t fromfd, struct uaddr from, int32_t tofd, struct uaddr to,
                      uint32_t flags)
{
    struct last_argument source, target;
    int error;

    if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    error = last_argument_read(&source, fromfd, from);
    if (error)
        return error;
    error = last_argument_read(&target, tofd, to);
    if (!error) {
        error = entry_rename(&source.last, &target.last, flags);
        last_argument_drop(&target);
    }
    last_argument_drop(&source);
    return error;
}

int64_t sys_renameat(int32_t fromfd, struct uaddr from, int32_t tofd, struct uaddr to)
{
    return sys_renameat2(fromfd, from, tofd, to, 0);
}

int64_t sys_rename(struct uaddr from, struct uaddr to)
{
    return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The link's text, cut to size, into user memory. */
static int64_t read_link(const struct path *path, struct uaddr to, size_t size, bool empty)
{
    struct inode *inode = path_inode(path);
    int64_t length;
    char *text;

    if (!S_ISLNK(inode->mode) || !inode->ops->read_link)
        return empty ? -ENOENT : -EINVAL;
    text = heap_alloc(PATH_MAX);
    if (!text)
        return -ENOMEM;
    inode_accessed(inode, path->mount);
    length = inode->ops->read_link(inode, text, PATH_MAX);
    if (length > (int64_t)size)
        length = (int64_t)size;
    if (length > 0 && copy_to_user(to, text, (size_t)length))
        length = -EFAULT;
    heap_free(text);
    return length;
}

int64_t sys_readlinkat(int32_t dirfd, struct uaddr path, struct uaddr buf, int32_t size)
{
    struct path_text text;
    struct path found;
    int64_t result;

    if (size <= 0)
        return -EINVAL;
    result = path_text_read(&text, path);
    if (result)
        return result;
    result = path_resolve(dirfd, text.text, PATH_EMPTY, &found);
    if (!text.length && dirfd == AT_FDCWD && !result) {
        path_put(&found);
        result = -ENOENT;
    }
    if (!result) {
        result = read_link(&found, buf, (size_t)size, !text.length);
        path_put(&found);
    }
    path_text_free(&text);
    return result;
}

int64_t sys_readlink(struct uaddr path, struct uaddr buf, int32_t size)
{
    return sys_readlinkat(AT_FDCWD, path, buf, size);
}

static int chdir_to(const struct path *path)
{
    int error = inode_permission(path_inode(path), MAY_EXECUTE);

    return error ?: fs_context_set_cwd(caller_fs(), path);
}

int64_t sys_chdir(struct uaddr path)
{
    struct path found;
    int error = path_resolve_user(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &found);

    if (error)
        return error;
    error = chdir_to(&found);
    path_put(&found);
    return error;
}

int64_t sys_fchdir(int32_t fd)
{
    struct file *file = file_argument(fd);
    int error;

    if (!file)
        return -EBADF;
    error = (file->mode & FILE_DIRECTORY) ? chdir_to(&file->path) : -ENOTDIR;
    file_put(file);
    return error;
}

int64_t sys_chroot(struct uaddr path)
{
    struct path found;
    int error = path_resolve_user(AT_FDCWD, path, PATH_FOLLOW | PATH_DIRECTORY, &found);

    if (error)
        return error;
    error = inode_permission(path_inode(&found), MAY_EXECUTE);
    if (!error && !cred_capable(caller_cred(), CAP_SYS_CHROOT))
        error = -EPERM;
    error = error ?: fs_context_set_root(caller_fs(), &found);
    path_put(&found);
    return error;
}

/* getcwd(2): its text in the kernel's own words for what cannot be reached. */
static int64_t cwd_copy(struct uaddr buf, uint64_t size, const char *text, bool unreachable)
{
    static const char prefix[] = "(unreachable)";
    size_t before = unreachable ? sizeof prefix - 1 : 0, length = strlen(text) + 1;

    if (before + length > size)
        return -ERANGE;
    if (before && copy_to_user(buf, prefix, before))
        return -EFAULT;
    if (copy_to_user(uaddr_add(buf, before), text, length))
        return -EFAULT;
    return (int64_t)(before + length);
}

int64_t sys_getcwd(struct uaddr buf, uint64_t size)
{
    struct fs_places *places = fs_places_get(caller_fs());
    char *buffer = heap_alloc(PATH_MAX), *text;
    int64_t result = -ENOENT;
    bool unreachable;
    int error = 0;

    if (!buffer) {
        result = -ENOMEM;
    } else if (!dentry_removed(places->cwd.dentry)) {
        text = path_to_text(&places->cwd, &places->root, buffer, PATH_MAX, &error, &unreachable);
        result = text ? cwd_copy(buf, size, text, unreachable) : error;
    }
    heap_free(buffer);
    fs_places_put(places);
    return result;
}

int64_t sys_umask(uint32_t mask)
{
    return fs_context_set_umask(caller_fs(), mask);
}
