/*
 * Terminals: the line discipline between a program and a line, job control, and the ioctls of
 * termios(3) and ioctl_tty(2).
 *
 *     tty.c         life, open, hang-up, read and write as file operations
 *     tty_input.c   characters that come in: editing, signals, flow control
 *     tty_echo.c    echo and erasing
 *     tty_output.c  characters that go out: OPOST
 *     tty_read.c    the program's side of the input buffer
 *     tty_job.c     sessions and process groups
 *     tty_ioctl.c, tty_termios.c  settings
 *     pty.c, pty_master.c, console.c  drivers
 *
 * Lock: tty->lock, a mutex, guards everything but the queues; drivers are called with it held.
 * Signals are sent with it held (proc's locks are below it). User memory is never touched with it
 * held.
 */
#ifndef DEV_TTY_H
#define DEV_TTY_H

#include "arch/address.h"
#include "lib/ring.h"
#include "sched/mutex.h"
#include "sched/wait.h"
#include <asm/termbits.h>
#include <asm/termios.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct poll_table;
struct tty;
struct uio;

enum {
    TTY_BUFFER = 4096, /* input, also the longest line with its newline */
    TTY_ECHO = 1024,   /* echo held back while output is stopped */
};

/* What is at the other end of the line. Called with tty->lock held; none may sleep. NULL: [then].
 */
struct tty_driver {
    /* Sends bytes; no more than room() said. */
    void (*write)(struct tty *tty, const uint8_t *bytes, size_t count);
    size_t (*room)(struct tty *tty);
    size_t (*pending)(struct tty *tty);  /* bytes sent but not taken [0] */
    void (*flush)(struct tty *tty);      /* forgets those [nothing] */
    void (*input_room)(struct tty *tty); /* the input buffer has room again [nothing] */
    void (*input_drop)(struct tty *tty); /* forgets input that did not fit yet [nothing] */
    /* Something that packet mode reports (TIOCPKT_…) [nothing] */
    void (*packet)(struct tty *tty, uint8_t status);
    void (*first_open)(struct tty *tty); /* [nothing] */
    void (*last_close)(struct tty *tty); /* [nothing] */
    void (*release)(struct tty *tty); /* the last count is gone; no lock held. Frees what the tty is
                                         embedded in */
};

struct tty {
    _Atomic uint32_t refs;           /* descriptions, the session, the driver */
    const struct tty_driver *driver; /* constant */
    uint32_t number;                 /* constant: device number as in st_rdev */
    struct mutex lock;
    struct ktermios termios;
    struct winsize window;
    unsigned opens;
    unsigned hangups; /* descriptions opened before the last hang-up are dead */
    bool exclusive;
    bool dead;   /* the other end is gone for good (pty): opening is -EIO */
    bool master; /* constant: never used as controlling terminal */

    /* input: tail … committed … head, free-running; in canonical mode line_head ends the last whole
     * line */
    uint8_t *buffer;                /* TTY_BUFFER bytes, from the first open on */
    uint64_t ends[TTY_BUFFER / 64]; /* bit per buffer byte: a line ends with it */
    uint32_t head, line_head, tail;
    bool push; /* the last line was made by leaving raw mode */
    bool literal_next;
    bool erasing;       /* between the \ and / of ECHOPRT */
    bool input_stopped; /* IXOFF: the STOP character was sent */

    /* output */
    bool stopped;
    unsigned column, line_column; /* of the output, and where the present input line starts */
    struct ring echo;             /* held back, bytes ready for output processing */
    uint8_t echo_bytes[TTY_ECHO];

    int32_t session, foreground; /* 0: none */
    struct wait_queue readable, writable;
};

/* --- for drivers --- */

/* Readies a zeroed tty with one count. */
void tty_init(struct tty *tty, const struct tty_driver *driver, uint32_t number);
/* Bytes from the line. Takes as many as the buffer can hold and returns how many; lock held. */
size_t tty_receive(struct tty *tty, const uint8_t *bytes, size_t count);
/* The driver has room again; lock held. */
void tty_output_room(struct tty *tty);
/* Hangs up: every description of it is dead, the session loses it (its leader gets SIGHUP and
   SIGCONT, with whole_session the foreground group SIGHUP too). No lock held. */
void tty_hangup(struct tty *tty, bool whole_session);

struct tty *tty_get(struct tty *tty);
void tty_put(struct tty *tty);
/* A session's leader has ended (proc's hook). */
void tty_leader_exited(struct tty *tty);

/* Makes `file` a description of this terminal: sets ops, private and mode, and the controlling
   terminal by the rules of open(2) unless O_NOCTTY or `never_controlling`. Takes its own count. 0,
   -EIO, -EBUSY, -ENOMEM. */
int tty_open(struct tty *tty, struct file *file, bool never_controlling);

/* Starts the terminals: console, ptys, /dev/tty; devices must be registrable (after fs_init). */
void tty_start(void);

/* --- between the files of this folder; lock held unless said otherwise --- */

static inline bool tty_canonical(const struct tty *tty)
{
    return tty->termios.c_lflag & ICANON;
}

static inline uint8_t *tty_byte(struct tty *tty, uint32_t index)
{
    return &tty->buffer[index % TTY_BUFFER];
}

static inline bool tty_end_get(const struct tty *tty, uint32_t index)
{
    return tty->ends[index % TTY_BUFFER / 64] >> (index % 64) & 1;
}

static inline void tty_end_set(struct tty *tty, uint32_t index)
{
    tty->ends[index % TTY_BUFFER / 64] |= UINT64_C(1) << (index % 64);
}

static inline void tty_end_clear(struct tty *tty, uint32_t index)
{
    tty->ends[index % TTY_BUFFER / 64] &= ~(UINT64_C(1) << (index % 64));
}

/* The byte is a control character (ASCII). */
static inline bool tty_is_control(uint8_t byte)
{
    return byte < 32 || byte == 127;
}

/* A byte inside a UTF-8 sequence, in IUTF8 mode. */
static inline bool tty_is_continuation(const struct tty *tty, uint8_t byte)
{
    return (tty->termios.c_iflag & IUTF8) && (byte & 0xc0) == 0x80;
}

/* One character out, processed if OPOST. False: no room. */
bool tty_output_char(struct tty *tty, uint8_t byte);
/* Room that a program's output or echo may use now. */
size_t tty_output_space(struct tty *tty);
void tty_output_stop(struct tty *tty);
void tty_output_start(struct tty *tty);

void tty_echo_char(struct tty *tty, uint8_t byte);
void tty_echo_raw(struct tty *tty, uint8_t byte);
void tty_echo_text(struct tty *tty, const char *text);
/* Sends what was held back. */
void tty_echo_flush(struct tty *tty);
/* The character that ends ECHOPRT's list of erased ones. */
void tty_erasing_end(struct tty *tty);
/* Erases a character, word or line by which of VERASE, VWERASE, VKILL `byte` is. */
void tty_erase(struct tty *tty, uint8_t byte);

/* Forgets the input buffer; with what the driver holds back. */
void tty_input_flush(struct tty *tty);
void tty_input_flush_all(struct tty *tty);
/* The buffer may have room again: tells the driver. */
void tty_input_drained(struct tty *tty);
/* The way from one setting of ICANON to another. */
void tty_input_mode_changed(struct tty *tty);

/* Bytes that a read would get now, counted as FIONREAD does. */
uint32_t tty_input_count(struct tty *tty);
bool tty_input_available(struct tty *tty, bool for_poll);
/* read(2). No lock held. */
int64_t tty_read(struct file *file, struct uio *uio, uint64_t *position);

/* 0, -EIO or -ERESTARTSYS when a background process group may not do this now; `number` SIGTTIN or
 * SIGTTOU. No lock held. */
int tty_job_check(struct tty *tty, int number);
/* TIOCSCTTY, TIOCNOTTY, TIOC[GS]PGRP, TIOCGSID; -ENOIOCTLCMD: another command. `own`: the
   description is the terminal's, not its pty master's. No lock held. */
int64_t tty_job_ioctl(struct tty *tty, struct file *file, unsigned command, struct uaddr argument,
                      bool own);
/* The caller's session gets this terminal. No lock held. */
void tty_become_controlling(struct tty *tty);

/* TCGETS and its kin; -ENOIOCTLCMD: another command. No lock held. */
int64_t tty_termios_ioctl(struct tty *tty, unsigned command, struct uaddr argument);
/* Everything that a terminal and a pty's master answer alike. No lock held. */
int64_t tty_common_ioctl(struct tty *tty, struct file *file, unsigned command, uint64_t argument,
                         bool own);
/* ioctl(2) of a description. */
int64_t tty_ioctl(struct file *file, unsigned command, uint64_t argument);

/* The terminal's hang-up has passed this description. */
bool tty_hung_up(const struct tty *tty, const struct file *file);

enum { ENOIOCTLCMD = 515 };

#endif
