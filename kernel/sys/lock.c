/*
 * flock(2).
 */
#include "fs/lock.h"
#include "lib/errno.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"

int64_t sys_flock(int32_t fd, int32_t operation)
{
    struct file *file = file_argument_opened(fd);
    int error;

    if (!file)
        return -EBADF;
    error = lock_flock(file, operation);
    file_put(file);
    return error;
}
