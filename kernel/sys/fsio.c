/*
 * Calls on a file's contents as a whole: truncate, fallocate, sync and advice.
 */
#include "file/file.h"
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "fs/open.h"
#include "fs/regular.h"
#include "lib/errno.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

static int truncate_path(const struct path *path, uint64_t length)
{
    struct inode *inode = path_inode(path);
    int error;

    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!S_ISREG(inode->mode))
        return -EINVAL;
    if (mount_read_only(path->mount))
        return -EROFS;
    error = inode_permission(inode, MAY_WRITE) ?: file_write_begin(path->mount, inode);
    if (error)
        return error;
    error = regular_truncate(inode, length);
    file_write_end(path->mount, inode);
    return error;
}

int64_t sys_truncate(struct uaddr path, int64_t length)
{
    struct path found;
    int error;

    if (length < 0)
        return -EINVAL;
    error = path_resolve_user(AT_FDCWD, path, PATH_FOLLOW, &found);
    if (error)
        return error;
    error = truncate_path(&found, (uint64_t)length);
    path_put(&found);
    return error;
}

int64_t sys_ftruncate(int32_t fd, int64_t length)
{
    struct file *file;
    int error = -EINVAL;

    if (length < 0)
        return -EINVAL;
    file = file_argument_opened(fd);
    if (!file)
        return -EBADF;
    if (file->inode && S_ISREG(file->inode->mode) && (file->mode & FILE_WRITE))
        error = regular_truncate(file->inode, (uint64_t)length);
    file_put(file);
    return error;
}

static int allocate_mode_check(int mode)
{
    int kinds = mode & ~FALLOC_FL_KEEP_SIZE;

    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_NO_HIDE_STALE |
                 FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE |
                 FALLOC_FL_UNSHARE_RANGE))
        return -EOPNOTSUPP;
    if ((kinds & (kinds - 1)) || ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE)))
        return -EOPNOTSUPP;
    return 0;
}

static int allocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    int error;

    if (!(file->mode & FILE_WRITE))
        return -EBADF;
    error = allocate_mode_check(mode);
    if (error)
        return error;
    if (!file->inode || S_ISFIFO(file->inode->mode))
        return -ESPIPE;
    if (!S_ISREG(file->inode->mode))
        return -ENODEV;
    if (offset + length > INT64_MAX)
        return -EFBIG;
    return file->ops->allocate ? file->ops->allocate(file, mode, offset, length) : -EOPNOTSUPP;
}

int64_t sys_fallocate(int32_t fd, int32_t mode, int64_t offset, int64_t length)
{
    struct file *file = file_argument_opened(fd);
    int error = -EINVAL;

    if (!file)
        return -EBADF;
    if (offset >= 0 && length > 0)
        error = allocate(file, mode, (uint64_t)offset, (uint64_t)length);
    file_put(file);
    return error;
}

static int64_t sync_fd(int fd, bool data_only)
{
    struct file *file = file_argument_opened(fd);
    int error;

    if (!file)
        return -EBADF;
    error = file->ops->sync ? file->ops->sync(file, data_only) : -EINVAL;
    file_put(file);
    return error;
}

int64_t sys_fsync(int32_t fd)
{
    return sync_fd(fd, false);
}

int64_t sys_fdatasync(int32_t fd)
{
    return sync_fd(fd, true);
}

int64_t sys_sync(void)
{
    filesystem_sync_all();
    return 0;
}

int64_t sys_syncfs(int32_t fd)
{
    struct file *file = file_argument_opened(fd);
    struct filesystem *filesystem;
    int error = 0;

    if (!file)
        return -EBADF;
    filesystem = file->inode ? file->inode->filesystem : NULL;
    if (filesystem && filesystem->ops && filesystem->ops->sync)
        error = filesystem->ops->sync(filesystem);
    file_put(file);
    return error;
}

int64_t sys_sync_file_range(int32_t fd, int64_t offset, int64_t count, uint32_t flags)
{
    struct file *file = file_argument_opened(fd);
    int64_t end;
    int error = 0;

    if (!file)
        return -EBADF;
    if ((flags & ~(uint32_t)(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                             SYNC_FILE_RANGE_WAIT_AFTER)) ||
        offset < 0 || count < 0 || __builtin_add_overflow(offset, count, &end))
        error = -EINVAL;
    else if (!file->inode || S_ISFIFO(file->inode->mode) || S_ISCHR(file->inode->mode))
        error = -ESPIPE;
    else if (file->ops->sync && flags)
        error = file->ops->sync(file, true);
    file_put(file);
    return error;
}

int64_t sys_fadvise64(int32_t fd, int64_t offset, uint64_t length, int32_t advice)
{
    struct file *file = file_argument_opened(fd);
    int error = 0;

    (void)offset;
    if (!file)
        return -EBADF;
    if (!file->inode || S_ISFIFO(file->inode->mode))
        error = -ESPIPE;
    else if (advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE || (int64_t)length < 0)
        error = -EINVAL;
    file_put(file);
    return error;
}

int64_t sys_readahead(int32_t fd, int64_t offset, uint64_t count)
{
    struct file *file = file_argument_opened(fd);
    int error = 0;

    (void)offset;
    (void)count;
    if (!file || !(file->mode & FILE_READ))
        error = -EBADF;
    else if (!file->inode || !S_ISREG(file->inode->mode))
        error = -EINVAL;
    if (file)
        file_put(file);
    return error;
}
