/*
 * eventfd(2): a 64-bit counter that is added to by writing and emptied (or, as a semaphore,
 * decremented) by reading.
 *
 * The largest value is 2^64 - 2; a write that would pass it waits. Lock: `lock` guards count; the
 * copy is outside of it.
 */
#include "abi/restart.h"
#include "file/event.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <stdatomic.h>

struct eventfd {
    struct spinlock lock;
    uint64_t count; /* lock */
    bool semaphore; /* constant */
    struct wait_queue queue;
};

#define COUNT_MAX (UINT64_MAX - 1)

static struct slab_cache eventfd_cache = SLAB_CACHE("eventfd", sizeof(struct eventfd));

/* Takes the reader's share: false if there is none. */
static bool count_take(struct eventfd *event, uint64_t *value)
{
    spin_lock(&event->lock);
    *value = event->semaphore && event->count ? 1 : event->count;
    event->count -= *value;
    spin_unlock(&event->lock);
    return *value > 0;
}

static bool count_add(struct eventfd *event, uint64_t value)
{
    bool fits;

    spin_lock(&event->lock);
    fits = value <= COUNT_MAX - event->count;
    if (fits)
        event->count += value;
    spin_unlock(&event->lock);
    return fits;
}

static int64_t eventfd_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct eventfd *event = file->private;
    struct waiter self;
    uint64_t value;
    int error = 0;

    if (uio->left < sizeof(value))
        return -EINVAL;
    waiter_init(&self);
    while (!error) {
        wait_enter(&event->queue, &self);
        if (count_take(event, &value))
            break;
        error =
            file_nonblocking(file, uio) ? -EAGAIN : wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&event->queue, &self);
    if (error)
        return error == -EINTR ? -ERESTARTSYS : error;
    wait_wake_events(&event->queue, EPOLLOUT);
    return uio_move(uio, &value, sizeof(value));
}

static int64_t eventfd_write(struct file *file, struct uio *uio, uint64_t *position)
{
    struct eventfd *event = file->private;
    struct waiter self;
    uint64_t value;
    int error = 0;

    if (uio->left < sizeof(value))
        return -EINVAL;
    if (uio_move(uio, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    waiter_init(&self);
    while (!error) {
        wait_enter(&event->queue, &self);
        if (count_add(event, value))
            break;
        error =
            file_nonblocking(file, uio) ? -EAGAIN : wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&event->queue, &self);
    if (error)
        return error == -EINTR ? -ERESTARTSYS : error;
    wait_wake_events(&event->queue, EPOLLIN);
    return sizeof(value);
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *event = file->private;
    uint32_t events = 0;
    uint64_t count;

    poll_wait(table, file, &event->queue);
    spin_lock(&event->lock);
    count = event->count;
    spin_unlock(&event->lock);
    if (count > 0)
        events |= EPOLLIN;
    if (count < COUNT_MAX)
        events |= EPOLLOUT;
    return events;
}

static void eventfd_release(struct file *file)
{
    slab_free(&eventfd_cache, file->private);
}

static int eventfd_describe(struct file *file, char *buffer, uint64_t size)
{
    struct eventfd *event = file->private;

    return format_text(buffer, size, "eventfd-count: %16llx\neventfd-semaphore: %d\n",
                       (unsigned long long)event->count, event->semaphore);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
    .describe = eventfd_describe,
};

struct file *eventfd_make(uint32_t initial, bool semaphore, uint32_t flags)
{
    struct eventfd *event = slab_alloc_zero(&eventfd_cache);
    struct file *file;

    if (!event)
        return NULL;
    event->count = initial;
    event->semaphore = semaphore;
    file = file_anonymous(&eventfd_ops, "anon_inode:[eventfd]", event, flags);
    if (!file) {
        slab_free(&eventfd_cache, event);
        return NULL;
    }
    file->mode |= FILE_NOWAIT;
    return file;
}
