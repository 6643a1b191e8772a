/*
 * /dev/kmsg: each read gives one line of the kernel's log as
 * "priority,sequence,microseconds,-;text", each write adds one.
 *
 * A description remembers how far it has read (file->position, a position of the log) and how many
 * records that were (file->private). A reader at the end looks again every TRY nanoseconds: the log
 * wakes nobody, since it can be written in any context.
 */
#include "dev/kmsg.h"

#include "abi/restart.h"
#include "arch/time.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/device.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/uio.h"
#include "trace/log.h"
#include <asm/fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/stat.h>

enum {
    LINE = 512,
    WRITE_MAX = 976, /* longer writes are refused */
    PRIORITY = 6,
    TRY = 100000000,
};

/* The line at file->position: its length without the newline, and where the next one starts. False:
 * there is none. */
static bool line_peek(struct file *file, char *line, size_t *length, size_t *next)
{
    size_t position = file->position;
    size_t start;
    size_t count = log_read(&position, line, LINE);
    char *end;

    if (!count)
        return false;
    start = position - count;
    end = memchr(line, '\n', count);
    *length = end ? (size_t)(end - line) : count;
    *next = start + *length + (end ? 1 : 0);
    return true;
}

static int line_wait(struct file *file, struct uio *uio)
{
    struct wait_queue nothing = {0};
    struct waiter self;
    int error;

    if (file_nonblocking(file, uio))
        return -EAGAIN;
    waiter_init(&self);
    wait_enter(&nothing, &self);
    error = wait_sleep(WAIT_INTERRUPTIBLE, clock_monotonic() + TRY);
    wait_leave(&nothing, &self);
    return error == -EINTR ? -ERESTARTSYS : 0;
}

static int64_t kmsg_read(struct file *file, struct uio *uio, uint64_t *position)
{
    uint64_t sequence = (uint64_t)(uintptr_t)file->private;
    char line[LINE];
    char head[48];
    size_t length;
    size_t next;
    int head_length;

    while (!line_peek(file, line, &length, &next)) {
        int error = line_wait(file, uio);

        if (error < 0)
            return error;
    }
    head_length =
        format_text(head, sizeof(head), "%d,%llu,%llu,-;", PRIORITY, (unsigned long long)sequence,
                    (unsigned long long)(clock_monotonic() / 1000));
    if (uio->left < (size_t)head_length + length + 1)
        return -EINVAL;
    if (uio_move(uio, head, (size_t)head_length) < 0 || uio_move(uio, line, length) < 0 ||
        uio_move(uio, "\n", 1) < 0)
        return -EFAULT;
    *position = next;
    file->private = (void *)(uintptr_t)(sequence + 1);
    return head_length + (int64_t)length + 1;
}

/* "<N>" at the start is a priority. */
static const char *priority_skip(const char *text)
{
    const char *digits = text + 1;
    size_t count;

    if (*text != '<')
        return text;
    count = strspn(digits, "0123456789");
    return count && digits[count] == '>' ? digits + count + 1 : text;
}

static int64_t kmsg_write(struct file *file, struct uio *uio, uint64_t *position)
{
    char line[WRITE_MAX + 1];
    size_t count = uio->left;
    size_t length = count;

    if (count > WRITE_MAX)
        return -EINVAL;
    if (count && uio_move(uio, line, count) != (int64_t)count)
        return -EFAULT;
    if (length && line[length - 1] == '\n')
        length--;
    line[length] = '\0';
    log_line("%s", priority_skip(line));
    return (int64_t)count;
}

static int64_t kmsg_seek(struct file *file, int64_t offset, int whence)
{
    char line[LINE];
    size_t position = 0;

    if (offset)
        return -ESPIPE;
    switch (whence) {
    case SEEK_SET:
    case SEEK_DATA:
        break;
    case SEEK_END:
        while (log_read(&position, line, LINE))
            ;
        break;
    default:
        return -EINVAL;
    }
    file->position = position;
    return 0;
}

static uint32_t kmsg_poll(struct file *file, struct poll_table *table)
{
    char line[LINE];
    size_t length;
    size_t next;

    return line_peek(file, line, &length, &next) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_ops kmsg_ops = {
    .read = kmsg_read,
    .write = kmsg_write,
    .seek = kmsg_seek,
    .poll = kmsg_poll,
};

static int kmsg_open(uint32_t number, struct file *file)
{
    if ((file->mode & FILE_READ) && !cred_capable(caller_cred(), CAP_SYSLOG))
        return -EPERM;
    return 0;
}

static struct device kmsg_device = {
    .name = "kmsg",
    .type = S_IFCHR,
    .major = 1,
    .first_minor = 11,
    .count = 1,
    .mode = 0644,
    .ops = &kmsg_ops,
    .open = kmsg_open,
};

void kmsg_device_start(void)
{
    device_register(&kmsg_device);
}
