/* Controlling terminals: signals from keys, job control, hangup. */
#include "harness.h"
#include "pty.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* The case leads a session without a terminal: makes the slave its terminal. */
static void terminal_take(void)
{
    pty_open();
    CHECK_OK(ioctl(pty_slave, TIOCSCTTY, 0));
}

CASE(controlling_terminal)
{
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    terminal_take();
    CHECK_EQ(tcgetsid(pty_slave), getpid());
    CHECK_EQ(tcgetpgrp(pty_slave), getpgrp());
    int fd = CHECK_OK(open("/dev/tty", O_RDWR));
    CHECK_EQ(write(fd, "x", 1), 1);
    pty_expect(pty_master, "x");
    signal(SIGHUP, SIG_IGN);
    CHECK_OK(ioctl(fd, TIOCNOTTY));
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    CHECK_ERR(tcgetpgrp(pty_slave), ENOTTY);
}

CASE(opening_takes_the_terminal)
{
    pty_open();
    int fd = CHECK_OK(open(pty_name, O_RDWR)); /* a session leader without one, no O_NOCTTY */
    CHECK_EQ(tcgetpgrp(fd), getpgrp());
}

CASE(errors_of_controlling_terminal)
{
    terminal_take();
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_ERR(tcsetpgrp(pty_slave, 99999999), ESRCH);
        CHECK_ERR(tcsetpgrp(pty_slave, -1), EINVAL);
        CHECK_ERR(tcsetpgrp(pty_slave, runner_pid), EPERM); /* a group of another session */
        CHECK_OK(setpgid(0, 0));
        CHECK_OK(setsid() == -1 ? 0 : -1);
        _exit(0);
    }
    process_exits(child, 0);
    child = process_fork();
    if (child == 0) {
        CHECK_OK(setsid());
        CHECK_ERR(tcsetpgrp(pty_slave, getpid()), ENOTTY);
        CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(window_change_signals)
{
    struct winsize size = {.ws_row = 30, .ws_col = 90};
    terminal_take();
    signal_counting(SIGWINCH, 0);
    CHECK_OK(ioctl(pty_master, TIOCSWINSZ, &size));
    CHECK_EQ(signal_count[SIGWINCH], 1);
    CHECK_OK(ioctl(pty_master, TIOCSWINSZ, &size)); /* no change, no signal */
    CHECK_EQ(signal_count[SIGWINCH], 1);
}

CASE(keys_that_signal)
{
    terminal_take();
    signal_counting(SIGINT, SA_RESTART);
    signal_counting(SIGQUIT, SA_RESTART);
    signal_counting(SIGTSTP, SA_RESTART);
    pty_type("lost\003kept\n");
    pty_type("\034\032");
    for (int i = 0; i < 2000 && !signal_count[SIGTSTP]; i++)
        sleep_ms(1);
    CHECK(signal_count[SIGINT] == 1 && signal_count[SIGQUIT] == 1 && signal_count[SIGTSTP] == 1);
}

CASE(interrupt_key_discards_input)
{
    terminal_take();
    pty_echo_off();
    signal(SIGINT, SIG_IGN);
    pty_type("lost\003kept\n");
    pty_expect(pty_slave, "kept\n");
    struct termios modes = pty_modes();
    modes.c_lflag |= NOFLSH;
    CHECK_OK(tcsetattr(pty_slave, TCSANOW, &modes));
    pty_type("al\003so\n");
    pty_expect(pty_slave, "also\n");
}

/* Starts a background job of the session that does one thing with the terminal. */
static pid_t background_start(void (*body)(void))
{
    pid_t child = process_fork();
    if (child == 0) {
        setpgid(0, 0);
        body();
        _exit(0);
    }
    setpgid(child, child);
    return child;
}

static void read_terminal(void)
{
    CHECK(read(pty_slave, pty_text, 100) > 0);
}

CASE(background_read_stops)
{
    int status;
    terminal_take();
    signal(SIGTTOU, SIG_IGN);
    pid_t child = background_start(read_terminal);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    CHECK_OK(tcsetpgrp(pty_slave, child));
    CHECK_EQ(tcgetpgrp(pty_slave), child);
    pty_type("line\n");
    CHECK_OK(kill(-child, SIGCONT));
    process_exits(child, 0);
    CHECK_OK(tcsetpgrp(pty_slave, getpgrp()));
}

static void read_ignoring(void)
{
    signal(SIGTTIN, SIG_IGN);
    CHECK_ERR(read(pty_slave, pty_text, 100), EIO);
}

CASE(background_read_ignoring_the_signal)
{
    terminal_take();
    process_exits(background_start(read_ignoring), 0);
}

static void write_terminal(void)
{
    CHECK_EQ(write(pty_slave, "x", 1), 1);
}

CASE(background_write_stops_with_tostop)
{
    int status;
    terminal_take();
    process_exits(background_start(write_terminal), 0); /* allowed by default */
    struct termios modes = pty_modes();
    modes.c_lflag |= TOSTOP;
    CHECK_OK(tcsetattr(pty_slave, TCSANOW, &modes));
    pid_t child = background_start(write_terminal);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
    process_kill(child);
}

static void take_foreground(void)
{
    tcsetpgrp(pty_slave, getpgrp());
}

static void take_foreground_ignoring(void)
{
    signal(SIGTTOU, SIG_IGN);
    CHECK_OK(tcsetpgrp(pty_slave, getpgrp()));
}

CASE(background_change_of_foreground_stops)
{
    int status;
    terminal_take();
    pid_t child = background_start(take_foreground);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
    process_kill(child);
    child = background_start(take_foreground_ignoring);
    process_exits(child, 0);
}

CASE(keys_reach_the_foreground_group_only)
{
    int status;
    terminal_take();
    signal(SIGTTOU, SIG_IGN);
    pid_t child = process_fork();
    if (child == 0) {
        setpgid(0, 0);
        for (;;)
            pause();
    }
    setpgid(child, child);
    CHECK_OK(tcsetpgrp(pty_slave, child));
    signal_counting(SIGINT, 0);
    pty_type("\032");
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    CHECK_OK(kill(child, SIGCONT));
    pty_type("\003");
    process_dies(child, SIGINT);
    CHECK_EQ(signal_count[SIGINT], 0);
}

CASE(hangup_when_the_master_closes)
{
    terminal_take();
    signal_counting(SIGHUP, 0);
    signal_counting(SIGCONT, 0);
    CHECK_OK(close(pty_master));
    CHECK_EQ(signal_count[SIGHUP], 1);
    CHECK_EQ(read(pty_slave, pty_text, 1), 0);
    CHECK_ERR(write(pty_slave, "x", 1), EIO);
    struct pollfd entry = {pty_slave, POLLIN | POLLOUT, 0};
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_EQ(entry.revents & POLLHUP, POLLHUP);
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
}

CASE(leader_exit_hangs_up_the_foreground)
{
    struct gate ready;
    int *result = shared_alloc(PAGE);
    gate_init(&ready);
    pid_t leader = process_fork();
    if (leader == 0) {
        CHECK_OK(setsid());
        terminal_take();
        pid_t child = process_fork();
        if (child == 0) {
            signal_counting(SIGHUP, 0);
            gate_open(&ready);
            while (!signal_count[SIGHUP])
                sleep_ms(1);
            *result = 1;
            gate_open(&ready);
            _exit(0);
        }
        gate_wait(&ready);
        _exit(0);
    }
    process_exits(leader, 0);
    gate_wait(&ready);
    CHECK_EQ(*result, 1);
}
