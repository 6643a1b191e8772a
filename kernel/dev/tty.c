/*
 * Terminals: life, opening, writing, hang-up. The other files are told in tty.h.
 *
 * Hang-up does not take descriptions away: each remembers how many hang-ups the terminal had when
 * it was opened (file->position, which a stream does not use otherwise), and is dead once there was
 * another. Reads then give end of file, writes and ioctls EIO.
 */
#include "dev/tty.h"

#include "abi/restart.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <linux/capability.h>

enum { CHUNK = 256 };

static const struct ktermios initial_termios = {
    .c_iflag = ICRNL | IXON,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = B38400 | CS8 | CREAD,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc = {[VINTR] = 03,
             [VQUIT] = 034,
             [VERASE] = 0177,
             [VKILL] = 025,
             [VEOF] = 04,
             [VMIN] = 1,
             [VSTART] = 021,
             [VSTOP] = 023,
             [VSUSP] = 032,
             [VREPRINT] = 022,
             [VDISCARD] = 017,
             [VWERASE] = 027,
             [VLNEXT] = 026},
    .c_ispeed = 38400,
    .c_ospeed = 38400,
};

void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t number)
{
    atomic_init(&tty->refs, 1);
    tty->driver = driver;
    tty->number = number;
    tty->termios = initial_termios;
    ring_init(&tty->echo, tty->echo_bytes, TTY_ECHO);
}

struct tty *tty_get(struct tty *tty)
{
    atomic_fetch_add_explicit(&tty->refs, 1, memory_order_relaxed);
    return tty;
}

void tty_put(struct tty *tty)
{
    if (atomic_fetch_sub_explicit(&tty->refs, 1, memory_order_acq_rel) > 1)
        return;
    heap_free(tty->buffer);
    tty->driver->release(tty);
}

bool tty_hung_up(const struct tty *tty, const struct file *file)
{
    return file->position != tty->hangups;
}

/* --- writing --- */

/* Sends as much as there is room for; the bytes taken. Lock held. */
static size_t chunk_send(struct tty *tty, const uint8_t *bytes, size_t count)
{
    size_t done = 0;

    tty_echo_flush(tty);
    while (done < count && tty_output_char(tty, bytes[done]))
        done++;
    return done;
}

/* Waits for room. 0, -EIO, -EAGAIN, -ERESTARTSYS. Lock held, given up while sleeping. */
static int room_wait(struct tty *tty, struct file *file)
{
    struct waiter self;
    int error;

    if (file->flags & O_NONBLOCK)
        return -EAGAIN;
    waiter_init(&self);
    wait_enter(&tty->writable, &self);
    mutex_unlock(&tty->lock);
    error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    wait_leave(&tty->writable, &self);
    mutex_lock(&tty->lock);
    return error ? -ERESTARTSYS : 0;
}

/* Sends the whole chunk or as much as the rules allow: bytes sent; *error says why it ended early.
 */
static size_t chunk_write(struct tty *tty, struct file *file, const uint8_t *bytes, size_t count,
                          int *error)
{
    size_t done = 0;

    *error = 0;
    mutex_lock(&tty->lock);
    while (done < count && !*error) {
        if (tty_hung_up(tty, file) || tty->dead) {
            *error = -EIO;
            break;
        }
        done += chunk_send(tty, bytes + done, count - done);
        if (done < count)
            *error = room_wait(tty, file);
    }
    mutex_unlock(&tty->lock);
    return done;
}

static int64_t tty_write(struct file *file, struct uio *uio, uint64_t *position)
{
    struct tty *tty = file->private;
    size_t wanted = uio->left;
    int error = 0;

    if (tty_hung_up(tty, file))
        return -EIO;
    if (tty->termios.c_lflag & TOSTOP)
        error = tty_job_check(tty, SIGTTOU);
    while (!error && uio->left) {
        uint8_t bytes[CHUNK];
        int64_t count = uio_move(uio, bytes, min_size(CHUNK, uio->left));
        size_t sent;

        if (count <= 0) {
            error = -EFAULT;
            break;
        }
        sent = chunk_write(tty, file, bytes, (size_t)count, &error);
        uio_revert(uio, (size_t)count - sent);
    }
    return uio->left < wanted ? (int64_t)(wanted - uio->left) : error;
}

static uint32_t tty_poll(struct file *file, struct poll_table *table)
{
    struct tty *tty = file->private;
    uint32_t events = 0;

    poll_wait(table, file, &tty->readable);
    poll_wait(table, file, &tty->writable);
    if (tty_hung_up(tty, file))
        return EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM;
    mutex_lock(&tty->lock);
    if (tty_input_available(tty, true))
        events |= EPOLLIN | EPOLLRDNORM;
    if (tty->dead)
        events |= EPOLLHUP;
    if (tty_output_space(tty))
        events |= EPOLLOUT | EPOLLWRNORM;
    mutex_unlock(&tty->lock);
    return events;
}

/* --- opening --- */

static void tty_release(struct file *file)
{
    struct tty *tty = file->private;

    mutex_lock(&tty->lock);
    if (--tty->opens == 0) {
        tty->exclusive = false;
        if (tty->driver->last_close)
            tty->driver->last_close(tty);
    }
    mutex_unlock(&tty->lock);
    tty_put(tty);
}

static const struct file_ops tty_ops = {
    .read = tty_read,
    .write = tty_write,
    .poll = tty_poll,
    .ioctl = tty_ioctl,
    .release = tty_release,
};

/* Lock held. */
static int open_locked(struct tty *tty)
{
    if (tty->dead)
        return -EIO;
    if (tty->exclusive && !cred_capable(caller_cred(), CAP_SYS_ADMIN))
        return -EBUSY;
    if (!tty->buffer)
        tty->buffer = heap_alloc(TTY_BUFFER);
    if (!tty->buffer)
        return -ENOMEM;
    if (tty->opens++ == 0 && tty->driver->first_open)
        tty->driver->first_open(tty);
    return 0;
}

static bool wants_controlling(struct tty *tty, struct file *file)
{
    struct tty *present;

    if ((file->flags & O_NOCTTY) || !(file->mode & FILE_READ) || tty->session ||
        !caller_is_session_leader())
        return false;
    present = caller_tty();
    if (present)
        tty_put(present);
    return !present;
}

int tty_open(struct tty *tty, struct file *file, bool never_controlling)
{
    int error;

    mutex_lock(&tty->lock);
    error = open_locked(tty);
    if (!error)
        file->position = tty->hangups;
    mutex_unlock(&tty->lock);
    if (error < 0)
        return error;
    file->ops = &tty_ops;
    file->private = tty_get(tty);
    file->mode = (file->mode & ~(uint32_t)FILE_SEEKABLE) | FILE_STREAM;
    if (!never_controlling && wants_controlling(tty, file))
        tty_become_controlling(tty);
    return 0;
}

/* --- hang-up --- */

void tty_hangup(struct tty *tty, bool whole_session)
{
    int32_t session;
    int32_t foreground;

    mutex_lock(&tty->lock);
    session = tty->session;
    foreground = tty->foreground;
    tty->session = tty->foreground = 0;
    tty->hangups++;
    tty->stopped = false;
    tty->termios = initial_termios;
    if (tty->buffer)
        tty_input_flush(tty);
    wait_wake_events(&tty->readable, EPOLLIN | EPOLLRDNORM | EPOLLHUP | EPOLLERR);
    wait_wake_events(&tty->writable, EPOLLOUT | EPOLLWRNORM | EPOLLHUP | EPOLLERR);
    mutex_unlock(&tty->lock);
    if (!session)
        return;
    session_leader_signal(session, SIGHUP);
    session_leader_signal(session, SIGCONT);
    if (whole_session && foreground)
        group_signal(foreground, SIGHUP);
    session_set_tty(session, NULL);
}

void tty_leader_exited(struct tty *tty)
{
    tty_hangup(tty, true);
}
