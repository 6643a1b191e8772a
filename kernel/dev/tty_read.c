/*
 * The program's side of the input (termios(3), "Canonical and noncanonical mode").
 *
 * Canonical: a read gets at most one line. Raw: VMIN and VTIME decide how long a read waits; VTIME
 * is between bytes when VMIN is not 0, else for the first.
 *
 * Bytes go through a small buffer on the stack, so that user memory is touched without the lock.
 */
#include "abi/restart.h"
#include "arch/time.h"
#include "dev/tty.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/uio.h"
#include <asm/fcntl.h>
#include <asm/signal.h>

enum {
    CHUNK = 256,
    TENTH = 100000000, /* nanoseconds of VTIME's unit */
};

bool tty_input_available(struct tty *tty, bool for_poll)
{
    const cc_t *cc = tty->termios.c_cc;
    uint32_t wanted = for_poll && !cc[VTIME] && cc[VMIN] ? cc[VMIN] : 1;

    if (tty_canonical(tty) && !(tty->termios.c_lflag & EXTPROC))
        return tty->line_head != tty->tail;
    return tty->head - tty->tail >= wanted;
}

static bool end_is_eof(struct tty *tty, uint32_t index)
{
    return tty_end_get(tty, index) && *tty_byte(tty, index) == 0;
}

uint32_t tty_input_count(struct tty *tty)
{
    uint32_t count = 0;

    if (!tty_canonical(tty) || (tty->termios.c_lflag & EXTPROC))
        return tty->head - tty->tail;
    for (uint32_t i = tty->tail; i != tty->line_head; i++)
        count += !end_is_eof(tty, i);
    return count;
}

/* How a read goes on. */
struct tty_reader {
    uint8_t bytes[CHUNK];
    size_t count; /* in bytes */
    size_t left;  /* of what the program wants, beyond them */
    bool line_ended;
};

static void take_raw(struct tty *tty, struct tty_reader *reader)
{
    while (reader->left && reader->count < CHUNK && tty->tail != tty->head) {
        reader->bytes[reader->count++] = *tty_byte(tty, tty->tail++);
        reader->left--;
    }
}

/* Takes from the oldest line, up to its end. */
static void take_line(struct tty *tty, struct tty_reader *reader)
{
    while (reader->left && reader->count < CHUNK && tty->tail != tty->line_head) {
        uint32_t index = tty->tail++;
        bool eof = end_is_eof(tty, index);

        if (!eof) {
            reader->bytes[reader->count++] = *tty_byte(tty, index);
            reader->left--;
        }
        if (tty_end_get(tty, index)) {
            tty_end_clear(tty, index);
            tty->push = false;
            reader->line_ended = true;
            return;
        }
    }
    /* A read that ends just before the mark of VEOF takes the mark along, else the next one would
     * see an end of file. */
    if (!reader->left && tty->tail != tty->line_head && end_is_eof(tty, tty->tail)) {
        tty_end_clear(tty, tty->tail++);
        reader->line_ended = true;
    }
}

static void take(struct tty *tty, struct tty_reader *reader)
{
    if (tty_canonical(tty) && !(tty->termios.c_lflag & EXTPROC))
        take_line(tty, reader);
    else
        take_raw(tty, reader);
    tty_input_drained(tty);
}

/* The waiting rule of a raw read. */
struct tty_patience {
    size_t minimum;
    uint64_t first, between; /* nanoseconds; WAIT_FOREVER: no limit; first 0: do not wait */
};

static struct tty_patience patience_of(const struct tty *tty)
{
    uint64_t time = (uint64_t)tty->termios.c_cc[VTIME] * TENTH;
    size_t minimum = tty->termios.c_cc[VMIN];

    if (tty_canonical(tty))
        return (struct tty_patience){.minimum = 1, .first = WAIT_FOREVER, .between = WAIT_FOREVER};
    if (minimum)
        return (struct tty_patience){minimum, WAIT_FOREVER, time ? time : WAIT_FOREVER};
    return (struct tty_patience){.minimum = 1, .first = time, .between = time};
}

/* Waits for input. 0: there may be some; 1: the end (hang-up, or the time is over); -EAGAIN,
   -ERESTARTSYS. Lock held, given up while sleeping. */
static int input_wait(struct tty *tty, struct file *file, uint64_t patience)
{
    struct waiter self;
    int error;

    if (tty_hung_up(tty, file) || !patience)
        return 1;
    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    waiter_init(&self);
    wait_enter(&tty->readable, &self);
    mutex_unlock(&tty->lock);
    error = wait_sleep(WAIT_INTERRUPTIBLE,
                       patience == WAIT_FOREVER ? WAIT_FOREVER : clock_monotonic() + patience);
    wait_leave(&tty->readable, &self);
    mutex_lock(&tty->lock);
    if (error == -ETIMEDOUT)
        return 1;
    return error ? -ERESTARTSYS : 0;
}

/* Fills reader->bytes by the rules; `done` bytes were handed over before. 0, 1 (the read is over),
 * or -errno. Lock held. */
static int reader_fill(struct tty *tty, struct file *file, struct tty_reader *reader, size_t done)
{
    struct tty_patience patience = patience_of(tty);

    for (;;) {
        if (tty_hung_up(tty, file))
            return 1;
        if (!tty_input_available(tty, false)) {
            size_t taken = done + reader->count;
            int result = 1;

            if (taken < patience.minimum)
                result = input_wait(tty, file, taken ? patience.between : patience.first);
            if (result)
                return result;
            continue;
        }
        take(tty, reader);
        if (reader->line_ended || !reader->left)
            return 1;
        if (reader->count == CHUNK)
            return 0;
    }
}

int64_t tty_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct tty *tty = file->private;
    struct tty_reader reader = {.left = uio->left};
    size_t done = 0;
    int result;

    if (tty_hung_up(tty, file))
        return 0;
    result = tty_job_check(tty, SIGTTIN);
    if (result < 0)
        return result;
    while (!result && reader.left) {
        int64_t moved;

        reader.count = 0;
        mutex_lock(&tty->lock);
        result = reader_fill(tty, file, &reader, done);
        mutex_unlock(&tty->lock);
        moved = reader.count ? uio_move(uio, reader.bytes, reader.count) : 0;
        if (moved > 0)
            done += (size_t)moved;
        if (moved < (int64_t)reader.count)
            result = -EFAULT;
    }
    return done || result > 0 ? (int64_t)done : result;
}
