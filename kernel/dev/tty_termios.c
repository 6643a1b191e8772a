/*
 * Settings: termios, termios2 and the old termio, in the three ways of setting them (at once, after
 * output drained, and with input flushed). Speeds are remembered, and mean nothing to lines without
 * wires.
 */
#include "dev/tty.h"

#include "abi/restart.h"
#include "file/caller.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include <asm/ioctls.h>
#include <asm/signal.h>

/* TCGETS2 and its kin are macros over a type that the exported header lacks under its name. */
enum {
    COMMAND_GETS2 = 0x802c542a,
    COMMAND_SETS2 = 0x402c542b,
    COMMAND_SETSW2 = 0x402c542c,
    COMMAND_SETSF2 = 0x402c542d,
};

static const struct {
    tcflag_t code;
    speed_t speed;
} speeds[] = {
    {B50, 50},           {B75, 75},           {B110, 110},         {B134, 134},
    {B150, 150},         {B200, 200},         {B300, 300},         {B600, 600},
    {B1200, 1200},       {B1800, 1800},       {B2400, 2400},       {B4800, 4800},
    {B9600, 9600},       {B19200, 19200},     {B38400, 38400},     {B57600, 57600},
    {B115200, 115200},   {B230400, 230400},   {B460800, 460800},   {B500000, 500000},
    {B576000, 576000},   {B921600, 921600},   {B1000000, 1000000}, {B1152000, 1152000},
    {B1500000, 1500000}, {B2000000, 2000000}, {B2500000, 2500000}, {B3000000, 3000000},
    {B3500000, 3500000}, {B4000000, 4000000},
};

/* BOTHER keeps `given`. */
static speed_t speed_of(tcflag_t code, speed_t given)
{
    if (code == BOTHER)
        return given;
    for (size_t i = 0; i < array_size(speeds); i++)
        if (speeds[i].code == code)
            return speeds[i].speed;
    return 0;
}

static void speeds_set(struct ktermios *termios)
{
    tcflag_t output = termios->c_cflag & CBAUD;
    tcflag_t input = termios->c_cflag >> IBSHIFT & CBAUD;

    termios->c_ospeed = speed_of(output, termios->c_ospeed);
    termios->c_ispeed = input == B0 ? termios->c_ospeed : speed_of(input, termios->c_ispeed);
}

/* IXON with the usual characters, as packet mode reports it. */
static bool usual_flow(const struct ktermios *termios)
{
    return (termios->c_iflag & IXON) && termios->c_cc[VSTOP] == 023 && termios->c_cc[VSTART] == 021;
}

/* Lock held. */
static void termios_install(struct tty *tty, const struct ktermios *wanted)
{
    struct ktermios old = tty->termios;

    tty->termios = *wanted;
    speeds_set(&tty->termios);
    if (tty->driver->packet) {
        /* A pty has neither parity nor other sizes of characters. */
        tty->termios.c_cflag = (tty->termios.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD;
        if (usual_flow(&old) != usual_flow(&tty->termios))
            tty->driver->packet(tty, usual_flow(&tty->termios) ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
    }
    if ((old.c_lflag ^ tty->termios.c_lflag) & (ICANON | EXTPROC))
        tty_input_mode_changed(tty);
    if (!(tty->termios.c_iflag & IXON) && (old.c_iflag & IXON))
        tty_output_start(tty);
    if (!wait_empty(&tty->readable))
        wait_wake_events(&tty->readable, 0);
}

/* Sleeps until the driver has sent everything. 0, -ERESTARTSYS. */
static int output_drain(struct tty *tty)
{
    struct waiter self;
    int error = 0;

    if (!tty->driver->pending)
        return 0;
    waiter_init(&self);
    mutex_lock(&tty->lock);
    while (!error && tty->driver->pending(tty)) {
        wait_enter(&tty->writable, &self);
        mutex_unlock(&tty->lock);
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER) ? -ERESTARTSYS : 0;
        wait_leave(&tty->writable, &self);
        mutex_lock(&tty->lock);
    }
    mutex_unlock(&tty->lock);
    return error;
}

enum set_when { SET_NOW, SET_DRAINED, SET_FLUSHED };

static int64_t termios_set(struct tty *tty, const struct ktermios *wanted, enum set_when when)
{
    int error = tty_job_check(tty, SIGTTOU);

    if (!error && when != SET_NOW)
        error = output_drain(tty);
    if (error < 0)
        return error;
    mutex_lock(&tty->lock);
    if (when == SET_FLUSHED)
        tty_input_flush_all(tty);
    termios_install(tty, wanted);
    mutex_unlock(&tty->lock);
    return 0;
}

/* --- the three layouts --- */

static struct ktermios termios_copy(struct tty *tty)
{
    struct ktermios termios;

    mutex_lock(&tty->lock);
    termios = tty->termios;
    mutex_unlock(&tty->lock);
    return termios;
}

/* struct termios and struct termios2 are the first bytes of struct ktermios. */
static int64_t get_prefix(struct tty *tty, struct uaddr to, size_t size)
{
    struct ktermios termios = termios_copy(tty);

    return copy_to_user(to, &termios, size);
}

static int64_t set_prefix(struct tty *tty, struct uaddr from, size_t size, enum set_when when)
{
    struct ktermios termios = termios_copy(tty);

    if (copy_from_user(&termios, from, size) < 0)
        return -EFAULT;
    return termios_set(tty, &termios, when);
}

static int64_t get_old(struct tty *tty, struct uaddr to)
{
    struct ktermios termios = termios_copy(tty);
    struct termio old = {
        .c_iflag = (unsigned short)termios.c_iflag,
        .c_oflag = (unsigned short)termios.c_oflag,
        .c_cflag = (unsigned short)termios.c_cflag,
        .c_lflag = (unsigned short)termios.c_lflag,
        .c_line = termios.c_line,
    };

    memcpy(old.c_cc, termios.c_cc, sizeof(old.c_cc));
    return copy_to_user(to, &old, sizeof(old));
}

/* Gives `value` the lower half `low`. */
static tcflag_t low_half(tcflag_t value, unsigned short low)
{
    return (value & 0xffff0000) | low;
}

static int64_t set_old(struct tty *tty, struct uaddr from, enum set_when when)
{
    struct ktermios termios = termios_copy(tty);
    struct termio old;

    if (copy_from_user(&old, from, sizeof(old)) < 0)
        return -EFAULT;
    termios.c_iflag = low_half(termios.c_iflag, old.c_iflag);
    termios.c_oflag = low_half(termios.c_oflag, old.c_oflag);
    termios.c_cflag = low_half(termios.c_cflag, old.c_cflag);
    termios.c_lflag = low_half(termios.c_lflag, old.c_lflag);
    termios.c_line = old.c_line;
    memcpy(termios.c_cc, old.c_cc, sizeof(old.c_cc));
    return termios_set(tty, &termios, when);
}

/* TCSBRK with an argument other than 0 is tcdrain(3); a break itself means nothing here. */
static int64_t drain(struct tty *tty)
{
    int error = tty_job_check(tty, SIGTTOU);

    return error < 0 ? error : output_drain(tty);
}

int64_t tty_termios_ioctl(struct tty *tty, unsigned command, struct uaddr argument)
{
    switch (command) {
    case TCGETS:
        return get_prefix(tty, argument, sizeof(struct termios));
    case TCSETS:
        return set_prefix(tty, argument, sizeof(struct termios), SET_NOW);
    case TCSETSW:
        return set_prefix(tty, argument, sizeof(struct termios), SET_DRAINED);
    case TCSETSF:
        return set_prefix(tty, argument, sizeof(struct termios), SET_FLUSHED);
    case COMMAND_GETS2:
        return get_prefix(tty, argument, sizeof(struct termios2));
    case COMMAND_SETS2:
        return set_prefix(tty, argument, sizeof(struct termios2), SET_NOW);
    case COMMAND_SETSW2:
        return set_prefix(tty, argument, sizeof(struct termios2), SET_DRAINED);
    case COMMAND_SETSF2:
        return set_prefix(tty, argument, sizeof(struct termios2), SET_FLUSHED);
    case TCGETA:
        return get_old(tty, argument);
    case TCSETA:
        return set_old(tty, argument, SET_NOW);
    case TCSETAW:
        return set_old(tty, argument, SET_DRAINED);
    case TCSETAF:
        return set_old(tty, argument, SET_FLUSHED);
    case TCSBRK:
    case TCSBRKP:
        return drain(tty);
    default:
        return -ENOIOCTLCMD;
    }
}
