/*
 * The master's side of a pseudo terminal: what a terminal emulator reads and writes.
 *
 * Reading takes what the slave has written; when the slave was opened and closed again, -EIO after
 * the last byte. In packet mode each read begins with a byte that says what follows: data, or what
 * happened to the slave's settings and queues.
 */
#include "abi/restart.h"
#include "dev/pty.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include "mem/user.h"
#include <asm/fcntl.h>
#include <asm/ioctls.h>

enum {
    CHUNK = 512,
    SIGNAL_MAX = 64,
    /* TIOCGPTN and its kin are macros over <sys/ioctl.h>'s encoding. */
    COMMAND_GPTN = 0x80045430,
    COMMAND_SPTLCK = 0x40045431,
    COMMAND_SIG = 0x40045436,
    COMMAND_GPKT = 0x80045438,
    COMMAND_GPTLCK = 0x80045439,
    COMMAND_GPTPEER = 0x5441,
};

/* Sleeps on a queue with the lock given up. 0, -EAGAIN, -ERESTARTSYS. */
static int master_sleep(struct pty *pty, struct file *file, struct wait_queue *queue)
{
    struct waiter self;
    int error;

    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    waiter_init(&self);
    wait_enter(queue, &self);
    mutex_unlock(&pty->slave.lock);
    error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    wait_leave(queue, &self);
    mutex_lock(&pty->slave.lock);
    return error ? -ERESTARTSYS : 0;
}

/* --- reading --- */

/* Fills `bytes`: how many, 0 if there is nothing now. *last: nothing may follow in this read. Lock
 * held. */
static size_t output_take(struct pty *pty, uint8_t *bytes, size_t count, bool begun, bool *last)
{
    size_t header = 0;
    size_t taken;

    if (pty->packet && pty->packet_status) {
        *last = true;
        if (begun)
            return 0;
        bytes[0] = pty->packet_status;
        pty->packet_status = 0;
        return 1;
    }
    if (!ring_used(&pty->output))
        return 0;
    if (pty->packet && !begun) {
        bytes[0] = TIOCPKT_DATA;
        header = 1;
    }
    taken = ring_read(&pty->output, bytes + header, count - header);
    if (taken)
        tty_output_room(&pty->slave);
    return header + taken;
}

/* Waits for output. Bytes put into `bytes`, -EIO, -EAGAIN, -ERESTARTSYS. */
static int64_t output_wait(struct pty *pty, struct file *file, uint8_t *bytes, size_t count,
                           bool *last)
{
    int64_t result = 0;

    mutex_lock(&pty->slave.lock);
    while (!result) {
        result = (int64_t)output_take(pty, bytes, count, false, last);
        if (!result)
            result = pty->slave_gone ? -EIO : master_sleep(pty, file, &pty->master_readable);
    }
    mutex_unlock(&pty->slave.lock);
    return result;
}

static int64_t master_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct pty *pty = file->private;
    uint8_t bytes[CHUNK];
    size_t done = 0;
    bool last = false;
    int64_t count;

    if (!uio->left)
        return 0;
    count = output_wait(pty, file, bytes, min_size(CHUNK, uio->left), &last);
    while (count > 0) {
        int64_t moved = uio_move(uio, bytes, (size_t)count);

        if (moved > 0)
            done += (size_t)moved;
        if (moved < count)
            return done ? (int64_t)done : -EFAULT;
        if (last || !uio->left)
            break;
        mutex_lock(&pty->slave.lock);
        count = (int64_t)output_take(pty, bytes, min_size(CHUNK, uio->left), true, &last);
        mutex_unlock(&pty->slave.lock);
    }
    return done ? (int64_t)done : count;
}

/* --- writing --- */

/* Hands bytes to the slave's line discipline, or keeps them for it: how many were taken. Lock held.
 */
static size_t input_give(struct pty *pty, const uint8_t *bytes, size_t count)
{
    size_t done = 0;

    if (!ring_used(&pty->input))
        done = tty_receive(&pty->slave, bytes, count);
    if (done < count && !pty->input.bytes) {
        uint8_t *memory = heap_alloc(PTY_RING);

        if (memory)
            ring_init(&pty->input, memory, PTY_RING);
    }
    return done + ring_write(&pty->input, bytes + done, count - done);
}

/* Gives the whole chunk or as much as the rules allow: bytes taken; *error says why it ended early.
 */
static size_t chunk_give(struct pty *pty, struct file *file, const uint8_t *bytes, size_t count,
                         int *error)
{
    size_t done = 0;

    *error = 0;
    mutex_lock(&pty->slave.lock);
    while (done < count && !*error) {
        done += input_give(pty, bytes + done, count - done);
        if (done < count)
            *error = master_sleep(pty, file, &pty->master_writable);
    }
    mutex_unlock(&pty->slave.lock);
    return done;
}

static int64_t master_write(struct file *file, struct uio *uio, uint64_t *position)
{
    struct pty *pty = file->private;
    size_t wanted = uio->left;
    int error = 0;

    while (!error && uio->left) {
        uint8_t bytes[CHUNK];
        int64_t count = uio_move(uio, bytes, min_size(CHUNK, uio->left));
        size_t given;

        if (count <= 0) {
            error = -EFAULT;
            break;
        }
        given = chunk_give(pty, file, bytes, (size_t)count, &error);
        uio_revert(uio, (size_t)count - given);
    }
    return uio->left < wanted ? (int64_t)(wanted - uio->left) : error;
}

static uint32_t master_poll(struct file *file, struct poll_table *table)
{
    struct pty *pty = file->private;
    uint32_t events = 0;

    poll_wait(table, file, &pty->master_readable);
    poll_wait(table, file, &pty->master_writable);
    mutex_lock(&pty->slave.lock);
    if (ring_used(&pty->output))
        events |= EPOLLIN | EPOLLRDNORM;
    if (pty->packet && pty->packet_status)
        events |= EPOLLPRI | EPOLLIN | EPOLLRDNORM;
    if (pty->slave_gone)
        events |= EPOLLHUP;
    if (!pty->input.bytes || ring_free(&pty->input))
        events |= EPOLLOUT | EPOLLWRNORM;
    mutex_unlock(&pty->slave.lock);
    return events;
}

/* --- ioctl --- */

static int64_t number_write(struct uaddr to, int number)
{
    return copy_to_user(to, &number, sizeof(number));
}

static int64_t lock_set(struct pty *pty, struct uaddr from)
{
    int locked;

    if (copy_from_user(&locked, from, sizeof(locked)) < 0)
        return -EFAULT;
    pty->locked = locked;
    return 0;
}

static int64_t packet_set(struct pty *pty, struct uaddr from)
{
    int on;

    if (copy_from_user(&on, from, sizeof(on)) < 0)
        return -EFAULT;
    mutex_lock(&pty->slave.lock);
    if (on && !pty->packet)
        pty->packet_status = 0;
    pty->packet = on;
    mutex_unlock(&pty->slave.lock);
    return 0;
}

static int64_t slave_signal(struct pty *pty, uint64_t number)
{
    if (number < 1 || number > SIGNAL_MAX)
        return -EINVAL;
    if (pty->slave.foreground)
        group_signal(pty->slave.foreground, (int)number);
    return 0;
}

/* TIOCGPTPEER: a descriptor of the slave, whatever name leads there. */
static int64_t peer_open(struct pty *pty, uint32_t flags)
{
    struct file *file;
    int error = devpts_open(pty->node, flags, &file);

    return error < 0 ? error : caller_file_install(file, flags & O_CLOEXEC);
}

/* The master's own queues: what it reads is the slave's output. */
static int64_t queues_flush(struct pty *pty, uint64_t which)
{
    if (which > TCIOFLUSH)
        return -EINVAL;
    mutex_lock(&pty->slave.lock);
    if (which != TCOFLUSH)
        ring_clear(&pty->output);
    if (which != TCIFLUSH)
        ring_clear(&pty->input);
    tty_output_room(&pty->slave);
    mutex_unlock(&pty->slave.lock);
    return 0;
}

static int64_t master_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    struct pty *pty = file->private;
    struct uaddr address = {argument};

    switch (command) {
    case COMMAND_GPTN:
        return number_write(address, (int)pty->index);
    case COMMAND_SPTLCK:
        return lock_set(pty, address);
    case COMMAND_GPTLCK:
        return number_write(address, pty->locked);
    case COMMAND_GPTPEER:
        return peer_open(pty, (uint32_t)argument);
    case COMMAND_SIG:
        return slave_signal(pty, argument);
    case TIOCPKT:
        return packet_set(pty, address);
    case COMMAND_GPKT:
        return number_write(address, pty->packet);
    case FIONREAD:
        return number_write(address, (int)ring_used(&pty->output));
    case TIOCOUTQ:
        return number_write(address, (int)ring_used(&pty->input));
    case TCFLSH:
        return queues_flush(pty, argument);
    case TIOCSCTTY:
        return -EPERM;
    default:
        return tty_common_ioctl(&pty->slave, file, command, argument, false);
    }
}

static void master_release(struct file *file)
{
    pty_master_gone(file->private);
}

static int master_describe(struct file *file, char *buffer, uint64_t size)
{
    struct pty *pty = file->private;

    return format_text(buffer, size, "tty-index:\t%u\n", pty->index);
}

static const struct file_ops master_ops = {
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
    .describe = master_describe,
};

int pty_master_open(uint32_t number, struct file *file)
{
    struct pty *pty;
    int error = pty_make(&pty);

    if (error < 0)
        return error;
    error = devpts_add(pty->index, &pty->node);
    if (error < 0) {
        tty_put(&pty->slave);
        return error;
    }
    file->ops = &master_ops;
    file->private = pty;
    file->mode = (file->mode & ~(uint32_t)FILE_SEEKABLE) | FILE_STREAM;
    return 0;
}
