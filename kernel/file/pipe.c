/*
 * Pipes and FIFOs: their life, opening, polling and capacity. Moving bytes is in pipe_transfer.c.
 *
 * A pipe is a ring of pages, 16 by default, filled and emptied as pipe_transfer.c tells. Its
 * capacity is counted in pages that are in use, however little is in them, as Linux does: poll(2)
 * says writable as long as one is free.
 *
 * A FIFO is the same object, made by the first open of its name and kept in a slot of the inode,
 * gone with the last close.
 *
 * Locks: fifo_lock (above pipe->lock) guards the slots of all FIFOs; pipe->lock the pipe. Sleeping
 * is with neither.
 */
#include "file/pipe.h"

#include "abi/restart.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "file/pipe_ring.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "mem/user.h"
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/stat.h>

enum { PIPE_SIZE_MAX = 1 << 20 }; /* without CAP_SYS_RESOURCE: /proc/sys/fs/pipe-max-size */

static struct slab_cache pipe_cache = SLAB_CACHE("pipe", sizeof(struct pipe));
static struct mutex fifo_lock;

/* --- life --- */

static struct pipe *pipe_create(void)
{
    const struct cred *cred = caller_cred();
    struct pipe *pipe = slab_alloc_zero(&pipe_cache);

    if (!pipe)
        return NULL;
    pipe->ring = heap_alloc(PIPE_BUFFERS * sizeof(*pipe->ring));
    if (!pipe->ring) {
        slab_free(&pipe_cache, pipe);
        return NULL;
    }
    pipe->capacity = PIPE_BUFFERS;
    pipe->number = file_pseudo_number();
    pipe->uid = cred->fsuid;
    pipe->gid = cred->fsgid;
    pipe->made = wall_clock_now();
    return pipe;
}

static void pipe_destroy(struct pipe *pipe)
{
    for (; !pipe_is_empty(pipe); pipe->tail++)
        frame_free(frame_of_kernel(pipe_buffer_at(pipe, pipe->tail)->page));
    for (unsigned i = 0; i < PIPE_SPARES; i++)
        if (pipe->spares[i])
            frame_free(frame_of_kernel(pipe->spares[i]));
    heap_free(pipe->ring);
    slab_free(&pipe_cache, pipe);
}

/* One description less refers to the pipe. */
static void pipe_unref(struct pipe *pipe)
{
    bool last;

    if (pipe->slot)
        mutex_lock(&fifo_lock);
    mutex_lock(&pipe->lock);
    last = --pipe->files == 0;
    mutex_unlock(&pipe->lock);
    if (pipe->slot) {
        if (last)
            atomic_store(pipe->slot, NULL);
        mutex_unlock(&fifo_lock);
    }
    if (last)
        pipe_destroy(pipe);
}

/* The side that is left over learns that the other is gone. */
static void partner_wake(struct pipe *pipe)
{
    pipe_wake(&pipe->can_read, EPOLLIN | EPOLLRDNORM | EPOLLERR | EPOLLHUP);
    pipe_wake(&pipe->can_write, EPOLLOUT | EPOLLWRNORM | EPOLLERR | EPOLLHUP);
}

static void pipe_leave(struct pipe *pipe, uint32_t mode)
{
    mutex_lock(&pipe->lock);
    if (mode & FILE_READ)
        pipe->readers--;
    if (mode & FILE_WRITE)
        pipe->writers--;
    if (!pipe->readers != !pipe->writers)
        partner_wake(pipe);
    mutex_unlock(&pipe->lock);
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->private;

    pipe_leave(pipe, file->mode);
    pipe_unref(pipe);
}

/* --- polling, ioctl, names --- */

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->private;
    uint32_t events = 0;

    if (file->mode & FILE_READ) {
        poll_wait(table, file, &pipe->can_read);
        if (!pipe_is_empty(pipe))
            events |= EPOLLIN | EPOLLRDNORM;
        if (!pipe->writers && pipe->writer_opens != file->position)
            events |= EPOLLHUP;
    }
    if (file->mode & FILE_WRITE) {
        poll_wait(table, file, &pipe->can_write);
        if (!pipe_is_full(pipe))
            events |= EPOLLOUT | EPOLLWRNORM;
        if (!pipe->readers)
            events |= EPOLLERR;
    }
    return events;
}

static int64_t pipe_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    struct pipe *pipe = file->private;
    int bytes = 0;

    if (command != FIONREAD)
        return -ENOTTY;
    mutex_lock(&pipe->lock);
    for (uint32_t i = pipe->tail; i != pipe->head; i++)
        bytes += (int)pipe_buffer_at(pipe, i)->length;
    mutex_unlock(&pipe->lock);
    return copy_to_user((struct uaddr){argument}, &bytes, sizeof(bytes));
}

static void pipe_status(struct file *file, struct file_status *status)
{
    struct pipe *pipe = file->private;

    status->mode = S_IFIFO | S_IRUSR | S_IWUSR;
    status->device = 0xe;
    status->inode = pipe->number;
    status->uid = pipe->uid;
    status->gid = pipe->gid;
    status->time = (uint64_t)pipe->made;
}

static int pipe_describe_name(struct file *file, char *buffer, uint64_t size)
{
    struct pipe *pipe = file->private;

    return format_text(buffer, size, "pipe:[%llu]", (unsigned long long)pipe->number);
}

static int pipe_reopen(struct file *old, struct file *fresh);

static const struct file_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .release = pipe_release,
    .status = pipe_status,
    .reopen = pipe_reopen,
    .describe_name = pipe_describe_name,
};

struct pipe *pipe_of_file(struct file *file)
{
    return file->ops == &pipe_ops ? file->private : NULL;
}

/* --- opening --- */

/* Sleeps until the number of opens on the other side is no longer `seen`. Lock held. */
static int partner_wait(struct pipe *pipe, const uint32_t *opens)
{
    uint32_t seen = *opens;

    while (seen == *opens) {
        int error = pipe_sleep(pipe, &pipe->can_read);

        if (error)
            return error;
    }
    return 0;
}

/* Enters as one more reader or writer, waking whoever waits for one in its open. Lock held. */
static void side_enter(struct pipe *pipe, uint32_t mode)
{
    bool first = false;

    if (mode & FILE_READ) {
        pipe->reader_opens++;
        first |= pipe->readers++ == 0;
    }
    if (mode & FILE_WRITE) {
        pipe->writer_opens++;
        first |= pipe->writers++ == 0;
    }
    if (first)
        pipe_wake(&pipe->can_read, 0);
}

/* The rules of opening a named FIFO. Lock held. */
static int side_open(struct pipe *pipe, struct file *file)
{
    bool nonblocking = file->flags & O_NONBLOCK;
    uint32_t side = file->mode & (FILE_READ | FILE_WRITE);

    if (side == FILE_WRITE && nonblocking && !pipe->readers)
        return -ENXIO;
    side_enter(pipe, side);
    if (side == FILE_READ && !pipe->writers) {
        if (!nonblocking)
            return partner_wait(pipe, &pipe->writer_opens);
        /* No POLLHUP until a writer has come and gone. */
        file->position = pipe->writer_opens;
    }
    if (side == FILE_WRITE && !pipe->readers)
        return partner_wait(pipe, &pipe->reader_opens);
    return 0;
}

static void file_attach(struct file *file, struct pipe *pipe)
{
    file->ops = &pipe_ops;
    file->private = pipe;
    file->mode = (file->mode & ~(uint32_t)FILE_SEEKABLE) | FILE_STREAM | FILE_NOWAIT;
}

/* The FIFO's pipe with one more description, or NULL: no memory. */
static struct pipe *slot_pipe(_Atomic(void *) *slot)
{
    struct pipe *pipe;

    mutex_lock(&fifo_lock);
    pipe = atomic_load(slot);
    if (!pipe) {
        pipe = pipe_create();
        if (pipe)
            pipe->slot = slot;
        atomic_store(slot, pipe);
    }
    if (pipe) {
        mutex_lock(&pipe->lock);
        pipe->files++;
        mutex_unlock(&pipe->lock);
    }
    mutex_unlock(&fifo_lock);
    return pipe;
}

int pipe_open_fifo(_Atomic(void *) *slot, struct file *file)
{
    struct pipe *pipe = slot_pipe(slot);
    int error;

    if (!pipe)
        return -ENOMEM;
    mutex_lock(&pipe->lock);
    error = side_open(pipe, file);
    mutex_unlock(&pipe->lock);
    if (error) {
        if (error != -ENXIO)
            pipe_leave(pipe, file->mode);
        pipe_unref(pipe);
        return error;
    }
    file_attach(file, pipe);
    return 0;
}

/* /proc/PID/fd/N of a pipe: another description of the same end or of the other, which never waits.
 */
static int pipe_reopen(struct file *old, struct file *fresh)
{
    struct pipe *pipe = old->private;

    if (pipe->slot)
        return pipe_open_fifo(pipe->slot, fresh);
    mutex_lock(&pipe->lock);
    pipe->files++;
    side_enter(pipe, fresh->mode);
    mutex_unlock(&pipe->lock);
    file_attach(fresh, pipe);
    return 0;
}

static struct file *end_make(struct pipe *pipe, uint32_t mode, uint32_t flags)
{
    struct file *file = file_alloc(&pipe_ops, mode | FILE_STREAM | FILE_NOWAIT, flags);

    if (file)
        file->private = pipe;
    return file;
}

int pipe_make(uint32_t flags, struct file **reader, struct file **writer)
{
    struct pipe *pipe = pipe_create();

    if (!pipe)
        return -ENOMEM;
    *reader = end_make(pipe, FILE_READ, flags & O_NONBLOCK);
    *writer = end_make(pipe, FILE_WRITE, flags & (O_NONBLOCK | O_DIRECT));
    if (!*reader || !*writer)
        goto fail;
    pipe->readers = pipe->writers = 1;
    pipe->reader_opens = pipe->writer_opens = 1;
    pipe->files = 2;
    file_opened(*reader);
    file_opened(*writer);
    return 0;
fail:
    if (*reader)
        file_put(*reader);
    if (*writer)
        file_put(*writer);
    pipe_destroy(pipe);
    return -ENOMEM;
}

/* --- capacity --- */

int64_t pipe_capacity(struct pipe *pipe)
{
    return (int64_t)pipe->capacity * PAGE_SIZE;
}

/* Moves the used buffers to a ring of another size. Lock held. */
static int64_t ring_resize(struct pipe *pipe, uint32_t capacity)
{
    uint32_t used = pipe->head - pipe->tail;
    struct pipe_buffer *ring;

    if (capacity < used)
        return -EBUSY;
    ring = heap_alloc(capacity * sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    for (uint32_t i = 0; i < used; i++)
        ring[i] = *pipe_buffer_at(pipe, pipe->tail + i);
    heap_free(pipe->ring);
    pipe->ring = ring;
    pipe->tail = 0;
    pipe->head = used;
    pipe->capacity = capacity;
    return pipe_capacity(pipe);
}

int64_t pipe_set_capacity(struct pipe *pipe, uint64_t bytes)
{
    uint64_t rounded = UINT64_C(1) << log2_ceil(max_u64(bytes, PAGE_SIZE));
    int64_t result;
    bool was_full;

    if (bytes > UINT64_C(1) << 31)
        return -EINVAL;
    mutex_lock(&pipe->lock);
    was_full = pipe_is_full(pipe);
    if (rounded > (uint64_t)pipe_capacity(pipe) && rounded > PIPE_SIZE_MAX &&
        !cred_capable(caller_cred(), CAP_SYS_RESOURCE))
        result = -EPERM;
    else
        result = ring_resize(pipe, (uint32_t)(rounded / PAGE_SIZE));
    mutex_unlock(&pipe->lock);
    if (result > 0 && was_full)
        pipe_wake(&pipe->can_write, EPOLLOUT | EPOLLWRNORM);
    return result;
}
