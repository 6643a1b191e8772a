/*
 * Descriptors for processes: see proc/pidfd.h.
 */
#include "proc/pidfd.h"

#include "file/event.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/errno.h"
#include <linux/fcntl.h>

int pidfd_create(struct pid *pid, uint32_t flags, struct file **file)
{
    *file = pidfd_make(pid_get(pid), flags);
    return *file ? 0 : -ENOMEM;
}

int pidfd_pid(int32_t fd, struct pid **pid, bool *nonblocking)
{
    struct file *file = caller_file(fd);
    struct pid *found;

    if (!file)
        return -EBADF;
    found = pidfd_handle(file);
    if (found)
        *pid = pid_get(found);
    if (nonblocking)
        *nonblocking = (file->flags & O_NONBLOCK) != 0;
    file_put(file);
    return found ? 0 : -EBADF;
}
