/*
 * chmod(2), chown(2), utimensat(2) and their kin.
 */
#include "file/caller.h"
#include "file/cred.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/utime.h>

enum {
    TIME_NOW = 0x3fffffff,  /* UTIME_NOW */
    TIME_OMIT = 0x3ffffffe, /* UTIME_OMIT */
    UNCHANGED = -1,
};

static int change_at(const struct path *path, struct inode_change *change)
{
    int error = mount_write_begin(path->mount);

    if (error)
        return error;
    error = inode_change(path_inode(path), change);
    mount_write_end(path->mount);
    return error;
}

static int change_path(int dirfd, struct uaddr path, uint32_t at_flags, struct inode_change *change)
{
    struct path found;
    int error = path_argument(dirfd, path, at_flags, &found);

    if (error)
        return error;
    error = change_at(&found, change);
    path_put(&found);
    return error;
}

static int change_file(int fd, struct inode_change *change)
{
    struct file *file = file_argument_opened(fd);
    int error = -EINVAL;

    if (!file)
        return -EBADF;
    if (file->path.mount)
        error = change_at(&file->path, change);
    else if (file->inode)
        error = inode_change(file->inode, change);
    file_put(file);
    return error;
}

int64_t sys_fchmodat(int32_t dirfd, struct uaddr path, uint32_t mode)
{
    struct inode_change change = {.mask = INODE_CHANGE_MODE, .mode = mode & 07777};

    return change_path(dirfd, path, 0, &change);
}

int64_t sys_chmod(struct uaddr path, uint32_t mode)
{
    return sys_fchmodat(AT_FDCWD, path, mode);
}

int64_t sys_fchmod(int32_t fd, uint32_t mode)
{
    struct inode_change change = {.mask = INODE_CHANGE_MODE, .mode = mode & 07777};

    return change_file(fd, &change);
}

static struct inode_change change_of_owner(uint32_t uid, uint32_t gid)
{
    return (struct inode_change){
        .mask = (uid != (uint32_t)UNCHANGED ? INODE_CHANGE_UID : 0) |
                (gid != (uint32_t)UNCHANGED ? INODE_CHANGE_GID : 0),
        .uid = uid,
        .gid = gid,
    };
}

int64_t sys_fchownat(int32_t dirfd, struct uaddr path, uint32_t uid, uint32_t gid, uint32_t flags)
{
    struct inode_change change = change_of_owner(uid, gid);

    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_path(dirfd, path, flags, &change);
}

int64_t sys_chown(struct uaddr path, uint32_t uid, uint32_t gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

int64_t sys_lchown(struct uaddr path, uint32_t uid, uint32_t gid)
{
    return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchown(int32_t fd, uint32_t uid, uint32_t gid)
{
    struct inode_change change = change_of_owner(uid, gid);

    return change_file(fd, &change);
}

/* --- times --- */

/* Access and modification time; tv_nsec may be TIME_NOW or TIME_OMIT. */
struct times {
    struct __kernel_timespec at[2];
    bool now; /* both now: who may write may do it */
};

/* In nanoseconds. Inodes hold times up to the year 2262; others are cut to the nearest, as Linux
   cuts them to what the file system can hold. */
static int64_t time_value(const struct __kernel_timespec *time, int64_t now)
{
    int64_t value;

    if (time->tv_nsec == TIME_NOW)
        return now;
    if (time->tv_nsec == TIME_OMIT)
        return 0;
    if (__builtin_mul_overflow(time->tv_sec, 1000000000, &value) ||
        __builtin_add_overflow(value, time->tv_nsec, &value))
        return time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return value;
}

static int times_apply(struct inode *inode, const struct times *times)
{
    int64_t now = inode_time();
    struct inode_change change = {
        .mask = (times->at[0].tv_nsec != TIME_OMIT ? INODE_CHANGE_ATIME : 0) |
                (times->at[1].tv_nsec != TIME_OMIT ? INODE_CHANGE_MTIME : 0),
        .atime = time_value(&times->at[0], now),
        .mtime = time_value(&times->at[1], now),
    };
    int error;

    if (!times->now)
        return inode_change(inode, &change);
    error = permission_owner(inode) ? 0 : inode_permission(inode, MAY_WRITE);
    return error ?: inode_change_unchecked(inode, &change);
}

static int times_apply_path(const struct path *path, const struct times *times)
{
    int error = mount_write_begin(path->mount);

    if (error)
        return error;
    error = times_apply(path_inode(path), times);
    mount_write_end(path->mount);
    return error;
}

static int times_apply_file(int fd, const struct times *times)
{
    struct file *file = file_argument_opened(fd);
    int error = -EINVAL;

    if (!file)
        return -EBADF;
    if (file->path.mount)
        error = times_apply_path(&file->path, times);
    else if (file->inode)
        error = times_apply(file->inode, times);
    file_put(file);
    return error;
}

static bool time_valid(const struct __kernel_timespec *time)
{
    return time->tv_nsec == TIME_NOW || time->tv_nsec == TIME_OMIT ||
           (time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

static int64_t times_at(int dirfd, struct uaddr path, const struct times *times, uint32_t flags)
{
    struct path found;
    int error;

    if (!time_valid(&times->at[0]) || !time_valid(&times->at[1]))
        return -EINVAL;
    if (!path.value && dirfd != AT_FDCWD)
        return flags ? -EINVAL : times_apply_file(dirfd, times);
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    error = path_argument(dirfd, path, flags, &found);
    if (error)
        return error;
    error = times_apply_path(&found, times);
    path_put(&found);
    return error;
}

static const struct times times_now = {{{0, TIME_NOW}, {0, TIME_NOW}}, true};

int64_t sys_utimensat(int32_t dirfd, struct uaddr path, struct uaddr times, uint32_t flags)
{
    struct times wanted = times_now;

    if (times.value) {
        if (copy_from_user(wanted.at, times, sizeof wanted.at))
            return -EFAULT;
        if (wanted.at[0].tv_nsec == TIME_OMIT && wanted.at[1].tv_nsec == TIME_OMIT)
            return 0;
        wanted.now = wanted.at[0].tv_nsec == TIME_NOW && wanted.at[1].tv_nsec == TIME_NOW;
    }
    return times_at(dirfd, path, &wanted, flags);
}

int64_t sys_futimesat(int32_t dirfd, struct uaddr path, struct uaddr times)
{
    struct __kernel_old_timeval given[2];
    struct times wanted = times_now;

    if (times.value) {
        if (copy_from_user(given, times, sizeof given))
            return -EFAULT;
        for (int i = 0; i < 2; i++) {
            if (given[i].tv_usec < 0 || given[i].tv_usec >= 1000000)
                return -EINVAL;
            wanted.at[i].tv_sec = given[i].tv_sec;
            wanted.at[i].tv_nsec = given[i].tv_usec * 1000;
        }
        wanted.now = false;
    }
    return times_at(dirfd, path, &wanted, 0);
}

int64_t sys_utimes(struct uaddr path, struct uaddr times)
{
    return sys_futimesat(AT_FDCWD, path, times);
}

int64_t sys_utime(struct uaddr path, struct uaddr times)
{
    struct times wanted = times_now;
    struct utimbuf given;

    if (times.value) {
        if (copy_from_user(&given, times, sizeof given))
            return -EFAULT;
        wanted = (struct times){{{given.actime, 0}, {given.modtime, 0}}, false};
    }
    return times_at(AT_FDCWD, path, &wanted, 0);
}
