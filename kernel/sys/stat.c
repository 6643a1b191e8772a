/*
 * stat(2) and its kin, statx(2), access(2), statfs(2). All kinds of stat first gather struct
 * status, then write it in their form.
 */
#include "file/caller.h"
#include "file/cred.h"
#include "fs/filesystem.h"
#include "fs/inode.h"
#include "fs/mount.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/stat.h>

enum {
    BLOCK_SIZE = 4096,
    STAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE,
    STATFS_VALID = 0x20, /* ST_VALID: f_flags means something */
    STATFS_RELATIME = 0x1000,
};

struct status {
    uint32_t mode, links, uid, gid, rdev;
    uint64_t device, number, size, block_size, blocks;
    int64_t atime, mtime, ctime, btime;
    uint32_t mount_id;
    bool mount_root, born;
};

static int status_of_inode(struct inode *inode, struct status *status)
{
    int error = inode->ops->get_attributes ? inode->ops->get_attributes(inode) : 0;

    if (error)
        return error;
    *status = (struct status){
        .mode = inode->mode,
        .links = inode->links,
        .uid = inode->uid,
        .gid = inode->gid,
        .rdev = inode->rdev,
        .device = inode->filesystem->device,
        .number = inode->number,
        .size = inode_size(inode),
        .block_size = BLOCK_SIZE,
        .blocks = inode->blocks,
        .atime = inode->atime,
        .mtime = inode->mtime,
        .ctime = inode->ctime,
        .btime = inode->btime,
        .born = true,
    };
    return 0;
}

static int status_of_path(const struct path *path, struct status *status)
{
    int error = status_of_inode(path_inode(path), status);

    status->mount_id = path->mount->id;
    status->mount_root = path->dentry == path->mount->root;
    return error;
}

static int status_of_file(struct file *file, struct status *status)
{
    struct file_status own = {0};

    if (file->path.dentry)
        return status_of_path(&file->path, status);
    if (file->inode)
        return status_of_inode(file->inode, status);
    file_status_get(file, &own);
    *status = (struct status){
        .mode = own.mode,
        .links = own.links,
        .uid = own.uid,
        .gid = own.gid,
        .device = own.device,
        .number = own.inode,
        .size = own.size,
        .block_size = own.block_size,
        .blocks = own.blocks,
        .atime = (int64_t)own.time,
        .mtime = (int64_t)own.time,
        .ctime = (int64_t)own.time,
    };
    return 0;
}

static int status_of_fd(int fd, struct status *status)
{
    struct file *file = file_argument(fd);
    int error;

    if (!file)
        return -EBADF;
    error = status_of_file(file, status);
    file_put(file);
    return error;
}

/* The empty path with AT_EMPTY_PATH is the descriptor, which may be a pipe or a socket. */
static int status_at(int dirfd, struct uaddr path, uint32_t flags, struct status *status)
{
    struct path found;
    char first = 0;
    int error;

    if (flags & ~(uint32_t)STAT_FLAGS)
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD) {
        if (path.value && copy_from_user(&first, path, 1))
            return -EFAULT;
        if (!first)
            return status_of_fd(dirfd, status);
    }
    error = path_argument(dirfd, path, flags, &found);
    if (error)
        return error;
    error = status_of_path(&found, status);
    path_put(&found);
    return error;
}

/* Seconds and the rest of a time that may lie before 1970. */
static int64_t time_seconds(int64_t time)
{
    return time / 1000000000 - (time % 1000000000 < 0);
}

static uint32_t time_rest(int64_t time)
{
    return (uint32_t)((time % 1000000000 + 1000000000) % 1000000000);
}

static int64_t stat_write(const struct status *status, struct uaddr to)
{
    struct stat result = {
        .st_dev = status->device,
        .st_ino = status->number,
        .st_nlink = status->links,
        .st_mode = status->mode,
        .st_uid = status->uid,
        .st_gid = status->gid,
        .st_rdev = status->rdev,
        .st_size = (int64_t)status->size,
        .st_blksize = (int64_t)status->block_size,
        .st_blocks = (int64_t)status->blocks,
        .st_atime = (uint64_t)time_seconds(status->atime),
        .st_atime_nsec = time_rest(status->atime),
        .st_mtime = (uint64_t)time_seconds(status->mtime),
        .st_mtime_nsec = time_rest(status->mtime),
        .st_ctime = (uint64_t)time_seconds(status->ctime),
        .st_ctime_nsec = time_rest(status->ctime),
    };

    return copy_to_user(to, &result, sizeof result);
}

int64_t sys_newfstatat(int32_t dirfd, struct uaddr path, struct uaddr stat, uint32_t flags)
{
    struct status status;
    int error = status_at(dirfd, path, flags, &status);

    return error ? error : stat_write(&status, stat);
}

int64_t sys_stat(struct uaddr path, struct uaddr stat)
{
    return sys_newfstatat(AT_FDCWD, path, stat, 0);
}

int64_t sys_lstat(struct uaddr path, struct uaddr stat)
{
    return sys_newfstatat(AT_FDCWD, path, stat, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(int32_t fd, struct uaddr stat)
{
    struct status status;
    int error = status_of_fd(fd, &status);

    return error ? error : stat_write(&status, stat);
}

static struct statx_timestamp statx_time(int64_t time)
{
    return (struct statx_timestamp){.tv_sec = time_seconds(time), .tv_nsec = time_rest(time)};
}

static int64_t statx_write(const struct status *status, struct uaddr to)
{
    struct statx result = {
        .stx_mask = STATX_BASIC_STATS | STATX_MNT_ID | (status->born ? STATX_BTIME : 0),
        .stx_blksize = (uint32_t)status->block_size,
        .stx_attributes = status->mount_root ? STATX_ATTR_MOUNT_ROOT : 0,
        .stx_attributes_mask = STATX_ATTR_MOUNT_ROOT,
        .stx_nlink = status->links,
        .stx_uid = status->uid,
        .stx_gid = status->gid,
        .stx_mode = (uint16_t)status->mode,
        .stx_ino = status->number,
        .stx_size = status->size,
        .stx_blocks = status->blocks,
        .stx_atime = statx_time(status->atime),
        .stx_mtime = statx_time(status->mtime),
        .stx_ctime = statx_time(status->ctime),
        .stx_btime = statx_time(status->btime),
        .stx_rdev_major = device_major(status->rdev),
        .stx_rdev_minor = device_minor(status->rdev),
        .stx_dev_major = device_major((uint32_t)status->device),
        .stx_dev_minor = device_minor((uint32_t)status->device),
        .stx_mnt_id = status->mount_id,
    };

    return copy_to_user(to, &result, sizeof result);
}

int64_t sys_statx(int32_t dirfd, struct uaddr path, uint32_t flags, uint32_t mask,
                  struct uaddr statx)
{
    struct status status;
    int error;

    if ((mask & STATX__RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    error = status_at(dirfd, path, flags, &status);
    return error ? error : statx_write(&status, statx);
}

/* --- access --- */

/* What access(2) asks about: the real ids, with the capabilities that root would have. */
static const struct cred *real_cred(void)
{
    const struct cred *cred = caller_cred();
    uint64_t effective = cred->uid ? 0 : cred->permitted;
    struct cred *copy;

    if (cred->fsuid == cred->uid && cred->fsgid == cred->gid && cred->effective == effective)
        return cred_get(cred);
    copy = cred_copy(cred);
    if (!copy)
        return NULL;
    copy->fsuid = cred->uid;
    copy->fsgid = cred->gid;
    copy->effective = effective;
    return copy;
}

static int access_check(const struct path *path, unsigned mode, const struct cred *cred)
{
    struct inode *inode = path_inode(path);
    bool special = !S_ISREG(inode->mode) && !S_ISDIR(inode->mode) && !S_ISLNK(inode->mode);
    int error;

    if ((mode & MAY_EXECUTE) && S_ISREG(inode->mode) && (path->mount->flags & MS_NOEXEC))
        return -EACCES;
    error = inode_permission_as(inode, mode, cred);
    if (error || !(mode & MAY_WRITE) || special)
        return error;
    return mount_read_only(path->mount) ? -EROFS : 0;
}

int64_t sys_faccessat2(int32_t dirfd, struct uaddr path, int32_t mode, uint32_t flags)
{
    const struct cred *cred;
    struct path found;
    int error;

    if ((mode & ~7) || (flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    cred = (flags & AT_EACCESS) ? cred_get(caller_cred()) : real_cred();
    if (!cred)
        return -ENOMEM;
    error = path_argument(dirfd, path, flags & ~(uint32_t)AT_EACCESS, &found);
    if (!error) {
        error = mode ? access_check(&found, (unsigned)mode, cred) : 0;
        path_put(&found);
    }
    cred_put(cred);
    return error;
}

int64_t sys_faccessat(int32_t dirfd, struct uaddr path, int32_t mode)
{
    return sys_faccessat2(dirfd, path, mode, 0);
}

int64_t sys_access(struct uaddr path, int32_t mode)
{
    return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

/* --- statfs --- */

static int64_t statfs_flags(const struct mount *mount)
{
    uint32_t flags = mount->flags;

    return STATFS_VALID | (mount_read_only(mount) ? MS_RDONLY : 0) |
           (flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)) |
           ((flags & MS_RELATIME) ? STATFS_RELATIME : 0);
}

static int usage_of(struct filesystem *filesystem, struct statfs *result)
{
    struct filesystem_usage usage = {.block_size = BLOCK_SIZE, .name_length = NAME_MAX};
    int error =
        filesystem->ops && filesystem->ops->usage ? filesystem->ops->usage(filesystem, &usage) : 0;

    *result = (struct statfs){
        .f_type = (int64_t)filesystem->type->magic,
        .f_bsize = (int64_t)usage.block_size,
        .f_blocks = (int64_t)usage.blocks,
        .f_bfree = (int64_t)usage.blocks_free,
        .f_bavail = (int64_t)usage.blocks_available,
        .f_files = (int64_t)usage.files,
        .f_ffree = (int64_t)usage.files_free,
        .f_fsid = {{(int)filesystem->device, 0}},
        .f_namelen = (int64_t)usage.name_length,
        .f_frsize = (int64_t)usage.block_size,
    };
    return error;
}

static int64_t statfs_write(const struct mount *mount, struct uaddr to)
{
    struct statfs result;
    int error = usage_of(mount->filesystem, &result);

    if (error)
        return error;
    result.f_flags = statfs_flags(mount);
    return copy_to_user(to, &result, sizeof result);
}

int64_t sys_statfs(struct uaddr path, struct uaddr buf)
{
    struct path found;
    int64_t result = path_resolve_user(AT_FDCWD, path, PATH_FOLLOW, &found);

    if (result)
        return result;
    result = statfs_write(found.mount, buf);
    path_put(&found);
    return result;
}

/* Files without a mount: those of memory, or pipes and the like. */
static int64_t statfs_anonymous(const struct file *file, struct uaddr to)
{
    struct statfs result = {
        .f_type = file->name ? ANON_INODE_FS_MAGIC : PIPEFS_MAGIC,
        .f_bsize = BLOCK_SIZE,
        .f_namelen = NAME_MAX,
        .f_frsize = BLOCK_SIZE,
        .f_flags = STATFS_VALID,
    };

    if (file->inode)
        usage_of(file->inode->filesystem, &result);
    return copy_to_user(to, &result, sizeof result);
}

int64_t sys_fstatfs(int32_t fd, struct uaddr buf)
{
    struct file *file = file_argument(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = file->path.mount ? statfs_write(file->path.mount, buf) : statfs_anonymous(file, buf);
    file_put(file);
    return result;
}
