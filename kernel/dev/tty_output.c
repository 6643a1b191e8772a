/*
 * Output processing (termios(3), c_oflag): what a program writes, or what is echoed, on its way to
 * the driver.
 *
 * `column` follows the cursor, for tabs, ONOCR, and for erasing a tab.
 */
#include "dev/tty.h"
#include "file/poll.h"
#include <asm/ioctls.h>

enum { TAB_WIDTH = 8 };

static void send(struct tty *tty, const char *bytes, size_t count)
{
    tty->driver->write(tty, (const uint8_t *)bytes, count);
}

static void send_byte(struct tty *tty, uint8_t byte)
{
    tty->driver->write(tty, &byte, 1);
}

size_t tty_output_space(struct tty *tty)
{
    return tty->stopped ? 0 : tty->driver->room(tty);
}

static bool output_newline(struct tty *tty, size_t space)
{
    tcflag_t flags = tty->termios.c_oflag;

    if (flags & ONLRET)
        tty->column = 0;
    if (flags & ONLCR) {
        if (space < 2)
            return false;
        tty->line_column = tty->column = 0;
        send(tty, "\r\n", 2);
        return true;
    }
    tty->line_column = tty->column;
    send_byte(tty, '\n');
    return true;
}

static bool output_return(struct tty *tty)
{
    tcflag_t flags = tty->termios.c_oflag;

    if ((flags & ONOCR) && tty->column == 0)
        return true;
    if (flags & OCRNL) {
        if (flags & ONLRET)
            tty->line_column = tty->column = 0;
        send_byte(tty, '\n');
        return true;
    }
    tty->line_column = tty->column = 0;
    send_byte(tty, '\r');
    return true;
}

static bool output_tab(struct tty *tty, size_t space)
{
    unsigned spaces = TAB_WIDTH - tty->column % TAB_WIDTH;

    if ((tty->termios.c_oflag & TABDLY) != XTABS) {
        tty->column += spaces;
        send_byte(tty, '\t');
        return true;
    }
    if (space < spaces)
        return false;
    tty->column += spaces;
    send(tty, "        ", spaces);
    return true;
}

static bool output_plain(struct tty *tty, uint8_t byte)
{
    if (byte == '\b') {
        if (tty->column > 0)
            tty->column--;
    } else if (!tty_is_control(byte)) {
        if ((tty->termios.c_oflag & OLCUC) && byte >= 'a' && byte <= 'z')
            byte -= 'a' - 'A';
        if (!tty_is_continuation(tty, byte))
            tty->column++;
    }
    send_byte(tty, byte);
    return true;
}

bool tty_output_char(struct tty *tty, uint8_t byte)
{
    size_t space = tty_output_space(tty);

    if (!space)
        return false;
    if (!(tty->termios.c_oflag & OPOST)) {
        send_byte(tty, byte);
        return true;
    }
    switch (byte) {
    case '\n':
        return output_newline(tty, space);
    case '\r':
        return output_return(tty);
    case '\t':
        return output_tab(tty, space);
    default:
        return output_plain(tty, byte);
    }
}

void tty_output_stop(struct tty *tty)
{
    if (tty->stopped)
        return;
    tty->stopped = true;
    if (tty->driver->packet)
        tty->driver->packet(tty, TIOCPKT_STOP);
}

void tty_output_start(struct tty *tty)
{
    if (!tty->stopped)
        return;
    tty->stopped = false;
    if (tty->driver->packet)
        tty->driver->packet(tty, TIOCPKT_START);
    tty_output_room(tty);
}

void tty_output_room(struct tty *tty)
{
    tty_echo_flush(tty);
    if (!wait_empty(&tty->writable))
        wait_wake_events(&tty->writable, EPOLLOUT | EPOLLWRNORM);
}
