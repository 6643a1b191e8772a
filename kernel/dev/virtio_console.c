/*
 * The virtio console (Virtual I/O Device Version 1.1, section 5.3) without the multiport feature:
 * one channel of raw bytes in each direction, /dev/hvc0 (major 229, minor 0). It is no terminal:
 * what is written arrives byte for byte, and nothing is echoed or translated.
 *
 * Flow control. Receiving: all receive buffers lie with the device; a buffer goes back to it only
 * when its bytes have been read, so that the host is held up when nobody reads. Sending: a writer
 * fills an idle send buffer and hands it to the device, several may be under way; without an idle
 * one it waits. sync() waits until the device has taken all of them.
 *
 * Locks: `lock` (spinlock, interrupts off) guards both lists and `sending`; `read_lock` (mutex)
 * keeps the bytes of two readers in order and guards the front buffer's `start`. Bytes are copied
 * with no spinlock held: a buffer in nobody's list belongs to who took it.
 */
#include "dev/virtio.h"

#include "abi/restart.h"
#include "file/device.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/frame.h"
#include "mem/uio.h"
#include "sched/mutex.h"
#include <bsd/sys/queue.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/virtio_ids.h>

enum {
    PORT_RECEIVE = 0,
    PORT_SEND = 1,
    RECEIVE_BUFFERS = 64,
    SEND_BUFFERS = 16,
    RECEIVE_ORDER = 0, /* QEMU hands over at most 4 KiB at a time */
    SEND_ORDER = 2,
    CONSOLE_MAJOR = 229,
};

struct console_buffer {
    TAILQ_ENTRY(console_buffer) link;
    uint8_t *bytes;
    uint32_t start, end; /* unread bytes (receive) */
};
TAILQ_HEAD(console_buffer_list, console_buffer);

struct console {
    struct virtio_device *device;
    struct spinlock lock;
    struct mutex read_lock;
    struct console_buffer_list received; /* lock: oldest first */
    struct console_buffer_list idle;     /* lock: free to send */
    unsigned sending; /* lock: send buffers that the device holds or a writer fills */
    struct wait_queue readable, writable;
    struct console_buffer receive[RECEIVE_BUFFERS], send[SEND_BUFFERS];
};

static struct console console;

/* --- completions, in the interrupt --- */

static void receive_done(struct virtio_port *port, void *token, uint32_t written)
{
    struct console_buffer *buffer = token;
    buffer->start = 0;
    buffer->end = written;
    uint64_t saved = spin_lock_irq(&console.lock);
    TAILQ_INSERT_TAIL(&console.received, buffer, link);
    spin_unlock_irq(&console.lock, saved);
    wait_wake_events(&console.readable, EPOLLIN | EPOLLRDNORM);
}

static void send_release(struct console_buffer *buffer)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    TAILQ_INSERT_TAIL(&console.idle, buffer, link);
    console.sending--;
    spin_unlock_irq(&console.lock, saved);
    wait_wake_events(&console.writable, EPOLLOUT | EPOLLWRNORM);
}

static void send_done(struct virtio_port *port, void *token, uint32_t written)
{
    send_release(token);
}

/* The ring has a descriptor for every buffer, so that there is always room. */
static void buffer_offer(struct console_buffer *buffer)
{
    struct virtio_piece piece = virtio_piece_of(buffer->bytes, PAGE_SIZE << RECEIVE_ORDER);
    int error = virtio_port_add(&console.device->ports[PORT_RECEIVE], &piece, 0, 1, buffer);
    kernel_assert(error == 0);
}

/* --- reading --- */

static struct console_buffer *received_first(void)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    struct console_buffer *buffer = TAILQ_FIRST(&console.received);
    spin_unlock_irq(&console.lock, saved);
    return buffer;
}

static void received_remove(struct console_buffer *buffer)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    TAILQ_REMOVE(&console.received, buffer, link);
    spin_unlock_irq(&console.lock, saved);
    buffer_offer(buffer);
}

/* Moves what is there: bytes, 0 (nothing is there), -EFAULT. read_lock held. */
static int64_t received_move(struct uio *uio)
{
    struct console_buffer *buffer;
    int64_t done = 0;
    while (uio->left && (buffer = received_first())) {
        uint32_t unread = buffer->end - buffer->start;
        int64_t moved = uio_move(uio, buffer->bytes + buffer->start, unread);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
        buffer->start += moved;
        if (buffer->start == buffer->end)
            received_remove(buffer);
        else
            break;
    }
    return done;
}

/* Waits until something has been received: 0, -EAGAIN, -ERESTARTSYS. */
static int received_wait(uint32_t flags)
{
    struct waiter self;
    int error = 0;
    if (flags & O_NONBLOCK)
        return received_first() ? 0 : -EAGAIN;
    waiter_init(&self);
    for (;;) {
        wait_enter(&console.readable, &self);
        if (received_first())
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
        if (error)
            break;
    }
    wait_leave(&console.readable, &self);
    return error ? -ERESTARTSYS : 0;
}

static int64_t console_device_read(struct file *file, struct uio *uio, uint64_t *position)
{
    int64_t done = 0;
    while (uio->left && done == 0) {
        int error = received_wait(atomic_load(&file->flags));
        if (error)
            return error;
        if (mutex_lock_killable(&console.read_lock))
            return -ERESTARTSYS;
        done = received_move(uio);
        mutex_unlock(&console.read_lock);
    }
    return done;
}

/* --- writing --- */

static struct console_buffer *idle_take(void)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    struct console_buffer *buffer = TAILQ_FIRST(&console.idle);
    if (buffer) {
        TAILQ_REMOVE(&console.idle, buffer, link);
        console.sending++;
    }
    spin_unlock_irq(&console.lock, saved);
    return buffer;
}

/* Takes an idle send buffer: 0, -EAGAIN, -ERESTARTSYS. */
static int idle_wait(uint32_t flags, struct console_buffer **buffer)
{
    struct waiter self;
    int error = 0;
    *buffer = idle_take();
    if (*buffer)
        return 0;
    if (flags & O_NONBLOCK)
        return -EAGAIN;
    waiter_init(&self);
    for (;;) {
        wait_enter(&console.writable, &self);
        *buffer = idle_take();
        if (*buffer)
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
        if (error)
            break;
    }
    wait_leave(&console.writable, &self);
    return error ? -ERESTARTSYS : 0;
}

/* Fills the buffer and hands it to the device: bytes or -EFAULT. Consumes the buffer. */
static int64_t buffer_send(struct console_buffer *buffer, struct uio *uio)
{
    size_t count = min_size(uio->left, PAGE_SIZE << SEND_ORDER);
    int64_t moved = uio_move(uio, buffer->bytes, count);
    if (moved <= 0) {
        send_release(buffer);
        return moved;
    }
    struct virtio_piece piece = virtio_piece_of(buffer->bytes, moved);
    int error = virtio_port_add(&console.device->ports[PORT_SEND], &piece, 1, 0, buffer);
    kernel_assert(error == 0);
    return moved;
}

static int64_t console_device_write(struct file *file, struct uio *uio, uint64_t *position)
{
    int64_t done = 0;
    while (uio->left) {
        struct console_buffer *buffer;
        int64_t moved = idle_wait(atomic_load(&file->flags), &buffer);
        if (moved == 0)
            moved = buffer_send(buffer, uio);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
    }
    return done;
}

static bool sending_any(void)
{
    uint64_t saved = spin_lock_irq(&console.lock);
    bool any = console.sending > 0;
    spin_unlock_irq(&console.lock, saved);
    return any;
}

static int console_device_sync(struct file *file, bool data_only)
{
    struct waiter self;
    int error = 0;
    waiter_init(&self);
    for (;;) {
        wait_enter(&console.writable, &self);
        if (!sending_any())
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
        if (error)
            break;
    }
    wait_leave(&console.writable, &self);
    return error ? -ERESTARTSYS : 0;
}

static uint32_t console_device_poll(struct file *file, struct poll_table *table)
{
    poll_wait(table, file, &console.readable);
    poll_wait(table, file, &console.writable);
    uint64_t saved = spin_lock_irq(&console.lock);
    uint32_t events = (TAILQ_EMPTY(&console.received) ? 0 : EPOLLIN | EPOLLRDNORM) |
                      (TAILQ_EMPTY(&console.idle) ? 0 : EPOLLOUT | EPOLLWRNORM);
    spin_unlock_irq(&console.lock, saved);
    return events;
}

static const struct file_ops console_ops = {
    .read = console_device_read,
    .write = console_device_write,
    .poll = console_device_poll,
    .sync = console_device_sync,
};

static struct device console_device = {
    .name = "hvc0",
    .type = S_IFCHR,
    .major = CONSOLE_MAJOR,
    .count = 1,
    .mode = 0600,
    .ops = &console_ops,
};

/* --- starting --- */

static int buffers_alloc(struct console_buffer *buffers, unsigned count, unsigned order)
{
    for (unsigned i = 0; i < count; i++) {
        struct frame *frame = frame_alloc(FRAME_KERNEL, order, 0);
        if (!frame)
            return -ENOMEM;
        buffers[i].bytes = frame_address(frame);
    }
    return 0;
}

static void buffers_free(struct console_buffer *buffers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (buffers[i].bytes)
            frame_free(frame_of_kernel(buffers[i].bytes));
        buffers[i].bytes = NULL;
    }
}

static int ports_start(struct virtio_device *device)
{
    int error = virtio_features_agree(device, 0);
    if (!error)
        error = virtio_port_start(device, PORT_RECEIVE, receive_done);
    if (!error)
        error = virtio_port_start(device, PORT_SEND, send_done);
    if (!error && (device->ports[PORT_RECEIVE].queue.ring.num < RECEIVE_BUFFERS ||
                   device->ports[PORT_SEND].queue.ring.num < SEND_BUFFERS))
        error = -ENODEV;
    return error;
}

static int console_probe(struct virtio_device *device)
{
    if (console.device)
        return -EBUSY;
    int error = buffers_alloc(console.receive, RECEIVE_BUFFERS, RECEIVE_ORDER);
    if (!error)
        error = buffers_alloc(console.send, SEND_BUFFERS, SEND_ORDER);
    if (!error)
        error = ports_start(device);
    if (!error)
        error = device_register(&console_device);
    if (error) {
        buffers_free(console.receive, RECEIVE_BUFFERS);
        buffers_free(console.send, SEND_BUFFERS);
        return error;
    }

    console.device = device;
    TAILQ_INIT(&console.received);
    TAILQ_INIT(&console.idle);
    for (unsigned i = 0; i < SEND_BUFFERS; i++)
        TAILQ_INSERT_TAIL(&console.idle, &console.send[i], link);
    virtio_ready(device);
    for (unsigned i = 0; i < RECEIVE_BUFFERS; i++)
        buffer_offer(&console.receive[i]);
    return 0;
}

const struct virtio_driver virtio_console_driver = {
    .kind = VIRTIO_ID_CONSOLE,
    .probe = console_probe,
};
