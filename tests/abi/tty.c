/* Pseudo terminals: the pair, the line discipline, hangup of the last slave. */
#include "harness.h"
#include "pty.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

CASE(pair_and_names)
{
    pty_open();
    CHECK_EQ(isatty(pty_slave), 1);
    CHECK_EQ(isatty(pty_master), 1);
    char name[64];
    CHECK_EQ(ptsname_r(pty_master, name, sizeof(name)), 0);
    CHECK(strcmp(name, pty_name) == 0);
    int fds[2];
    CHECK_OK(pipe(fds));
    struct termios modes;
    CHECK_ERR(tcgetattr(fds[0], &modes), ENOTTY);
    CHECK_ERR(ioctl(fds[0], TIOCGWINSZ, pty_text), ENOTTY);
}

CASE(locked_until_unlocked)
{
    int number, fd = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY));
    CHECK_OK(ioctl(fd, TIOCGPTN, &number));
    snprintf(pty_name, sizeof(pty_name), "/dev/pts/%d", number);
    CHECK_ERR(open(pty_name, O_RDWR | O_NOCTTY), EIO);
    int locked = 0;
    CHECK_OK(ioctl(fd, TIOCGPTLCK, &locked));
    CHECK_EQ(locked, 1);
}

CASE(default_modes)
{
    pty_open();
    struct termios modes = pty_modes();
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
    CHECK_EQ(write(pty_slave, "a\nb", 3), 3);
    pty_expect(pty_master, "a\r\nb");
    struct termios modes = pty_modes();
    modes.c_oflag &= ~OPOST;
    CHECK_OK(tcsetattr(pty_slave, TCSADRAIN, &modes));
    CHECK_EQ(write(pty_slave, "a\nb", 3), 3);
    pty_expect(pty_master, "a\nb");
}

CASE(canonical_lines_and_echo)
{
    pty_open();
    pty_type("hel");
    CHECK(!pty_readable(pty_slave));
    pty_type("lo\r"); /* carriage return becomes a newline */
    pty_expect(pty_slave, "hello\n");
    pty_expect(pty_master, "hello\r\n");
    pty_type("one\ntwo\n");
    CHECK_EQ(read(pty_slave, pty_text, 100), 4); /* one line a read */
    CHECK_EQ(read(pty_slave, pty_text, 2), 2);
    CHECK_EQ(read(pty_slave, pty_text, 100), 2);
    CHECK(memcmp(pty_text, "o\n", 2) == 0);
}

CASE(canonical_editing)
{
    pty_open();
    pty_echo_off();
    pty_type("abc\177\177X\n"); /* erase twice */
    pty_expect(pty_slave, "aX\n");
    pty_type("wrong\025right\n"); /* kill */
    pty_expect(pty_slave, "right\n");
    pty_type("one two\027three\n"); /* word erase */
    pty_expect(pty_slave, "one three\n");
    pty_type("a\026\003b\n"); /* literal next */
    pty_expect(pty_slave, "a\003b\n");
    pty_type("\177\177x\n");
    pty_expect(pty_slave, "x\n");
}

CASE(echo_of_editing)
{
    pty_open();
    pty_type("ab\177\n");
    pty_expect(pty_master, "ab\b \b\r\n");
    pty_expect(pty_slave, "a\n");
    pty_type("\001\n"); /* control characters show as ^A */
    pty_expect(pty_master, "^A\r\n");
}

CASE(end_of_file_key)
{
    pty_open();
    pty_echo_off();
    pty_type("ab\004");
    CHECK_EQ(read(pty_slave, pty_text, 100), 2); /* hands over what is there */
    pty_type("\004");
    CHECK_EQ(read(pty_slave, pty_text, 100), 0);
    pty_type("c\n");
    pty_expect(pty_slave, "c\n");
}

CASE(raw_minimum)
{
    pty_open();
    pty_raw(1, 0);
    pty_type("a");
    CHECK_EQ(read(pty_slave, pty_text, 100), 1);
    pty_raw(3, 0);
    pty_type("ab");
    CHECK(!pty_readable(pty_slave));
    pty_type("cd");
    pty_expect(pty_slave, "abcd");
    pty_raw(0, 0);
    CHECK_EQ(read(pty_slave, pty_text, 100), 0);
    pty_type("\003\r");
    pty_input_await(pty_slave);
    pty_expect(pty_slave, "\003\r");
    CHECK(!pty_readable(pty_master)); /* no echo */
}

CASE(raw_timeout)
{
    pty_open();
    pty_raw(0, 1);
    long start = clock_ms();
    CHECK_EQ(read(pty_slave, pty_text, 100), 0);
    CHECK(clock_ms() - start >= 90);
    pty_raw(5, 1);
    pty_type("x");
    CHECK_EQ(read(pty_slave, pty_text, 100), 1); /* the time runs from the last byte */
}

CASE(non_blocking_read)
{
    pty_open();
    CHECK_OK(fcntl(pty_slave, F_SETFL, O_RDWR | O_NONBLOCK));
    CHECK_ERR(read(pty_slave, pty_text, 10), EAGAIN);
    CHECK_OK(fcntl(pty_master, F_SETFL, O_RDWR | O_NONBLOCK));
    CHECK_ERR(read(pty_master, pty_text, 10), EAGAIN);
    int queued = -1;
    pty_type("abc\n");
    pty_input_await(pty_slave);
    CHECK_OK(ioctl(pty_slave, FIONREAD, &queued));
    CHECK_EQ(queued, 4);
    CHECK_OK(tcflush(pty_slave, TCIFLUSH));
    CHECK_ERR(read(pty_slave, pty_text, 10), EAGAIN);
}

CASE(mode_changes_flush_on_request)
{
    pty_open();
    pty_echo_off();
    pty_type("lost\n");
    pty_input_await(pty_slave);
    struct termios modes = pty_modes();
    CHECK_OK(tcsetattr(pty_slave, TCSAFLUSH, &modes));
    CHECK(!pty_readable(pty_slave));
}

CASE(window_size)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80}, found;
    pty_open();
    CHECK_OK(ioctl(pty_slave, TIOCGWINSZ, &found));
    CHECK(found.ws_row == 0 && found.ws_col == 0);
    CHECK_OK(ioctl(pty_master, TIOCSWINSZ, &size));
    CHECK_OK(ioctl(pty_slave, TIOCGWINSZ, &found));
    CHECK(found.ws_row == 24 && found.ws_col == 80);
}

CASE(master_after_the_last_slave)
{
    pty_open();
    CHECK_EQ(write(pty_slave, "bye", 3), 3);
    CHECK_OK(close(pty_slave));
    pty_expect(pty_master, "bye"); /* what was written is still there */
    CHECK_ERR(read(pty_master, pty_text, 1), EIO);
    struct pollfd entry = {pty_master, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_EQ(entry.revents & POLLHUP, POLLHUP);
    pty_slave = CHECK_OK(open(pty_name, O_RDWR | O_NOCTTY)); /* and it can be opened again */
    CHECK_EQ(write(pty_slave, "x", 1), 1);
    pty_expect(pty_master, "x");
}

CASE(flow_control_keys)
{
    pty_open();
    CHECK_OK(fcntl(pty_slave, F_SETFL, O_RDWR | O_NONBLOCK));
    pty_type("\023"); /* stop */
    pty_output_await(false);
    CHECK_ERR(write(pty_slave, "x", 1), EAGAIN);
    pty_type("\021"); /* start */
    pty_output_await(true);
    CHECK_EQ(write(pty_slave, "x", 1), 1);
    pty_expect(pty_master, "x");
}
