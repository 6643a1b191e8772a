/*
 * Echo and erasing (termios(3), ECHO… of c_lflag).
 *
 * Echo goes through output processing like a program's output. While output is stopped or the
 * driver is full it is held back in a small ring; what does not fit there is lost, as on a line
 * with too slow a screen.
 */
#include "dev/tty.h"

enum { TAB_WIDTH = 8 };

void tty_echo_flush(struct tty *tty)
{
    uint8_t byte;

    while (ring_peek(&tty->echo, 0, &byte, 1) == 1 && tty_output_char(tty, byte))
        ring_consume(&tty->echo, 1);
}

void tty_echo_raw(struct tty *tty, uint8_t byte)
{
    if (ring_used(&tty->echo) || !tty_output_char(tty, byte))
        ring_write(&tty->echo, &byte, 1);
}

void tty_echo_text(struct tty *tty, const char *text)
{
    while (*text)
        tty_echo_raw(tty, (uint8_t)*text++);
}

void tty_echo_char(struct tty *tty, uint8_t byte)
{
    if ((tty->termios.c_lflag & ECHOCTL) && tty_is_control(byte) && byte != '\t') {
        tty_echo_raw(tty, '^');
        byte ^= 0100;
    }
    tty_echo_raw(tty, byte);
}

void tty_erasing_end(struct tty *tty)
{
    if (!tty->erasing)
        return;
    tty_echo_raw(tty, '/');
    tty->erasing = false;
}

/* --- erasing --- */

/* Columns that the input before `end` takes on the screen, back to a tab (*after_tab) or to the
 * start of the line. */
static unsigned columns_before(struct tty *tty, uint32_t end, bool *after_tab)
{
    unsigned columns = 0;

    *after_tab = false;
    while (end != tty->line_head) {
        uint8_t byte = *tty_byte(tty, --end);

        if (byte == '\t') {
            *after_tab = true;
            break;
        }
        if (tty_is_control(byte))
            columns += tty->termios.c_lflag & ECHOCTL ? 2 : 0;
        else if (!tty_is_continuation(tty, byte))
            columns++;
    }
    return columns;
}

static void echo_erase_tab(struct tty *tty)
{
    bool after_tab;
    unsigned columns = columns_before(tty, tty->head, &after_tab);

    if (!after_tab)
        columns += tty->line_column;
    for (unsigned i = TAB_WIDTH - columns % TAB_WIDTH; i > 0; i--)
        tty_echo_raw(tty, '\b');
}

static void echo_erase_printed(struct tty *tty, uint8_t byte, uint32_t count)
{
    if (!tty->erasing) {
        tty_echo_raw(tty, '\\');
        tty->erasing = true;
    }
    tty_echo_char(tty, byte);
    for (uint32_t i = 1; i < count; i++)
        tty_echo_raw(tty, *tty_byte(tty, tty->head + i));
}

/* Shows that the character of `count` bytes at the new head, which began with `byte`, is gone. */
static void echo_erased(struct tty *tty, uint8_t byte, uint32_t count, bool single)
{
    tcflag_t flags = tty->termios.c_lflag;

    if (flags & ECHOPRT) {
        echo_erase_printed(tty, byte, count);
    } else if (single && !(flags & ECHOE)) {
        tty_echo_char(tty, tty->termios.c_cc[VERASE]);
    } else if (byte == '\t') {
        echo_erase_tab(tty);
    } else {
        if (tty_is_control(byte) && (flags & ECHOCTL))
            tty_echo_text(tty, "\b \b");
        if (!tty_is_control(byte) || (flags & ECHOCTL))
            tty_echo_text(tty, "\b \b");
    }
}

static bool is_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* How many bytes the last character of the line has; 0: it began before the line. */
static uint32_t last_character(struct tty *tty, uint8_t *first)
{
    uint32_t start = tty->head;

    do {
        *first = *tty_byte(tty, --start);
    } while (tty_is_continuation(tty, *first) && start != tty->line_head);
    return tty_is_continuation(tty, *first) ? 0 : tty->head - start;
}

enum erase_kind { ERASE_CHARACTER, ERASE_WORD, ERASE_LINE };

static void erase_back(struct tty *tty, enum erase_kind kind)
{
    bool seen_word = false;

    while (tty->head != tty->line_head) {
        uint8_t byte;
        uint32_t count = last_character(tty, &byte);

        if (!count)
            break;
        if (kind == ERASE_WORD) {
            if (!is_word(byte) && seen_word)
                break;
            seen_word |= is_word(byte);
        }
        tty->head -= count;
        if (tty->termios.c_lflag & ECHO)
            echo_erased(tty, byte, count, kind == ERASE_CHARACTER);
        if (kind == ERASE_CHARACTER)
            break;
    }
    if (tty->head == tty->line_head && (tty->termios.c_lflag & ECHO))
        tty_erasing_end(tty);
}

/* VKILL where the line is not erased on the screen, but a new one begun. */
static void kill_line(struct tty *tty)
{
    tty->head = tty->line_head;
    tty_erasing_end(tty);
    tty_echo_char(tty, tty->termios.c_cc[VKILL]);
    if (tty->termios.c_lflag & ECHOK)
        tty_echo_raw(tty, '\n');
}

void tty_erase(struct tty *tty, uint8_t byte)
{
    const tcflag_t rub_out = ECHOK | ECHOKE | ECHOE;
    tcflag_t flags = tty->termios.c_lflag;

    if (tty->head == tty->line_head)
        return;
    if (byte == tty->termios.c_cc[VERASE])
        erase_back(tty, ERASE_CHARACTER);
    else if (byte == tty->termios.c_cc[VWERASE])
        erase_back(tty, ERASE_WORD);
    else if (!(flags & ECHO))
        tty->head = tty->line_head;
    else if ((flags & rub_out) != rub_out)
        kill_line(tty);
    else
        erase_back(tty, ERASE_LINE);
}
