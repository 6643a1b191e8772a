/*
 * See terminal.h.
 */
#define _GNU_SOURCE
#include "terminal.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { KEY_ESCAPE = 0x1d, ESCAPES = 3 };

/* The one terminal of the process, for the exit handler. */
static struct terminal *current;

void terminal_restore(void)
{
    if (current != NULL && current->raw) {
        tcsetattr(current->keys, TCSADRAIN, &current->normal);
        current->raw = false;
    }
}

static void restore_and_die(int signal_number)
{
    terminal_restore();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void terminal_guard(void)
{
    static const int fatal[] = {SIGABRT, SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                SIGALRM, SIGSYS,  SIGXCPU, SIGXFSZ};
    atexit(terminal_restore);
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        signal(fatal[i], restore_and_die);
}

/*
 * A process group can be stopped from its terminal and continued when the parent of one of its
 * members is in the same session under another group, which is what a shell with job control makes
 * of its jobs.
 */
static bool has_job_control(void)
{
    if (getpgrp() != getpid())
        return getpgrp() != getsid(0);
    pid_t parent = getppid();
    return getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

/* One furca has the keyboard: a lock on the terminal's file, held until the process ends. */
static bool keyboard_lock(int fd)
{
    char name[256];
    if (ttyname_r(fd, name, sizeof(name)) != 0)
        return true;
    int file = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return true;
    return flock(file, LOCK_EX | LOCK_NB) == 0;
}

void terminal_open(struct terminal *terminal, const struct standard *standard)
{
    *terminal = (struct terminal){.keys = -1, .screen = -1};
    bool is_terminal[3];
    for (int fd = 0; fd < 3; fd++)
        is_terminal[fd] = standard_is_terminal(standard, fd);
    if (!is_terminal[0] && !is_terminal[1] && !is_terminal[2])
        return;
    int screen = is_terminal[1] ? 1 : is_terminal[2] ? 2 : 0;
    terminal->screen = fcntl(screen, F_DUPFD_CLOEXEC, 3);
    if (is_terminal[0])
        terminal->keys = fcntl(0, F_DUPFD_CLOEXEC, 3);
    else if (is_terminal[1])
        terminal->keys = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    ioctl(screen, TIOCGWINSZ, &terminal->window);
    if (terminal->keys >= 0 && !keyboard_lock(terminal->keys)) {
        close(terminal->keys);
        terminal->keys = -1;
    }
    tcgetattr(terminal->keys >= 0 ? terminal->keys : screen, &terminal->normal);
    terminal->raw_wanted = is_terminal[1] && terminal->keys >= 0;
    terminal->job = has_job_control();
    current = terminal;
    terminal_guard();
}

static bool in_foreground(const struct terminal *terminal)
{
    pid_t group = tcgetpgrp(terminal->keys);
    return group < 0 || group == getpgrp();
}

void terminal_start(struct terminal *terminal)
{
    terminal->started = true;
    if (!terminal->raw_wanted || terminal->raw || !in_foreground(terminal))
        return;
    struct termios raw = terminal->normal;
    cfmakeraw(&raw);
    if (tcsetattr(terminal->keys, TCSADRAIN, &raw) == 0)
        terminal->raw = true;
}

bool terminal_reads(const struct terminal *terminal)
{
    return terminal->keys >= 0 && terminal->started && (terminal->raw || !terminal->raw_wanted) &&
           in_foreground(terminal);
}

struct termios terminal_guest_mode(const struct terminal *terminal)
{
    struct termios mode = terminal->normal;
    if (terminal->raw_wanted)
        return mode;
    mode.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    mode.c_oflag &= ~(tcflag_t)OPOST;
    return mode;
}

static bool is_escape(struct terminal *terminal, const uint8_t *keys, size_t count)
{
    double now = clock_seconds();
    for (size_t i = 0; i < count; i++) {
        bool late = now - terminal->escape_time > 1.0;
        if (keys[i] != KEY_ESCAPE || late)
            terminal->escapes = 0;
        if (keys[i] != KEY_ESCAPE)
            continue;
        if (terminal->escapes++ == 0)
            terminal->escape_time = now;
        if (terminal->escapes == ESCAPES)
            return true;
    }
    return false;
}

enum terminal_event terminal_pump(struct terminal *terminal, struct channel *channel)
{
    uint8_t keys[1024];
    size_t room = channel_room(channel, CHANNEL_KEYS);
    ssize_t count = read(terminal->keys, keys, room < sizeof(keys) ? room : sizeof(keys));
    if (count < 0)
        return errno == EINTR || errno == EAGAIN ? TERMINAL_OK : TERMINAL_ENDED;
    if (count == 0 && terminal->raw)
        return TERMINAL_ENDED;
    if (count == 0)
        keys[count++] = terminal->normal.c_cc[VEOF];
    channel_send_data(channel, CHANNEL_KEYS, keys, (size_t)count);
    return terminal->raw && is_escape(terminal, keys, (size_t)count) ? TERMINAL_ESCAPE
                                                                     : TERMINAL_OK;
}

void terminal_resize(struct terminal *terminal, struct channel *channel)
{
    if (terminal->screen < 0 || ioctl(terminal->screen, TIOCGWINSZ, &terminal->window) < 0)
        return;
    const struct winsize *window = &terminal->window;
    channel_send_numbers(channel, CHANNEL_WINSIZE, window->ws_row | (uint32_t)window->ws_col << 16,
                         window->ws_xpixel | (uint32_t)window->ws_ypixel << 16);
}
