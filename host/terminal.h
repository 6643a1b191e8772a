/*
 * The terminal that furca runs on, if it does, and what is typed there.
 *
 * When standard output is a terminal (and furca is in its foreground) the terminal is in raw mode
 * while the program runs: what is typed, Ctrl-C and Ctrl-Z included, goes to the guest's terminal
 * as bytes. When only standard input or error is one, the terminal stays as it is, since others
 * that share the pipeline write there too; it edits and echoes the lines, and its signals come to
 * furca, which passes them on. One furca at a time has the keyboard of a terminal: the others leave
 * its mode alone.
 *
 * The mode is put back in every exit: terminal_restore() is an exit handler, and the fatal signals
 * that furca does not pass on call it.
 */
#ifndef HOST_TERMINAL_H
#define HOST_TERMINAL_H

#include "channel.h"
#include "standard.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

struct terminal {
    int keys;   /* to read what is typed, or -1 */
    int screen; /* to write to, or -1 */
    bool raw_wanted;
    bool raw;
    bool started;
    bool job;              /* whoever waits for furca could continue it after a stop */
    struct termios normal; /* the mode found at the start */
    struct winsize window;
    int escapes; /* how many times Ctrl-] was the last key */
    double escape_time;
};

enum terminal_event { TERMINAL_OK, TERMINAL_ENDED, TERMINAL_ESCAPE };

/* Looks at the terminal; nothing is changed yet. */
void terminal_open(struct terminal *terminal, const struct standard *standard);

/* The program runs, or goes on after a stop: raw mode if that is wanted and furca is in the
 * foreground. */
void terminal_start(struct terminal *terminal);

/* Puts the mode back as it was found. */
void terminal_restore(void);

/* Whether furca may read what is typed now. */
bool terminal_reads(const struct terminal *terminal);

/* The mode that the guest's terminal begins with. */
struct termios terminal_guest_mode(const struct terminal *terminal);

/* Reads what was typed into CHANNEL_KEYS. TERMINAL_ESCAPE: Ctrl-] three times. TERMINAL_ENDED: the
 * terminal is gone. */
enum terminal_event terminal_pump(struct terminal *terminal, struct channel *channel);

/* Reads the window size again and sends it to the guest. */
void terminal_resize(struct terminal *terminal, struct channel *channel);

#endif
