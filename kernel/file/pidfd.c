/*
 * Descriptors of processes (pidfd_open(2)): readable once the process has ended. What a process is
 * stays with proc.
 */
#include "file/caller.h"
#include "file/event.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/format.h"

static uint32_t pidfd_poll(struct file *file, struct poll_table *table)
{
    uint32_t events = 0;

    poll_wait(table, file, pid_handle_queue(file->private));
    if (pid_handle_ended(file->private))
        events = EPOLLIN | EPOLLRDNORM;
    if (pid_handle_reaped(file->private))
        events |= EPOLLHUP;
    return events;
}

static void pidfd_release(struct file *file)
{
    pid_handle_put(file->private);
}

static int pidfd_describe(struct file *file, char *buffer, uint64_t size)
{
    int number = pid_handle_number(file->private);

    return format_text(buffer, size, "Pid:\t%d\nNSpid:\t%d\n", number, number);
}

static const struct file_ops pidfd_ops = {
    .poll = pidfd_poll,
    .release = pidfd_release,
    .describe = pidfd_describe,
};

struct file *pidfd_make(void *handle, uint32_t flags)
{
    struct file *file = file_anonymous(&pidfd_ops, "anon_inode:[pidfd]", handle, flags);

    if (!file)
        pid_handle_put(handle);
    return file;
}

void *pidfd_handle(struct file *file)
{
    return file->ops == &pidfd_ops ? file->private : NULL;
}
