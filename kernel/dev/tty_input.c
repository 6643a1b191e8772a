/*
 * Characters from the line (termios(3), c_iflag and c_lflag): translation, signals, flow control,
 * line editing, echo.
 *
 * In canonical mode bytes between line_head and head are the line that is being edited. A line ends
 * with a byte whose bit in `ends` is set; VEOF is stored as a zero byte with that bit, which the
 * reader drops. A line holds TTY_BUFFER bytes: once it is full but for its end, each further byte
 * takes the place of the last, so that a newline can still end it. In raw mode bytes that do not
 * fit stay with the driver.
 *
 * A disabled control character is 0, and a zero byte is never special.
 */
#include "arch/cpu.h"
#include "dev/tty.h"
#include "file/caller.h"
#include "file/poll.h"
#include "lib/string.h"
#include <asm/ioctls.h>
#include <asm/signal.h>

static void input_wake(struct tty *tty)
{
    if (!wait_empty(&tty->readable))
        wait_wake_events(&tty->readable, EPOLLIN | EPOLLRDNORM);
}

static void store(struct tty *tty, uint8_t byte)
{
    *tty_byte(tty, tty->head) = byte;
    tty->head++;
}

/* The byte as program data; 0377 is doubled when PARMRK marks errors with it. */
static void store_data(struct tty *tty, uint8_t byte)
{
    if (byte == 0377 && (tty->termios.c_iflag & PARMRK))
        store(tty, byte);
    store(tty, byte);
}

static void echo_data(struct tty *tty, uint8_t byte)
{
    tty_erasing_end(tty);
    if (tty->line_head == tty->head)
        tty->line_column = tty->column;
    tty_echo_char(tty, byte);
}

void tty_input_flush(struct tty *tty)
{
    tty->head = tty->line_head = tty->tail = 0;
    tty->push = false;
    tty->literal_next = tty->erasing = false;
    memset(tty->ends, 0, sizeof(tty->ends));
    tty_input_drained(tty);
}

void tty_input_flush_all(struct tty *tty)
{
    if (tty->driver->input_drop)
        tty->driver->input_drop(tty);
    tty_input_flush(tty);
}

/* --- flow control of our input: IXOFF --- */

static void send_flow_char(struct tty *tty, uint8_t byte)
{
    if (byte && tty->driver->room(tty))
        tty->driver->write(tty, &byte, 1);
}

static void input_throttle(struct tty *tty)
{
    if (!(tty->termios.c_iflag & IXOFF) || tty->input_stopped)
        return;
    tty->input_stopped = true;
    send_flow_char(tty, tty->termios.c_cc[VSTOP]);
}

void tty_input_drained(struct tty *tty)
{
    if (tty->input_stopped && tty->head - tty->tail < TTY_BUFFER / 8) {
        tty->input_stopped = false;
        send_flow_char(tty, tty->termios.c_cc[VSTART]);
    }
    if (tty->driver->input_room)
        tty->driver->input_room(tty);
}

/* --- special characters --- */

static void signal_char(struct tty *tty, uint8_t byte, int number)
{
    if (tty->foreground)
        group_signal(tty->foreground, number);
    if (!(tty->termios.c_lflag & NOFLSH)) {
        ring_clear(&tty->echo);
        if (tty->driver->flush)
            tty->driver->flush(tty);
        tty_input_flush(tty);
        if (tty->driver->packet)
            tty->driver->packet(tty, TIOCPKT_FLUSHREAD | TIOCPKT_FLUSHWRITE);
    }
    if (tty->termios.c_iflag & IXON)
        tty_output_start(tty);
    if (tty->termios.c_lflag & ECHO)
        tty_echo_char(tty, byte);
}

/* True: the byte was a signal's or flow control's. */
static bool receive_control(struct tty *tty, uint8_t byte)
{
    const cc_t *cc = tty->termios.c_cc;

    if (tty->termios.c_iflag & IXON) {
        if (byte == cc[VSTART]) {
            tty_output_start(tty);
            return true;
        }
        if (byte == cc[VSTOP]) {
            tty_output_stop(tty);
            return true;
        }
    }
    if (!(tty->termios.c_lflag & ISIG))
        return false;
    if (byte == cc[VINTR])
        signal_char(tty, byte, SIGINT);
    else if (byte == cc[VQUIT])
        signal_char(tty, byte, SIGQUIT);
    else if (byte == cc[VSUSP])
        signal_char(tty, byte, SIGTSTP);
    else
        return false;
    return true;
}

static void line_end(struct tty *tty, uint8_t byte)
{
    tty_end_set(tty, tty->head);
    store(tty, byte);
    tty->line_head = tty->head;
    input_wake(tty);
}

static void reprint(struct tty *tty, uint8_t byte)
{
    tty_erasing_end(tty);
    tty_echo_char(tty, byte);
    tty_echo_raw(tty, '\n');
    for (uint32_t i = tty->line_head; i != tty->head; i++)
        tty_echo_char(tty, *tty_byte(tty, i));
}

static void literal_begin(struct tty *tty)
{
    tty->literal_next = true;
    if (!(tty->termios.c_lflag & ECHO))
        return;
    tty_erasing_end(tty);
    if (tty->termios.c_lflag & ECHOCTL)
        tty_echo_text(tty, "^\b");
}

/* Characters that edit the line. True: it was one. */
static bool receive_edit(struct tty *tty, uint8_t byte)
{
    const cc_t *cc = tty->termios.c_cc;
    tcflag_t flags = tty->termios.c_lflag;

    if (byte == cc[VERASE] || byte == cc[VKILL] || (byte == cc[VWERASE] && (flags & IEXTEN)))
        tty_erase(tty, byte);
    else if (byte == cc[VLNEXT] && (flags & IEXTEN))
        literal_begin(tty);
    else if (byte == cc[VREPRINT] && (flags & IEXTEN) && (flags & ECHO))
        reprint(tty, byte);
    else
        return false;
    return true;
}

/* Characters that end the line. True: it was one. */
static bool receive_end(struct tty *tty, uint8_t byte)
{
    const cc_t *cc = tty->termios.c_cc;
    tcflag_t flags = tty->termios.c_lflag;

    if (byte == '\n') {
        if (flags & (ECHO | ECHONL))
            tty_echo_raw(tty, '\n');
        line_end(tty, byte);
        return true;
    }
    if (byte == cc[VEOF]) {
        line_end(tty, 0);
        return true;
    }
    if (byte != cc[VEOL] && !(byte == cc[VEOL2] && (flags & IEXTEN)))
        return false;
    if (flags & ECHO) {
        if (tty->line_head == tty->head)
            tty->line_column = tty->column;
        tty_echo_char(tty, byte);
    }
    if (byte == 0377 && (tty->termios.c_iflag & PARMRK))
        store(tty, byte);
    line_end(tty, byte);
    return true;
}

/* --- one character --- */

/* An ordinary character. */
static void receive_data(struct tty *tty, uint8_t byte, bool newline_seen)
{
    if (tty->termios.c_lflag & ECHO) {
        if (byte == '\n' && newline_seen) {
            tty_erasing_end(tty);
            tty_echo_raw(tty, '\n');
        } else {
            echo_data(tty, byte);
        }
    }
    store_data(tty, byte);
}

/* ICRNL, INLCR, IGNCR. False: the byte is dropped. */
static bool newline_translate(struct tty *tty, uint8_t *byte)
{
    tcflag_t flags = tty->termios.c_iflag;

    if (*byte == '\r') {
        if (flags & IGNCR)
            return false;
        if (flags & ICRNL)
            *byte = '\n';
    } else if (*byte == '\n' && (flags & INLCR)) {
        *byte = '\r';
    }
    return true;
}

/* Any input restarts stopped output with IXANY. */
static void restart_any(struct tty *tty)
{
    const tcflag_t any = IXON | IXANY;

    if (tty->stopped && (tty->termios.c_iflag & any) == any)
        tty_output_start(tty);
}

static void receive_special(struct tty *tty, uint8_t byte)
{
    uint8_t raw = byte;

    if (receive_control(tty, byte))
        return;
    restart_any(tty);
    if (!newline_translate(tty, &byte))
        return;
    if (tty_canonical(tty) && (receive_edit(tty, byte) || receive_end(tty, byte)))
        return;
    /* A newline that means nothing special here is echoed like other control characters. */
    receive_data(tty, byte, raw != byte);
}

static uint8_t strip(const struct tty *tty, uint8_t byte)
{
    if (tty->termios.c_iflag & ISTRIP)
        byte &= 0x7f;
    if ((tty->termios.c_iflag & IUCLC) && (tty->termios.c_lflag & IEXTEN) && byte >= 'A' &&
        byte <= 'Z')
        byte += 'a' - 'A';
    return byte;
}

static void receive_char(struct tty *tty, uint8_t byte)
{
    byte = strip(tty, byte);
    if (tty->termios.c_lflag & EXTPROC) {
        store(tty, byte);
    } else if (tty->literal_next) {
        tty->literal_next = false;
        receive_data(tty, byte, false);
    } else if (byte) {
        receive_special(tty, byte);
    } else {
        restart_any(tty);
        receive_data(tty, byte, false);
    }
}

/* Room for one more character, after making some in a line that is too long. */
static bool input_room(struct tty *tty)
{
    uint32_t used = tty->head - tty->tail;
    uint32_t most = tty->termios.c_iflag & PARMRK ? TTY_BUFFER - 2 : TTY_BUFFER - 1;

    if (used < most)
        return true;
    if (!tty_canonical(tty) || tty->line_head != tty->tail)
        return false;
    while (tty->head - tty->tail > most)
        tty->head--;
    return true;
}

size_t tty_receive(struct tty *tty, const uint8_t *bytes, size_t count)
{
    size_t done = 0;

    while (done < count && input_room(tty))
        receive_char(tty, bytes[done++]);
    if (done < count || tty->head - tty->tail > TTY_BUFFER * 7 / 8)
        input_throttle(tty);
    if (!tty_canonical(tty) && tty->head != tty->tail)
        input_wake(tty);
    return done;
}

void tty_input_mode_changed(struct tty *tty)
{
    memset(tty->ends, 0, sizeof(tty->ends));
    tty->push = false;
    tty->line_head = tty->tail;
    if (tty_canonical(tty) && tty->head != tty->tail) {
        /* What is there becomes a line that ends without an end. */
        tty_end_set(tty, tty->head - 1);
        tty->line_head = tty->head;
        tty->push = true;
    }
    tty->erasing = tty->literal_next = false;
    if (!wait_empty(&tty->readable))
        wait_wake_events(&tty->readable, EPOLLIN | EPOLLRDNORM);
}
