/*
 * Pseudo terminals: the pair and the slave's driver. The master's file operations are in
 * pty_master.c, the names in fs/devpts.c.
 *
 * What the slave writes (after output processing) and what is echoed goes to the ring `output`,
 * which the master reads. What the master writes goes to the line discipline at once; what that
 * cannot take waits in the ring `input`. Both rings are made when they are first needed.
 *
 * A pair lives as long as its slave terminal has a count: the master's, those of slave
 * descriptions, the session's. Its number is free again when the pair goes; its name goes with the
 * master.
 *
 * Locks: pairs_lock guards the list and the numbers, below tty->lock.
 */
#include "dev/pty.h"

#include "dev/tty.h"
#include "file/device.h"
#include "file/devpts.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/bitmap.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include <asm/ioctls.h>
#include <linux/stat.h>

enum {
    PTMX_MAJOR = 5,
    PTMX_MINOR = 2,
};

static struct slab_cache pty_cache = SLAB_CACHE("pty", sizeof(struct pty));
static struct spinlock pairs_lock;
static LIST_HEAD(, pty) pairs = LIST_HEAD_INITIALIZER(pairs);
static uint64_t numbers[BITMAP_WORDS(PTY_MAX)];

static struct pty *pty_of(struct tty *tty)
{
    return container_of(tty, struct pty, slave);
}

/* --- the slave's driver; lock held --- */

/* The ring has its memory now, or there is none. */
static bool ring_ready(struct ring *ring)
{
    if (!ring->bytes) {
        uint8_t *bytes = heap_alloc(PTY_RING);

        if (bytes)
            ring_init(ring, bytes, PTY_RING);
    }
    return ring->bytes;
}

static void master_wake(struct pty *pty, uint32_t events)
{
    if (!wait_empty(&pty->master_readable))
        wait_wake_events(&pty->master_readable, events);
}

static size_t slave_room(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    return ring_ready(&pty->output) ? ring_free(&pty->output) : 0;
}

static void slave_write(struct tty *tty, const uint8_t *bytes, size_t count)
{
    struct pty *pty = pty_of(tty);

    ring_write(&pty->output, bytes, count);
    master_wake(pty, EPOLLIN | EPOLLRDNORM);
}

static void slave_flush(struct tty *tty)
{
    ring_clear(&pty_of(tty)->output);
}

static void slave_input_drop(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    ring_clear(&pty->input);
    wait_wake_events(&pty->master_writable, EPOLLOUT | EPOLLWRNORM);
}

static void slave_input_room(struct tty *tty)
{
    struct pty *pty = pty_of(tty);
    bool moved = false;

    if (pty->feeding)
        return;
    pty->feeding = true;
    while (ring_used(&pty->input)) {
        uint8_t *bytes;
        size_t count = ring_read_span(&pty->input, &bytes);
        size_t taken = tty_receive(tty, bytes, count);

        ring_consume(&pty->input, min_size(taken, ring_used(&pty->input)));
        moved |= taken > 0;
        if (taken < count)
            break;
    }
    pty->feeding = false;
    if (moved)
        wait_wake_events(&pty->master_writable, EPOLLOUT | EPOLLWRNORM);
}

/* Pairs of reports of which the later one counts. */
static uint8_t packet_opposite(uint8_t status)
{
    uint8_t opposite = 0;

    if (status & TIOCPKT_START)
        opposite |= TIOCPKT_STOP;
    if (status & TIOCPKT_STOP)
        opposite |= TIOCPKT_START;
    if (status & TIOCPKT_DOSTOP)
        opposite |= TIOCPKT_NOSTOP;
    if (status & TIOCPKT_NOSTOP)
        opposite |= TIOCPKT_DOSTOP;
    return opposite;
}

static void slave_packet(struct tty *tty, uint8_t status)
{
    struct pty *pty = pty_of(tty);

    if (!pty->packet)
        return;
    pty->packet_status &= (uint8_t)~packet_opposite(status);
    pty->packet_status |= status;
    master_wake(pty, EPOLLIN | EPOLLRDNORM | EPOLLPRI);
}

static void slave_first_open(struct tty *tty)
{
    pty_of(tty)->slave_gone = false;
}

static void slave_last_close(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    pty->slave_gone = true;
    master_wake(pty, EPOLLIN | EPOLLRDNORM | EPOLLHUP);
    wait_wake_events(&pty->master_writable, EPOLLHUP);
}

static void pty_destroy(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    spin_lock(&pairs_lock);
    LIST_REMOVE(pty, link);
    bitmap_clear(numbers, pty->index);
    spin_unlock(&pairs_lock);
    heap_free(pty->output.bytes);
    heap_free(pty->input.bytes);
    slab_free(&pty_cache, pty);
}

static const struct tty_driver slave_driver = {
    .write = slave_write,
    .room = slave_room,
    .flush = slave_flush,
    .input_room = slave_input_room,
    .input_drop = slave_input_drop,
    .packet = slave_packet,
    .first_open = slave_first_open,
    .last_close = slave_last_close,
    .release = pty_destroy,
};

/* --- pairs --- */

static void pty_ready(struct pty *pty, unsigned index)
{
    pty->index = index;
    pty->locked = true;
    tty_init(&pty->slave, &slave_driver, device_number(PTY_SLAVE_MAJOR, index));
    LIST_INSERT_HEAD(&pairs, pty, link);
    bitmap_set(numbers, index);
}

int pty_make(struct pty **made)
{
    struct pty *pty = slab_alloc_zero(&pty_cache);
    uint8_t *buffer = heap_alloc(TTY_BUFFER);
    size_t index = PTY_MAX;

    if (pty && buffer) {
        spin_lock(&pairs_lock);
        index = bitmap_next_clear(numbers, PTY_MAX, 0);
        if (index < PTY_MAX)
            pty_ready(pty, (unsigned)index);
        spin_unlock(&pairs_lock);
    }
    if (index == PTY_MAX) {
        int error = pty && buffer ? -ENOSPC : -ENOMEM;

        heap_free(buffer);
        if (pty)
            slab_free(&pty_cache, pty);
        return error;
    }
    pty->slave.buffer = buffer;
    *made = pty;
    return 0;
}

struct pty *pty_find(unsigned index)
{
    struct pty *pty;

    spin_lock(&pairs_lock);
    LIST_FOREACH (pty, &pairs, link)
        if (pty->index == index && !pty->slave.dead)
            break;
    if (pty)
        tty_get(&pty->slave);
    spin_unlock(&pairs_lock);
    return pty;
}

int pty_slave_open(uint32_t number, struct file *file)
{
    struct pty *pty = pty_find(device_minor(number));
    int error;

    if (!pty)
        return -EIO;
    error = pty->locked ? -EIO : tty_open(&pty->slave, file, false);
    tty_put(&pty->slave);
    return error;
}

void pty_master_gone(struct pty *pty)
{
    mutex_lock(&pty->slave.lock);
    spin_lock(&pairs_lock);
    pty->slave.dead = true;
    spin_unlock(&pairs_lock);
    mutex_unlock(&pty->slave.lock);
    tty_hangup(&pty->slave, false);
    devpts_remove(pty->node);
    tty_put(&pty->slave);
}

static struct device ptmx_device = {
    .name = "ptmx",
    .type = S_IFCHR,
    .major = PTMX_MAJOR,
    .first_minor = PTMX_MINOR,
    .count = 1,
    .mode = 0666,
    .open = pty_master_open,
};

static struct device slave_device = {
    .type = S_IFCHR,
    .major = PTY_SLAVE_MAJOR,
    .count = PTY_MAX,
    .open = pty_slave_open,
};

void pty_start(void)
{
    device_register(&ptmx_device);
    device_register(&slave_device);
}
