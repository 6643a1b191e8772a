/*
 * read, write and their many forms, lseek and ioctl: arguments are checked in the order in which
 * Linux does, then handed to the description. A call moves at most TRANSFER_MAX bytes.
 */
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/inode.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/uio.h"
#include "mem/user.h"
#include "sys/vector.h"
#include "syscall_prototypes.h"
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <linux/fs.h>
#include <linux/stat.h>

enum { RWF_KNOWN = RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND };

/* One transfer to or from user memory. position NULL: the description's own offset. */
static int64_t transfer(struct file *file, bool read, struct uio *uio, uint64_t *position)
{
    return read ? file_read(file, uio, position) : file_write(file, uio, position);
}

static int64_t transfer_one(struct file *file, bool read, struct uaddr base, uint64_t count,
                            uint64_t *position)
{
    struct uio uio;

    if (!(file->mode & (read ? FILE_READ : FILE_WRITE)))
        return -EBADF;
    if (!user_range_ok(base, count))
        return -EFAULT;
    if ((int64_t)count < 0)
        return -EINVAL;
    uio_init_user(&uio, read, base, min_u64(count, TRANSFER_MAX));
    return transfer(file, read, &uio, position);
}

int64_t sys_read(int32_t fd, struct uaddr buf, uint64_t count)
{
    struct file *file = caller_file(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = transfer_one(file, true, buf, count, NULL);
    file_put(file);
    return result;
}

int64_t sys_write(int32_t fd, struct uaddr buf, uint64_t count)
{
    struct file *file = caller_file(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = transfer_one(file, false, buf, count, NULL);
    file_put(file);
    return result;
}

static int64_t transfer_at(int32_t fd, bool read, struct uaddr buf, uint64_t count, int64_t offset)
{
    uint64_t position = (uint64_t)offset;
    struct file *file;
    int64_t result;

    if (offset < 0)
        return -EINVAL;
    file = caller_file_usable(fd);
    if (!file)
        return -EBADF;
    if (!(file->mode & FILE_SEEKABLE))
        result = -ESPIPE;
    else
        result = transfer_one(file, read, buf, count, &position);
    file_put(file);
    return result;
}

int64_t sys_pread64(int32_t fd, struct uaddr buf, uint64_t count, int64_t offset)
{
    return transfer_at(fd, true, buf, count, offset);
}

int64_t sys_pwrite64(int32_t fd, struct uaddr buf, uint64_t count, int64_t offset)
{
    return transfer_at(fd, false, buf, count, offset);
}

/* --- vectors --- */

static int64_t transfer_vector(struct file *file, bool read, struct uaddr from, uint64_t count,
                               uint64_t *position, uint32_t flags)
{
    struct vector vector;
    struct uio uio;
    int64_t result;

    if (!(file->mode & (read ? FILE_READ : FILE_WRITE)))
        return -EBADF;
    result = vector_read(&vector, &uio, read, from, count);
    if (!result && uio.left) {
        uio.flags = flags;
        result = flags & ~(uint32_t)RWF_KNOWN ? -EOPNOTSUPP : transfer(file, read, &uio, position);
    }
    vector_drop(&vector);
    return result;
}

static int64_t transfer_plain_vector(int32_t fd, bool read, struct uaddr from, uint64_t count,
                                     uint32_t flags)
{
    struct file *file = caller_file(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = transfer_vector(file, read, from, count, NULL, flags);
    file_put(file);
    return result;
}

static int64_t transfer_vector_at(int32_t fd, bool read, struct uaddr from, uint64_t count,
                                  int64_t offset, uint32_t flags)
{
    uint64_t position = (uint64_t)offset;
    struct file *file;
    int64_t result;

    if (offset < 0)
        return -EINVAL;
    file = caller_file_usable(fd);
    if (!file)
        return -EBADF;
    if (!(file->mode & FILE_SEEKABLE))
        result = -ESPIPE;
    else
        result = transfer_vector(file, read, from, count, &position, flags);
    file_put(file);
    return result;
}

int64_t sys_readv(int32_t fd, struct uaddr vector, uint64_t count)
{
    return transfer_plain_vector(fd, true, vector, count, 0);
}

int64_t sys_writev(int32_t fd, struct uaddr vector, uint64_t count)
{
    return transfer_plain_vector(fd, false, vector, count, 0);
}

int64_t sys_preadv(int32_t fd, struct uaddr vector, uint64_t count, uint64_t low, uint64_t high)
{
    return transfer_vector_at(fd, true, vector, count, (int64_t)low, 0);
}

int64_t sys_pwritev(int32_t fd, struct uaddr vector, uint64_t count, uint64_t low, uint64_t high)
{
    return transfer_vector_at(fd, false, vector, count, (int64_t)low, 0);
}

/* Offset -1 means the description's own. */
static int64_t transfer_vector_flags(int32_t fd, bool read, struct uaddr vector, uint64_t count,
                                     int64_t offset, uint32_t flags)
{
    if (offset == -1)
        return transfer_plain_vector(fd, read, vector, count, flags);
    return transfer_vector_at(fd, read, vector, count, offset, flags);
}

int64_t sys_preadv2(int32_t fd, struct uaddr vector, uint64_t count, uint64_t low, uint64_t high,
                    uint32_t flags)
{
    return transfer_vector_flags(fd, true, vector, count, (int64_t)low, flags);
}

int64_t sys_pwritev2(int32_t fd, struct uaddr vector, uint64_t count, uint64_t low, uint64_t high,
                     uint32_t flags)
{
    return transfer_vector_flags(fd, false, vector, count, (int64_t)low, flags);
}

/* --- lseek, ioctl --- */

int64_t sys_lseek(int32_t fd, int64_t offset, int32_t whence)
{
    struct file *file = caller_file_usable(fd);
    int64_t result = -EINVAL;

    if (!file)
        return -EBADF;
    if (whence >= SEEK_SET && whence <= SEEK_HOLE)
        result = file_seek(file, offset, whence);
    file_put(file);
    return result;
}

/* Turns a status flag on or off as the int at `argument` says. */
static int64_t flag_ioctl(struct file *file, uint32_t flag, struct uaddr argument)
{
    uint32_t flags = file->flags;
    uint32_t wanted;
    int on;

    if (copy_from_user(&on, argument, sizeof(on)) < 0)
        return -EFAULT;
    wanted = on ? flags | flag : flags & ~flag;
    if (flag == FASYNC && wanted != flags && !file->ops->set_flags)
        return -ENOTTY;
    if (file->ops->set_flags && wanted != flags) {
        int error = file->ops->set_flags(file, wanted);

        if (error < 0)
            return error;
    }
    file->flags = wanted;
    return 0;
}

/* What a regular file answers by itself. */
static int64_t regular_ioctl(struct file *file, unsigned command, struct uaddr argument)
{
    int left;

    if (command != FIONREAD)
        return file_ioctl(file, command, argument.value);
    left = (int)(inode_size(file->inode) - file->position);
    return copy_to_user(argument, &left, sizeof(left));
}

static int64_t file_command(struct file *file, int fd, unsigned command, uint64_t argument)
{
    struct uaddr address = {argument};

    switch (command) {
    case FIOCLEX:
        return file_table_cloexec_set(caller_files(), fd, true);
    case FIONCLEX:
        return file_table_cloexec_set(caller_files(), fd, false);
    case FIONBIO:
        return flag_ioctl(file, O_NONBLOCK, address);
    case FIOASYNC:
        return flag_ioctl(file, FASYNC, address);
    default:
        if (file->inode && S_ISREG(file->inode->mode))
            return regular_ioctl(file, command, address);
        return file_ioctl(file, command, argument);
    }
}

int64_t sys_ioctl(int32_t fd, uint32_t command, uint64_t argument)
{
    struct file *file = caller_file_usable(fd);
    int64_t result;

    if (!file)
        return -EBADF;
    result = file_command(file, fd, command, argument);
    file_put(file);
    return result;
}
