/*
 * signalfd(2): pending signals, read as records. The signals are those of whoever reads or polls,
 * not of whoever made the descriptor; proc hands them out (file/caller.h).
 */
#include "abi/restart.h"
#include "file/caller.h"
#include "file/event.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <linux/signalfd.h>

struct signalfd {
    _Atomic uint64_t mask;
};

static struct slab_cache signalfd_cache = SLAB_CACHE("signalfd", sizeof(struct signalfd));
static const struct file_ops signalfd_ops;

/* Waits for the first record. 0, -EAGAIN, -ERESTARTSYS. */
static int signal_wait(struct file *file, struct uio *uio, struct signalfd_siginfo *info)
{
    struct signalfd *signals = file->private;
    struct wait_queue *queue = caller_signal_queue();
    struct waiter self;
    int error = 0;

    waiter_init(&self);
    while (!error) {
        wait_enter(queue, &self);
        if (caller_signal_take(signals->mask, info))
            break;
        error =
            file_nonblocking(file, uio) ? -EAGAIN : wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(queue, &self);
    return error == -EINTR ? -ERESTARTSYS : error;
}

static int64_t signalfd_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct signalfd *signals = file->private;
    struct signalfd_siginfo info;
    int64_t done = 0;
    int error;

    if (uio->left < sizeof(info))
        return -EINVAL;
    error = signal_wait(file, uio, &info);
    if (error < 0)
        return error;
    do {
        if (uio_move(uio, &info, sizeof(info)) != sizeof(info))
            return done ? done : -EFAULT;
        done += (int64_t)sizeof(info);
    } while (uio->left >= sizeof(info) && caller_signal_take(signals->mask, &info));
    return done;
}

static uint32_t signalfd_poll(struct file *file, struct poll_table *table)
{
    struct signalfd *signals = file->private;

    poll_wait(table, file, caller_signal_queue());
    return caller_signal_pending(signals->mask) ? EPOLLIN : 0;
}

static void signalfd_release(struct file *file)
{
    slab_free(&signalfd_cache, file->private);
}

static int signalfd_describe(struct file *file, char *buffer, uint64_t size)
{
    struct signalfd *signals = file->private;

    return format_text(buffer, size, "sigmask:\t%016llx\n", (unsigned long long)signals->mask);
}

static const struct file_ops signalfd_ops = {
    .read = signalfd_read,
    .poll = signalfd_poll,
    .release = signalfd_release,
    .describe = signalfd_describe,
};

struct file *signalfd_make(uint64_t mask, uint32_t flags)
{
    struct signalfd *signals = slab_alloc(&signalfd_cache);
    struct file *file;

    if (!signals)
        return NULL;
    atomic_init(&signals->mask, mask);
    file = file_anonymous(&signalfd_ops, "anon_inode:[signalfd]", signals, flags);
    if (!file)
        slab_free(&signalfd_cache, signals);
    return file;
}

int signalfd_set(struct file *file, uint64_t mask)
{
    struct signalfd *signals = file->private;

    if (file->ops != &signalfd_ops)
        return -EINVAL;
    atomic_store(&signals->mask, mask);
    wait_wake_events(caller_signal_queue(), EPOLLIN);
    return 0;
}
