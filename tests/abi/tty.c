/* Pseudo terminals: line discipline, signals from keys, window size, job control, hangup. */
#include "harness.h"

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

static int master, slave;
static char slave_name[64];
static char text[8192];

static void pty_open(void)
{
    int number = -1, unlock = 0;
    master = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
    CHECK_OK(ioctl(master, TIOCGPTN, &number));
    CHECK_OK(ioctl(master, TIOCSPTLCK, &unlock));
    snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", number);
    slave = open(slave_name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave == -1 && errno == EIO)
        case_fail(__FILE__, __LINE__, "%s is locked", slave_name);
    if (slave == -1)
        slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    CHECK(slave >= 0);
}

static struct termios modes_get(void)
{
    struct termios modes;
    CHECK_OK(tcgetattr(slave, &modes));
    return modes;
}

static void raw_set(int minimum, int time)
{
    struct termios modes = modes_get();
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = minimum;
    modes.c_cc[VTIME] = time;
    CHECK_OK(tcsetattr(slave, TCSANOW, &modes));
}

static void echo_off(void)
{
    struct termios modes = modes_get();
    modes.c_lflag &= ~ECHO;
    CHECK_OK(tcsetattr(slave, TCSANOW, &modes));
}

static void type(const char *keys)
{
    CHECK_EQ(write(master, keys, strlen(keys)), strlen(keys));
}

static void text_expect(int fd, const char *expected)
{
    size_t length = 0, wanted = strlen(expected);
    while (length < wanted) {
        ssize_t got = CHECK_OK(read(fd, text + length, wanted - length));
        CHECK(got > 0);
        length += got;
    }
    text[length] = 0;
    if (strcmp(text, expected) != 0)
        case_fail(__FILE__, __LINE__, "terminal gave \"%s\", not \"%s\"", text, expected);
}

static bool readable(int fd)
{
    struct pollfd entry = {fd, POLLIN, 0};
    return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN);
}

/* Input reaches the other side asynchronously. */
static void input_await(int fd)
{
    struct pollfd entry = {fd, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 60000), 1);
}

static void output_await(bool ready)
{
    struct pollfd entry = {slave, POLLOUT, 0};
    for (int i = 0; i < 5000 && (poll(&entry, 1, 0) == 1) != ready; i++)
        sleep_ms(1);
}

CASE(pair_and_names)
{
    pty_open();
    CHECK_EQ(isatty(slave), 1);
    CHECK_EQ(isatty(master), 1);
    char name[64];
    CHECK_EQ(ptsname_r(master, name, sizeof(name)), 0);
    CHECK(strcmp(name, slave_name) == 0);
    int fds[2];
    CHECK_OK(pipe(fds));
    struct termios modes;
    CHECK_ERR(tcgetattr(fds[0], &modes), ENOTTY);
    CHECK_ERR(ioctl(fds[0], TIOCGWINSZ, text), ENOTTY);
}

CASE(locked_until_unlocked)
{
    int number, fd = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
    CHECK_OK(ioctl(fd, TIOCGPTN, &number));
    snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", number);
    CHECK_ERR(open(slave_name, O_RDWR | O_NOCTTY), EIO);
    int locked = 0;
    CHECK_OK(ioctl(fd, TIOCGPTLCK, &locked));
    CHECK_EQ(locked, 1);
}

CASE(default_modes)
{
    pty_open();
    struct termios modes = modes_get();
    CHECK_EQ(modes.c_lflag & (ICANON | ECHO | ISIG | IEXTEN), ICANON | ECHO | ISIG | IEXTEN);
    CHECK_EQ(modes.c_iflag & (ICRNL | IXON), ICRNL | IXON);
    CHECK_EQ(modes.c_oflag & (OPOST | ONLCR), OPOST | ONLCR);
    CHECK(modes.c_cc[VINTR] == 3 && modes.c_cc[VEOF] == 4 && modes.c_cc[VERASE] == 127);
    CHECK(modes.c_cc[VKILL] == 21 && modes.c_cc[VSUSP] == 26 && modes.c_cc[VQUIT] == 28);
    CHECK_EQ(cfgetospeed(&modes), B38400);
}

CASE(output_newlines)
{
    pty_open();
    CHECK_EQ(write(slave, "a\nb", 3), 3);
    text_expect(master, "a\r\nb");
    struct termios modes = modes_get();
    modes.c_oflag &= ~OPOST;
    CHECK_OK(tcsetattr(slave, TCSADRAIN, &modes));
    CHECK_EQ(write(slave, "a\nb", 3), 3);
    text_expect(master, "a\nb");
}

CASE(canonical_lines_and_echo)
{
    pty_open();
    type("hel");
    CHECK(!readable(slave));
    type("lo\r"); /* carriage return becomes a newline */
    text_expect(slave, "hello\n");
    text_expect(master, "hello\r\n");
    type("one\ntwo\n");
    CHECK_EQ(read(slave, text, 100), 4); /* one line a read */
    CHECK_EQ(read(slave, text, 2), 2);
    CHECK_EQ(read(slave, text, 100), 2);
    CHECK(memcmp(text, "o\n", 2) == 0);
}

CASE(canonical_editing)
{
    pty_open();
    echo_off();
    type("abc\177\177X\n"); /* erase twice */
    text_expect(slave, "aX\n");
    type("wrong\025right\n"); /* kill */
    text_expect(slave, "right\n");
    type("one two\027three\n"); /* word erase */
    text_expect(slave, "one three\n");
    type("a\026\003b\n"); /* literal next */
    text_expect(slave, "a\003b\n");
    type("\177\177x\n");
    text_expect(slave, "x\n");
}

CASE(echo_of_editing)
{
    pty_open();
    type("ab\177\n");
    text_expect(master, "ab\b \b\r\n");
    text_expect(slave, "a\n");
    type("\001\n"); /* control characters show as ^A */
    text_expect(master, "^A\r\n");
}

CASE(end_of_file_key)
{
    pty_open();
    echo_off();
    type("ab\004");
    CHECK_EQ(read(slave, text, 100), 2); /* hands over what is there */
    type("\004");
    CHECK_EQ(read(slave, text, 100), 0);
    type("c\n");
    text_expect(slave, "c\n");
}

CASE(raw_minimum)
{
    pty_open();
    raw_set(1, 0);
    type("a");
    CHECK_EQ(read(slave, text, 100), 1);
    raw_set(3, 0);
    type("ab");
    CHECK(!readable(slave));
    type("cd");
    text_expect(slave, "abcd");
    raw_set(0, 0);
    CHECK_EQ(read(slave, text, 100), 0);
    type("\003\r");
    input_await(slave);
    text_expect(slave, "\003\r");
    CHECK(!readable(master)); /* no echo */
}

CASE(raw_timeout)
{
    pty_open();
    raw_set(0, 1);
    long start = clock_ms();
    CHECK_EQ(read(slave, text, 100), 0);
    CHECK(clock_ms() - start >= 90);
    raw_set(5, 1);
    type("x");
    CHECK_EQ(read(slave, text, 100), 1); /* the time runs from the last byte */
}

CASE(non_blocking_read)
{
    pty_open();
    CHECK_OK(fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK));
    CHECK_ERR(read(slave, text, 10), EAGAIN);
    CHECK_OK(fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK));
    CHECK_ERR(read(master, text, 10), EAGAIN);
    int queued = -1;
    type("abc\n");
    input_await(slave);
    CHECK_OK(ioctl(slave, FIONREAD, &queued));
    CHECK_EQ(queued, 4);
    CHECK_OK(tcflush(slave, TCIFLUSH));
    CHECK_ERR(read(slave, text, 10), EAGAIN);
}

CASE(mode_changes_flush_on_request)
{
    pty_open();
    echo_off();
    type("lost\n");
    input_await(slave);
    struct termios modes = modes_get();
    CHECK_OK(tcsetattr(slave, TCSAFLUSH, &modes));
    CHECK(!readable(slave));
}

CASE(window_size)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80}, found;
    pty_open();
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &found));
    CHECK(found.ws_row == 0 && found.ws_col == 0);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &found));
    CHECK(found.ws_row == 24 && found.ws_col == 80);
}

/* The case leads a session without a terminal: makes the slave its terminal. */
static void terminal_take(void)
{
    pty_open();
    CHECK_OK(ioctl(slave, TIOCSCTTY, 0));
}

CASE(controlling_terminal)
{
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    terminal_take();
    CHECK_EQ(tcgetsid(slave), getpid());
    CHECK_EQ(tcgetpgrp(slave), getpgrp());
    int fd = CHECK_OK(open("/dev/tty", O_RDWR));
    CHECK_EQ(write(fd, "x", 1), 1);
    text_expect(master, "x");
    signal(SIGHUP, SIG_IGN);
    CHECK_OK(ioctl(fd, TIOCNOTTY));
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
    CHECK_ERR(tcgetpgrp(slave), ENOTTY);
}

CASE(opening_takes_the_terminal)
{
    pty_open();
    int fd = CHECK_OK(open(slave_name, O_RDWR)); /* a session leader without one, no O_NOCTTY */
    CHECK_EQ(tcgetpgrp(fd), getpgrp());
}

CASE(errors_of_controlling_terminal)
{
    terminal_take();
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_ERR(tcsetpgrp(slave, 99999999), ESRCH);
        CHECK_ERR(tcsetpgrp(slave, -1), EINVAL);
        CHECK_ERR(tcsetpgrp(slave, runner_pid), EPERM); /* a group of another session */
        CHECK_OK(setpgid(0, 0));
        CHECK_OK(setsid() == -1 ? 0 : -1);
        _exit(0);
    }
    process_exits(child, 0);
    child = process_fork();
    if (child == 0) {
        CHECK_OK(setsid());
        CHECK_ERR(tcsetpgrp(slave, getpid()), ENOTTY);
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
    CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
    CHECK_EQ(signal_count[SIGWINCH], 1);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &size)); /* no change, no signal */
    CHECK_EQ(signal_count[SIGWINCH], 1);
}

CASE(keys_that_signal)
{
    terminal_take();
    signal_counting(SIGINT, SA_RESTART);
    signal_counting(SIGQUIT, SA_RESTART);
    signal_counting(SIGTSTP, SA_RESTART);
    type("lost\003kept\n");
    type("\034\032");
    for (int i = 0; i < 2000 && !signal_count[SIGTSTP]; i++)
        sleep_ms(1);
    CHECK(signal_count[SIGINT] == 1 && signal_count[SIGQUIT] == 1 && signal_count[SIGTSTP] == 1);
}

CASE(interrupt_key_discards_input)
{
    terminal_take();
    echo_off();
    signal(SIGINT, SIG_IGN);
    type("lost\003kept\n");
    text_expect(slave, "kept\n");
    struct termios modes = modes_get();
    modes.c_lflag |= NOFLSH;
    CHECK_OK(tcsetattr(slave, TCSANOW, &modes));
    type("al\003so\n");
    text_expect(slave, "also\n");
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
    CHECK(read(slave, text, 100) > 0);
}

CASE(background_read_stops)
{
    int status;
    terminal_take();
    signal(SIGTTOU, SIG_IGN);
    pid_t child = background_start(read_terminal);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
    CHECK_OK(tcsetpgrp(slave, child));
    CHECK_EQ(tcgetpgrp(slave), child);
    type("line\n");
    CHECK_OK(kill(-child, SIGCONT));
    process_exits(child, 0);
    CHECK_OK(tcsetpgrp(slave, getpgrp()));
}

static void read_ignoring(void)
{
    signal(SIGTTIN, SIG_IGN);
    CHECK_ERR(read(slave, text, 100), EIO);
}

CASE(background_read_ignoring_the_signal)
{
    terminal_take();
    process_exits(background_start(read_ignoring), 0);
}

static void write_terminal(void)
{
    CHECK_EQ(write(slave, "x", 1), 1);
}

CASE(background_write_stops_with_tostop)
{
    int status;
    terminal_take();
    process_exits(background_start(write_terminal), 0); /* allowed by default */
    struct termios modes = modes_get();
    modes.c_lflag |= TOSTOP;
    CHECK_OK(tcsetattr(slave, TCSANOW, &modes));
    pid_t child = background_start(write_terminal);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
    process_kill(child);
}

static void take_foreground(void)
{
    tcsetpgrp(slave, getpgrp());
}

static void take_foreground_ignoring(void)
{
    signal(SIGTTOU, SIG_IGN);
    CHECK_OK(tcsetpgrp(slave, getpgrp()));
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
    CHECK_OK(tcsetpgrp(slave, child));
    signal_counting(SIGINT, 0);
    type("\032");
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
    CHECK_OK(kill(child, SIGCONT));
    type("\003");
    process_dies(child, SIGINT);
    CHECK_EQ(signal_count[SIGINT], 0);
}

CASE(hangup_when_the_master_closes)
{
    terminal_take();
    signal_counting(SIGHUP, 0);
    signal_counting(SIGCONT, 0);
    CHECK_OK(close(master));
    CHECK_EQ(signal_count[SIGHUP], 1);
    CHECK_EQ(read(slave, text, 1), 0);
    CHECK_ERR(write(slave, "x", 1), EIO);
    struct pollfd entry = {slave, POLLIN | POLLOUT, 0};
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_EQ(entry.revents & POLLHUP, POLLHUP);
    CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
}

CASE(master_after_the_last_slave)
{
    pty_open();
    CHECK_EQ(write(slave, "bye", 3), 3);
    CHECK_OK(close(slave));
    text_expect(master, "bye"); /* what was written is still there */
    CHECK_ERR(read(master, text, 1), EIO);
    struct pollfd entry = {master, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_EQ(entry.revents & POLLHUP, POLLHUP);
    slave = CHECK_OK(open(slave_name, O_RDWR | O_NOCTTY)); /* and it can be opened again */
    CHECK_EQ(write(slave, "x", 1), 1);
    text_expect(master, "x");
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

CASE(flow_control_keys)
{
    pty_open();
    CHECK_OK(fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK));
    type("\023"); /* stop */
    output_await(false);
    CHECK_ERR(write(slave, "x", 1), EAGAIN);
    type("\021"); /* start */
    output_await(true);
    CHECK_EQ(write(slave, "x", 1), 1);
    text_expect(master, "x");
}
