/*
 * A ring of lines behind /dev/strace. A reader that does not keep up loses the oldest lines whole,
 * and is told how many before it goes on.
 *
 * Locks: ring_lock guards the ring and the count of lost lines; no user memory is touched with it.
 */
#include "sys/strace_ring.h"

#include "abi/restart.h"
#include "file/device.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/ring.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <linux/stat.h>

enum {
    RING_SIZE = 1 << 20,
    PIECE_SIZE = 512,
    MISC_MAJOR = 10,
    STRACE_MINOR = 241,
};

static struct spinlock ring_lock;
static struct ring ring; /* ring_lock */
static uint64_t lost;    /* ring_lock: lines */
static bool middle;      /* ring_lock: the reader has read a part of the oldest line */
static struct wait_queue readers;

/* Takes the oldest line off; what the reader has begun stays whole by being kept. */
static void line_drop_locked(void)
{
    uint8_t byte;

    do {
        ring_read(&ring, &byte, 1);
    } while (byte != '\n' && ring_used(&ring));
    lost += !middle;
    middle = false;
}

void strace_ring_write(const char *text, size_t size)
{
    uint64_t saved = spin_lock_irq(&ring_lock);

    while (ring.size && ring_free(&ring) < size)
        line_drop_locked();
    ring_write(&ring, text, size);
    spin_unlock_irq(&ring_lock, saved);
    wait_wake_events(&readers, EPOLLIN | EPOLLRDNORM);
}

/* What comes next: the news of lost lines or a piece of the ring. */
static size_t piece_take(char *piece, size_t size)
{
    uint64_t saved = spin_lock_irq(&ring_lock);
    size_t length;

    if (lost && !middle && size == PIECE_SIZE) {
        length =
            (size_t)format_text(piece, size, "... %llu lines lost ...\n", (unsigned long long)lost);
        lost = 0;
    } else {
        length = ring_read(&ring, piece, size);
        if (length)
            middle = piece[length - 1] != '\n';
    }
    spin_unlock_irq(&ring_lock, saved);
    return length;
}

static bool ring_is_empty(void)
{
    uint64_t saved = spin_lock_irq(&ring_lock);
    bool empty = !ring_used(&ring);

    spin_unlock_irq(&ring_lock, saved);
    return empty;
}

static int ring_await(void)
{
    struct waiter self;
    int error = 0;

    waiter_init(&self);
    for (;;) {
        wait_enter(&readers, &self);
        if (error || !ring_is_empty())
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&readers, &self);
    return error ? -ERESTARTSYS : 0;
}

static int64_t strace_read(struct file *file, struct uio *uio, uint64_t *position)
{
    char piece[PIECE_SIZE];
    int64_t done = 0;
    size_t length;

    if (uio->left && ring_is_empty()) {
        int error = file_nonblocking(file, uio) ? -EAGAIN : ring_await();
        if (error)
            return error;
    }
    while (uio->left && (length = piece_take(piece, min_size(uio->left, PIECE_SIZE)))) {
        int64_t moved = uio_move(uio, piece, length);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
    }
    return done;
}

static uint32_t strace_poll(struct file *file, struct poll_table *table)
{
    poll_wait(table, file, &readers);
    return ring_is_empty() ? 0 : EPOLLIN | EPOLLRDNORM;
}

static const struct file_ops strace_ops = {.read = strace_read, .poll = strace_poll};

static struct device strace_device = {
    .name = "strace",
    .type = S_IFCHR,
    .major = MISC_MAJOR,
    .first_minor = STRACE_MINOR,
    .count = 1,
    .mode = 0400,
    .ops = &strace_ops,
};

void strace_ring_start(void)
{
    void *bytes = heap_alloc(RING_SIZE);

    if (!bytes)
        return;
    ring_init(&ring, bytes, RING_SIZE);
    device_register(&strace_device);
}
