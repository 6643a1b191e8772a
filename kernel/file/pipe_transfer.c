/*
 * Moving bytes through a pipe.
 *
 * A write of n bytes first appends its odd part (n modulo the page size) to the last page if it
 * fits there whole, then fills pages. So a write of up to PIPE_BUF bytes is never split among
 * others' bytes, as POSIX demands, and small messages share a page. A packet (O_DIRECT) has a page
 * of its own.
 *
 * Cost: a message that meets a waiting partner is one lock, one copy, one wake-up; its page is the
 * one that the last message left. User memory is touched with only the pipe's sleeping lock held.
 */
#include "abi/restart.h"
#include "arch/time.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/pipe.h"
#include "file/pipe_ring.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/reclaim.h"
#include "mem/uio.h"
#include <asm/fcntl.h>
#include <asm/signal.h>

enum {
    EVENTS_READ = EPOLLIN | EPOLLRDNORM,
    EVENTS_WRITE = EPOLLOUT | EPOLLWRNORM,
};

/* The first page of a pipe is given as long as there is any: a byte that wakes somebody up must not
 * be lost. */
uint8_t *pipe_page_take(struct pipe *pipe)
{
    struct frame *frame;

    for (unsigned i = 0; i < PIPE_SPARES; i++) {
        uint8_t *page = pipe->spares[i];

        if (page) {
            pipe->spares[i] = NULL;
            return page;
        }
    }
    if (!pipe_is_empty(pipe) && !reclaim_objects_may_grow())
        return NULL;
    do
        frame = frame_alloc(FRAME_KERNEL, 0, 0);
    while (!frame && reclaim_wait());
    return frame ? frame_address(frame) : NULL;
}

void pipe_page_give(struct pipe *pipe, uint8_t *page)
{
    for (unsigned i = 0; i < PIPE_SPARES; i++) {
        if (!pipe->spares[i]) {
            pipe->spares[i] = page;
            return;
        }
    }
    frame_free(frame_of_kernel(page));
}

int pipe_sleep(struct pipe *pipe, struct wait_queue *queue)
{
    struct waiter self;
    int error;

    waiter_init(&self);
    wait_enter(queue, &self);
    mutex_unlock(&pipe->lock);
    error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    wait_leave(queue, &self);
    mutex_lock(&pipe->lock);
    return error ? -ERESTARTSYS : 0;
}

void pipe_wake(struct wait_queue *queue, uint32_t events)
{
    if (!wait_empty(queue))
        wait_wake_events(queue, events);
}

/* --- reading --- */

/* Moves bytes out of the oldest buffer. Bytes or -EFAULT. *packet: the read ends with it. */
static int64_t buffer_read(struct pipe *pipe, struct uio *uio, bool *packet)
{
    struct pipe_buffer *buffer = pipe_buffer_at(pipe, pipe->tail);
    size_t count = min_size(buffer->length, uio->left);
    int64_t moved = uio_move(uio, buffer->page + buffer->offset, count);

    if (moved < 0)
        return moved;
    buffer->offset += (uint32_t)moved;
    buffer->length -= (uint32_t)moved;
    *packet = buffer->packet;
    if (buffer->packet)
        buffer->length = 0;
    if (buffer->length == 0) {
        pipe_page_give(pipe, buffer->page);
        pipe->tail++;
    }
    return (size_t)moved < count ? -EFAULT : moved;
}

/* Takes what is there, as far as it is wanted. Bytes, or -EFAULT if none. */
static int64_t ring_drain(struct pipe *pipe, struct uio *uio)
{
    size_t wanted = uio->left;
    bool packet = false;

    while (uio->left && !pipe_is_empty(pipe) && !packet) {
        int64_t moved = buffer_read(pipe, uio, &packet);

        if (moved < 0)
            return uio->left < wanted ? (int64_t)(wanted - uio->left) : moved;
    }
    return (int64_t)(wanted - uio->left);
}

int64_t pipe_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct pipe *pipe = file->private;
    int64_t result;
    bool was_full;

    if (!uio->left)
        return 0;
    mutex_lock(&pipe->lock);
    while (pipe_is_empty(pipe)) {
        result = 0;
        if (pipe->writers) {
            result = file_nonblocking(file, uio) ? -EAGAIN : pipe_sleep(pipe, &pipe->can_read);
            if (!result)
                continue;
        }
        mutex_unlock(&pipe->lock);
        return result;
    }
    was_full = pipe_is_full(pipe);
    result = ring_drain(pipe, uio);
    mutex_unlock(&pipe->lock);
    if (was_full)
        pipe_wake(&pipe->can_write, EVENTS_WRITE);
    return result;
}

/* --- writing --- */

/* Appends the odd part of the transfer to the last page if it fits whole. Bytes, or -EFAULT. */
static int64_t append_odd(struct pipe *pipe, struct uio *uio)
{
    size_t odd = uio->left % PAGE_SIZE;
    struct pipe_buffer *buffer;
    int64_t moved;

    if (!odd || pipe_is_empty(pipe))
        return 0;
    buffer = pipe_buffer_at(pipe, pipe->head - 1);
    if (buffer->packet || buffer->offset + buffer->length + odd > PAGE_SIZE)
        return 0;
    moved = uio_move(uio, buffer->page + buffer->offset + buffer->length, odd);
    if (moved > 0)
        buffer->length += (uint32_t)moved;
    return moved;
}

/* Fills one more page. Bytes, -ENOMEM, -EFAULT. */
static int64_t page_fill(struct pipe *pipe, struct uio *uio, bool packet)
{
    size_t count = min_size(uio->left, PAGE_SIZE);
    uint8_t *page = pipe_page_take(pipe);
    int64_t moved;

    if (!page)
        return -ENOMEM;
    moved = uio_move(uio, page, count);
    if (moved <= 0) {
        pipe_page_give(pipe, page);
        return moved;
    }
    *pipe_buffer_at(pipe, pipe->head) =
        (struct pipe_buffer){.page = page, .length = (uint32_t)moved, .packet = packet};
    pipe->head++;
    return (size_t)moved < count ? -EFAULT : moved;
}

/* Waits until the ring has room. 0, -EAGAIN, -ERESTARTSYS. Readers learn of what was written so
 * far. */
static int room_wait(struct pipe *pipe, struct file *file, struct uio *uio)
{
    if (file_nonblocking(file, uio))
        return -EAGAIN;
    pipe_wake(&pipe->can_read, EVENTS_READ);
    return pipe_sleep(pipe, &pipe->can_write);
}

static int64_t ring_fill(struct pipe *pipe, struct file *file, struct uio *uio)
{
    bool packet = file->flags & O_DIRECT;
    int64_t result = packet ? 0 : append_odd(pipe, uio);

    while (result >= 0 && uio->left) {
        if (!pipe->readers)
            result = -EPIPE;
        else if (pipe_is_full(pipe))
            result = room_wait(pipe, file, uio);
        else
            result = page_fill(pipe, uio, packet);
    }
    return result;
}

int64_t pipe_write(struct file *file, struct uio *uio, uint64_t *position)
{
    struct pipe *pipe = file->private;
    size_t wanted = uio->left;
    int64_t result;

    if (!wanted)
        return 0;
    mutex_lock(&pipe->lock);
    result = pipe->readers ? ring_fill(pipe, file, uio) : -EPIPE;
    mutex_unlock(&pipe->lock);
    if (uio->left < wanted)
        pipe_wake(&pipe->can_read, EVENTS_READ);
    if (result == -EPIPE)
        caller_signal(SIGPIPE);
    return uio->left < wanted ? (int64_t)(wanted - uio->left) : result;
}

/* --- splice(2) and tee(2) --- */

/* Locks two pipes in the order of their addresses. */
static void pair_lock(struct pipe *one, struct pipe *other)
{
    mutex_lock(one < other ? &one->lock : &other->lock);
    mutex_lock(one < other ? &other->lock : &one->lock);
}

static void pair_unlock(struct pipe *one, struct pipe *other)
{
    mutex_unlock(&one->lock);
    mutex_unlock(&other->lock);
}

/* Copies whole buffers, without taking them, until something ends it. Bytes or -errno if none. Both
 * locked. */
static int64_t buffers_copy(struct pipe *from, struct pipe *to, uint64_t count)
{
    uint64_t done = 0;

    for (uint32_t i = from->tail; done < count && i != from->head && !pipe_is_full(to); i++) {
        const struct pipe_buffer *source = pipe_buffer_at(from, i);
        struct pipe_buffer *target = pipe_buffer_at(to, to->head);
        uint8_t *page = pipe_page_take(to);

        if (!page)
            return done ? (int64_t)done : -ENOMEM;
        *target = (struct pipe_buffer){.page = page, .packet = source->packet};
        target->length = (uint32_t)min_u64(source->length, count - done);
        memcpy(page, source->page + source->offset, target->length);
        to->head++;
        done += target->length;
    }
    return (int64_t)done;
}

/* Waits until `from` has data / `to` has room. 0: go on; 1: the end was reached; -errno. Neither
 * locked. */
static int tee_wait_input(struct pipe *pipe, bool nonblocking)
{
    int result = 0;

    mutex_lock(&pipe->lock);
    while (!result && pipe_is_empty(pipe)) {
        if (!pipe->writers)
            result = 1;
        else
            result = nonblocking ? -EAGAIN : pipe_sleep(pipe, &pipe->can_read);
    }
    mutex_unlock(&pipe->lock);
    return result;
}

static int tee_wait_room(struct pipe *pipe, bool nonblocking)
{
    int result = 0;

    mutex_lock(&pipe->lock);
    while (!result) {
        if (!pipe->readers)
            result = -EPIPE;
        else if (!pipe_is_full(pipe))
            break;
        else
            result = nonblocking ? -EAGAIN : pipe_sleep(pipe, &pipe->can_write);
    }
    mutex_unlock(&pipe->lock);
    if (result == -EPIPE)
        caller_signal(SIGPIPE);
    return result;
}

/* Takes `count` bytes off the ring, which were copied. Lock held. */
static void ring_consume_bytes(struct pipe *pipe, uint64_t count)
{
    while (count) {
        struct pipe_buffer *buffer = pipe_buffer_at(pipe, pipe->tail);
        uint32_t part = (uint32_t)min_u64(buffer->length, count);

        buffer->offset += part;
        buffer->length -= part;
        count -= part;
        if (!buffer->length) {
            pipe_page_give(pipe, buffer->page);
            pipe->tail++;
        }
    }
}

/* tee, and splice between pipes, which also takes the bytes. */
static int64_t pipe_copy(struct file *from_file, struct file *to_file, uint64_t count,
                         bool nonblocking, bool take)
{
    struct pipe *from = pipe_of_file(from_file);
    struct pipe *to = pipe_of_file(to_file);

    if (!from || !to || from == to)
        return -EINVAL;
    for (;;) {
        int error = tee_wait_input(from, nonblocking);
        int64_t done;

        if (!error)
            error = tee_wait_room(to, nonblocking);
        if (error)
            return error > 0 ? 0 : error;
        pair_lock(from, to);
        done = buffers_copy(from, to, count);
        if (take && done > 0)
            ring_consume_bytes(from, (uint64_t)done);
        pair_unlock(from, to);
        if (done > 0)
            pipe_wake(&to->can_read, EVENTS_READ);
        if (done > 0 && take)
            pipe_wake(&from->can_write, EVENTS_WRITE);
        if (done)
            return done;
    }
}

int64_t pipe_tee(struct file *from, struct file *to, uint64_t count, bool nonblocking)
{
    return pipe_copy(from, to, count, nonblocking, false);
}

int64_t pipe_move(struct file *from, struct file *to, uint64_t count, bool nonblocking)
{
    return pipe_copy(from, to, count, nonblocking, true);
}

int pipe_wait_room(struct file *file, bool nonblocking)
{
    return tee_wait_room(pipe_of_file(file), nonblocking);
}

/* Writes the oldest bytes to a file that is no pipe. Bytes, or what the file said. Lock held. */
static int64_t buffer_send(struct pipe *pipe, struct file *to, uint64_t *position, uint64_t count)
{
    struct pipe_buffer *buffer = pipe_buffer_at(pipe, pipe->tail);
    struct uio uio;
    int64_t sent;

    uio_init_kernel(&uio, false, buffer->page + buffer->offset, min_u64(buffer->length, count));
    sent = file_write(to, &uio, position);
    if (sent > 0)
        ring_consume_bytes(pipe, (uint64_t)sent);
    return sent;
}

int64_t pipe_send(struct file *from, struct file *to, uint64_t *position, uint64_t count,
                  bool nonblocking)
{
    struct pipe *pipe = pipe_of_file(from);
    int64_t done = 0;
    int64_t sent = tee_wait_input(pipe, nonblocking);

    if (sent)
        return sent > 0 ? 0 : sent;
    mutex_lock(&pipe->lock);
    sent = 1;
    while ((uint64_t)done < count && !pipe_is_empty(pipe) && sent > 0) {
        sent = buffer_send(pipe, to, position, count - (uint64_t)done);
        if (sent > 0)
            done += sent;
    }
    mutex_unlock(&pipe->lock);
    if (done)
        pipe_wake(&pipe->can_write, EVENTS_WRITE);
    return done ? done : sent;
}
