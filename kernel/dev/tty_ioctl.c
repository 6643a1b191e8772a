/*
 * ioctl_tty(2): everything but termios and job control.
 */
#include "abi/restart.h"
#include "dev/tty.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/tty.h>

static int64_t number_write(struct uaddr to, int number)
{
    return copy_to_user(to, &number, sizeof(number));
}

/* --- window size --- */

static int64_t window_get(struct tty *tty, struct uaddr to)
{
    struct winsize window;

    mutex_lock(&tty->lock);
    window = tty->window;
    mutex_unlock(&tty->lock);
    return copy_to_user(to, &window, sizeof(window));
}

static int64_t window_set(struct tty *tty, struct uaddr from)
{
    struct winsize window;
    int32_t group = 0;

    if (copy_from_user(&window, from, sizeof(window)) < 0)
        return -EFAULT;
    mutex_lock(&tty->lock);
    if (memcmp(&window, &tty->window, sizeof(window)) != 0) {
        tty->window = window;
        group = tty->foreground;
    }
    mutex_unlock(&tty->lock);
    if (group)
        group_signal(group, SIGWINCH);
    return 0;
}

/* --- flushing and flow --- */

static int64_t queues_flush(struct tty *tty, uint64_t which)
{
    int error = tty_job_check(tty, SIGTTOU);

    if (error < 0)
        return error;
    if (which > TCIOFLUSH)
        return -EINVAL;
    mutex_lock(&tty->lock);
    if (which != TCOFLUSH)
        tty_input_flush_all(tty);
    if (which != TCIFLUSH) {
        ring_clear(&tty->echo);
        if (tty->driver->flush)
            tty->driver->flush(tty);
    }
    if (tty->driver->packet)
        tty->driver->packet(tty, (uint8_t)((which != TCOFLUSH ? TIOCPKT_FLUSHREAD : 0) |
                                           (which != TCIFLUSH ? TIOCPKT_FLUSHWRITE : 0)));
    mutex_unlock(&tty->lock);
    return 0;
}

/* Lock held. */
static void flow_char_send(struct tty *tty, uint8_t byte)
{
    if (byte && tty->driver->room(tty))
        tty->driver->write(tty, &byte, 1);
}

static int64_t flow_control(struct tty *tty, uint64_t action)
{
    int error = tty_job_check(tty, SIGTTOU);

    if (error < 0)
        return error;
    mutex_lock(&tty->lock);
    switch (action) {
    case TCOOFF:
        tty_output_stop(tty);
        break;
    case TCOON:
        tty_output_start(tty);
        break;
    case TCIOFF:
        flow_char_send(tty, tty->termios.c_cc[VSTOP]);
        break;
    case TCION:
        flow_char_send(tty, tty->termios.c_cc[VSTART]);
        break;
    default:
        error = -EINVAL;
    }
    mutex_unlock(&tty->lock);
    return error;
}

static int64_t input_fake(struct tty *tty, struct uaddr from)
{
    bool administrator = cred_capable(caller_cred(), CAP_SYS_ADMIN);
    uint8_t byte;

    if (!administrator && tty->session != caller_session())
        return -EPERM;
    if (copy_from_user(&byte, from, sizeof(byte)) < 0)
        return -EFAULT;
    mutex_lock(&tty->lock);
    if (tty->buffer)
        tty_receive(tty, &byte, 1);
    mutex_unlock(&tty->lock);
    return 0;
}

static int64_t count_write(struct tty *tty, struct uaddr to, bool input)
{
    size_t count = 0;

    mutex_lock(&tty->lock);
    if (input)
        count = tty_input_count(tty);
    else if (tty->driver->pending)
        count = tty->driver->pending(tty);
    mutex_unlock(&tty->lock);
    return number_write(to, (int)count);
}

static int64_t discipline_set(struct uaddr from)
{
    int discipline;

    if (copy_from_user(&discipline, from, sizeof(discipline)) < 0)
        return -EFAULT;
    return discipline == N_TTY ? 0 : -EINVAL;
}

static int64_t hang_up(struct tty *tty)
{
    if (!cred_capable(caller_cred(), CAP_SYS_ADMIN))
        return -EPERM;
    tty_hangup(tty, false);
    return 0;
}

/* Carrier is never looked at: CLOCAL in effect; the flag is kept for those who ask. */
static int64_t carrier_flag(struct tty *tty, bool set, struct uaddr argument)
{
    int on = (tty->termios.c_cflag & CLOCAL) != 0;

    if (!set)
        return number_write(argument, on);
    if (copy_from_user(&on, argument, sizeof(on)) < 0)
        return -EFAULT;
    mutex_lock(&tty->lock);
    tty->termios.c_cflag &= ~(tcflag_t)CLOCAL;
    if (on)
        tty->termios.c_cflag |= CLOCAL;
    mutex_unlock(&tty->lock);
    return 0;
}

static int64_t exclusive_command(struct tty *tty, unsigned command, struct uaddr argument)
{
    if (command == TIOCGEXCL)
        return number_write(argument, tty->exclusive);
    mutex_lock(&tty->lock);
    tty->exclusive = command == TIOCEXCL;
    mutex_unlock(&tty->lock);
    return 0;
}

static int64_t line_ioctl(struct tty *tty, unsigned command, uint64_t argument)
{
    struct uaddr address = {argument};

    switch (command) {
    case TIOCGWINSZ:
        return window_get(tty, address);
    case TIOCSWINSZ:
        return window_set(tty, address);
    case TIOCEXCL:
    case TIOCNXCL:
    case TIOCGEXCL:
        return exclusive_command(tty, command, address);
    case TIOCSTI:
        return input_fake(tty, address);
    case TCFLSH:
        return queues_flush(tty, argument);
    case TCXONC:
        return flow_control(tty, argument);
    case TIOCGETD:
        return number_write(address, N_TTY);
    case TIOCSETD:
        return discipline_set(address);
    case TIOCVHANGUP:
        return hang_up(tty);
    case TIOCGSOFTCAR:
    case TIOCSSOFTCAR:
        return carrier_flag(tty, command == TIOCSSOFTCAR, address);
    default:
        return -ENOTTY;
    }
}

int64_t tty_common_ioctl(struct tty *tty, struct file *file, unsigned command, uint64_t argument,
                         bool own)
{
    int64_t result = tty_job_ioctl(tty, file, command, (struct uaddr){argument}, own);

    if (result == -ENOIOCTLCMD)
        result = tty_termios_ioctl(tty, command, (struct uaddr){argument});
    if (result == -ENOIOCTLCMD)
        result = line_ioctl(tty, command, argument);
    return result;
}

int64_t tty_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    struct tty *tty = file->private;

    if (tty_hung_up(tty, file))
        return command == TIOCSPGRP ? -ENOTTY : -EIO;
    if (command == FIONREAD || command == TIOCOUTQ)
        return count_write(tty, (struct uaddr){argument}, command == FIONREAD);
    return tty_common_ioctl(tty, file, command, argument, true);
}
