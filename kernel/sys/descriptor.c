/*
 * Descriptors as numbers: close, dup, pipe.
 */
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "file/pipe.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "syscall_prototypes.h"
#include <asm/fcntl.h>
#include <linux/close_range.h>
#include <linux/resource.h>

int64_t sys_close(int32_t fd)
{
    return file_table_close(caller_files(), fd);
}

int64_t sys_close_range(uint32_t first, uint32_t last, uint32_t flags)
{
    if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
        return -EINVAL;
    if (first > last)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        int error = caller_files_unshare();

        if (error < 0)
            return error;
    }
    return file_table_close_range(caller_files(), first, last, flags & CLOSE_RANGE_CLOEXEC);
}

int64_t sys_dup(int32_t fd)
{
    struct file *file = caller_file(fd);

    return file ? caller_file_install(file, false) : -EBADF;
}

static int64_t dup_to(int32_t from, int32_t to, bool cloexec)
{
    struct file *file;
    int result;

    if (to < 0 || (uint64_t)to >= caller_limit(RLIMIT_NOFILE))
        return -EBADF;
    file = caller_file(from);
    if (!file)
        return -EBADF;
    result = file_table_replace(caller_files(), to, file, cloexec);
    if (result < 0)
        file_put(file);
    return result;
}

int64_t sys_dup2(int32_t from, int32_t to)
{
    if (from == to)
        return file_table_cloexec_get(caller_files(), from) < 0 ? -EBADF : from;
    return dup_to(from, to, false);
}

int64_t sys_dup3(int32_t from, int32_t to, uint32_t flags)
{
    if ((flags & ~(uint32_t)O_CLOEXEC) || from == to)
        return -EINVAL;
    return dup_to(from, to, flags & O_CLOEXEC);
}

/* Gives both ends numbers and tells the program. */
static int64_t pipe_install(struct file *reader, struct file *writer, bool cloexec,
                            struct uaddr fds)
{
    int numbers[2];

    numbers[0] = caller_file_install(reader, cloexec);
    if (numbers[0] < 0) {
        file_put(writer);
        return numbers[0];
    }
    numbers[1] = caller_file_install(writer, cloexec);
    if (numbers[1] < 0)
        goto close_reader;
    if (copy_to_user(fds, numbers, sizeof(numbers)) == 0)
        return 0;
    file_table_close(caller_files(), numbers[1]);
    numbers[1] = -EFAULT;
close_reader:
    file_table_close(caller_files(), numbers[0]);
    return numbers[1];
}

int64_t sys_pipe2(struct uaddr fds, uint32_t flags)
{
    struct file *reader;
    struct file *writer;
    int error;

    if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK | O_DIRECT | O_EXCL))
        return -EINVAL;
    /* O_NOTIFICATION_PIPE: there are no watch queues. */
    if (flags & O_EXCL)
        return -ENOPKG;
    error = pipe_make(flags, &reader, &writer);
    if (error < 0)
        return error;
    return pipe_install(reader, writer, flags & O_CLOEXEC, fds);
}

int64_t sys_pipe(struct uaddr fds)
{
    return sys_pipe2(fds, 0);
}
