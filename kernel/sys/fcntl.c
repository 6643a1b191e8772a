/*
 * fcntl(2), a small dispatcher: each command in its own function.
 */
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "file/file_table.h"
#include "file/pipe.h"
#include "fs/filesystem.h"
#include "fs/inode.h"
#include "fs/lock.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/user.h"
#include "syscall_prototypes.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/resource.h>
#include <linux/stat.h>

enum {
    FLAGS_CHANGEABLE = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC,
    SIGNAL_MAX = 64,
    SEALS_KNOWN = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE,
};

/* --- numbers and flags --- */

static int64_t descriptor_dup(struct file *file, uint64_t argument, bool cloexec)
{
    uint64_t limit = caller_limit(RLIMIT_NOFILE);
    int fd;

    if ((uint32_t)argument >= limit || (int32_t)argument < 0)
        return -EINVAL;
    fd = file_table_add(caller_files(), file_get(file), (int)argument, cloexec, limit);
    if (fd < 0)
        file_put(file);
    return fd;
}

static int64_t flags_get(const struct file *file)
{
    uint32_t access = O_RDONLY;

    if (file->mode & FILE_PATH)
        return file->flags | O_PATH;
    if (file->mode & FILE_WRITE)
        access = file->mode & FILE_READ ? O_RDWR : O_WRONLY;
    return (file->flags & ~(uint32_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC)) | access;
}

/* Flags that need a right or the file's help. */
static int flags_check(struct file *file, uint32_t added)
{
    const struct cred *cred = caller_cred();

    if ((added & O_NOATIME) && file->inode && file->inode->uid != cred->fsuid &&
        !cred_capable(cred, CAP_FOWNER))
        return -EPERM;
    if ((added & O_DIRECT) && !pipe_of_file(file) && !(file->inode && S_ISREG(file->inode->mode)))
        return -EINVAL;
    return 0;
}

static int64_t flags_set(struct file *file, uint32_t argument)
{
    uint32_t changeable = FLAGS_CHANGEABLE;
    uint32_t flags = file->flags;
    uint32_t wanted;
    int error;

    if (!file->ops->set_flags)
        changeable &= ~(uint32_t)FASYNC;
    wanted = (flags & ~changeable) | (argument & changeable);
    error = flags_check(file, wanted & ~flags);
    if (!error && file->ops->set_flags)
        error = file->ops->set_flags(file, wanted);
    if (error < 0)
        return error;
    file->flags = wanted;
    return 0;
}

/* --- record locks --- */

static int64_t lock_command(struct file *file, int command, struct uaddr argument)
{
    bool ofd = command >= F_OFD_GETLK;
    struct flock lock;
    int error;

    if (copy_from_user(&lock, argument, sizeof(lock)) < 0)
        return -EFAULT;
    /* Files without an inode can be locked on Linux, alone: nobody else can hold a lock on them but
     * through this description. */
    if (!file->inode)
        return -EINVAL;
    if (command == F_GETLK || command == F_OFD_GETLK) {
        error = lock_record_test(file, &lock, ofd);
        return error < 0 ? error : copy_to_user(argument, &lock, sizeof(lock));
    }
    if (!ofd)
        caller_files()->record_locks = true;
    return lock_record_set(file, &lock, ofd, command == F_SETLKW || command == F_OFD_SETLKW);
}

/* --- owners and signals --- */

static int64_t owner_set(struct file *file, int32_t owner, int type)
{
    if (owner == INT32_MIN)
        return -EINVAL;
    if (owner && !owner_exists(owner, type))
        return -ESRCH;
    file->owner = owner;
    file->owner_type = type;
    return 0;
}

static int64_t owner_set_plain(struct file *file, int32_t owner)
{
    return owner_set(file, owner, owner < 0 ? F_OWNER_PGRP : F_OWNER_PID);
}

static int64_t owner_set_typed(struct file *file, struct uaddr argument)
{
    struct f_owner_ex owner;

    if (copy_from_user(&owner, argument, sizeof(owner)) < 0)
        return -EFAULT;
    if (owner.type < F_OWNER_TID || owner.type > F_OWNER_PGRP)
        return -EINVAL;
    return owner_set(file, owner.type == F_OWNER_PGRP ? -owner.pid : owner.pid, owner.type);
}

static int64_t owner_get_typed(struct file *file, struct uaddr argument)
{
    struct f_owner_ex owner = {
        .type = file->owner ? file->owner_type : F_OWNER_TID,
        .pid = file->owner < 0 ? -file->owner : file->owner,
    };

    return copy_to_user(argument, &owner, sizeof(owner));
}

static int64_t signal_set(struct file *file, uint64_t number)
{
    if (number > SIGNAL_MAX)
        return -EINVAL;
    file->owner_signal = (int32_t)number;
    return 0;
}

/* --- pipes and seals --- */

static int64_t pipe_size(struct file *file, bool set, uint32_t size)
{
    struct pipe *pipe = pipe_of_file(file);

    if (!pipe)
        return -EBADF;
    return set ? pipe_set_capacity(pipe, size) : pipe_capacity(pipe);
}

/* The pages of a file that can carry seals: a memory file system's. */
static struct backing *sealable(struct file *file)
{
    struct inode *inode = file->inode;

    if (!inode || !S_ISREG(inode->mode) || inode->filesystem->type->magic != TMPFS_MAGIC)
        return NULL;
    return inode->backing;
}

static int64_t seals_get(struct file *file)
{
    struct backing *backing = sealable(file);

    return backing ? (int64_t)backing->seals : -EINVAL;
}

static int64_t seals_add(struct file *file, uint32_t seals)
{
    struct backing *backing = sealable(file);
    int error = 0;

    if (!backing)
        return -EINVAL;
    if (!(file->mode & FILE_WRITE))
        return -EPERM;
    if (seals & ~(uint32_t)SEALS_KNOWN)
        return -EINVAL;
    bool written = (seals & F_SEAL_WRITE) && space_backing_written(backing);
    mutex_lock(&backing->lock);
    if (backing->seals & F_SEAL_SEAL)
        error = -EPERM;
    else if (written && !(backing->seals & F_SEAL_WRITE))
        error = -EBUSY;
    else
        backing->seals |= seals;
    mutex_unlock(&backing->lock);
    return error;
}

/* --- dispatch --- */

/* Commands that also work on O_PATH descriptions. */
static bool command_is_plain(int command)
{
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_GETFD ||
           command == F_SETFD || command == F_GETFL;
}

static int64_t plain_command(struct file *file, int fd, int command, uint64_t argument)
{
    switch (command) {
    case F_DUPFD:
        return descriptor_dup(file, argument, false);
    case F_DUPFD_CLOEXEC:
        return descriptor_dup(file, argument, true);
    case F_GETFD:
        return file_table_cloexec_get(caller_files(), fd);
    case F_SETFD:
        return file_table_cloexec_set(caller_files(), fd, argument & FD_CLOEXEC);
    default:
        return flags_get(file);
    }
}

static int64_t owner_command(struct file *file, int command, uint64_t argument)
{
    switch (command) {
    case F_SETOWN:
        return owner_set_plain(file, (int32_t)argument);
    case F_GETOWN:
        return file->owner;
    case F_SETOWN_EX:
        return owner_set_typed(file, (struct uaddr){argument});
    case F_GETOWN_EX:
        return owner_get_typed(file, (struct uaddr){argument});
    case F_SETSIG:
        return signal_set(file, argument);
    default:
        return file->owner_signal;
    }
}

/* Leases and directory notification do not exist: none is held, and none can be had. */
static int64_t lease_command(struct file *file, int command)
{
    if (command == F_GETLEASE)
        return F_UNLCK;
    if (command == F_NOTIFY)
        return file->mode & FILE_DIRECTORY ? -EINVAL : -ENOTDIR;
    return -EINVAL;
}

static int64_t file_command(struct file *file, int fd, int command, uint64_t argument)
{
    switch (command) {
    case F_SETFL:
        return flags_set(file, (uint32_t)argument);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return lock_command(file, command, (struct uaddr){argument});
    case F_SETOWN:
    case F_GETOWN:
    case F_SETOWN_EX:
    case F_GETOWN_EX:
    case F_SETSIG:
    case F_GETSIG:
        return owner_command(file, command, argument);
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ:
        return pipe_size(file, command == F_SETPIPE_SZ, (uint32_t)argument);
    case F_ADD_SEALS:
        return seals_add(file, (uint32_t)argument);
    case F_GET_SEALS:
        return seals_get(file);
    default:
        return lease_command(file, command);
    }
}

int64_t sys_fcntl(int32_t fd, int32_t command, uint64_t argument)
{
    struct file *file = caller_file(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    if (command_is_plain(command))
        result = plain_command(file, fd, command, argument);
    else if (file->mode & FILE_PATH)
        result = -EBADF;
    else
        result = file_command(file, fd, command, argument);
    file_put(file);
    return result;
}
