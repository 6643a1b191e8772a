/* A pseudo terminal pair for the terminal cases; see pty.h. */
#include "pty.h"
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int pty_master, pty_slave;
char pty_name[64];
char pty_text[8192];

void pty_open(void)
{
    int number = -1, unlock = 0;
    pty_master = CHECK_OK(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC));
    CHECK_OK(ioctl(pty_master, TIOCGPTN, &number));
    CHECK_OK(ioctl(pty_master, TIOCSPTLCK, &unlock));
    snprintf(pty_name, sizeof(pty_name), "/dev/pts/%d", number);
    pty_slave = open(pty_name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty_slave == -1 && errno == EIO)
        case_fail(__FILE__, __LINE__, "%s is locked", pty_name);
    if (pty_slave == -1)
        pty_slave = ioctl(pty_master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    CHECK(pty_slave >= 0);
}

struct termios pty_modes(void)
{
    struct termios modes;
    CHECK_OK(tcgetattr(pty_slave, &modes));
    return modes;
}

void pty_raw(int minimum, int time)
{
    struct termios modes = pty_modes();
    cfmakeraw(&modes);
    modes.c_cc[VMIN] = minimum;
    modes.c_cc[VTIME] = time;
    CHECK_OK(tcsetattr(pty_slave, TCSANOW, &modes));
}

void pty_echo_off(void)
{
    struct termios modes = pty_modes();
    modes.c_lflag &= ~ECHO;
    CHECK_OK(tcsetattr(pty_slave, TCSANOW, &modes));
}

void pty_type(const char *keys)
{
    CHECK_EQ(write(pty_master, keys, strlen(keys)), strlen(keys));
}

void pty_expect(int fd, const char *expected)
{
    size_t length = 0, wanted = strlen(expected);
    while (length < wanted) {
        ssize_t got = CHECK_OK(read(fd, pty_text + length, wanted - length));
        CHECK(got > 0);
        length += got;
    }
    pty_text[length] = 0;
    if (strcmp(pty_text, expected) != 0)
        case_fail(__FILE__, __LINE__, "terminal gave \"%s\", not \"%s\"", pty_text, expected);
}

bool pty_readable(int fd)
{
    struct pollfd entry = {fd, POLLIN, 0};
    return poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN);
}

void pty_input_await(int fd)
{
    struct pollfd entry = {fd, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 60000), 1);
}

void pty_output_await(bool ready)
{
    struct pollfd entry = {pty_slave, POLLOUT, 0};
    for (int i = 0; i < 5000 && (poll(&entry, 1, 0) == 1) != ready; i++)
        sleep_ms(1);
}
