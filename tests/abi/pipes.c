/* Pipes and named pipes. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int fds[2];
static char block[MIB];

static void pipe_make(int flags)
{
    CHECK_OK(pipe2(fds, flags));
}

CASE(ends_and_flags)
{
    char byte;
    struct stat status;
    pipe_make(O_NONBLOCK | O_CLOEXEC);
    CHECK_EQ(fcntl(fds[0], F_GETFL), O_RDONLY | O_NONBLOCK);
    CHECK_EQ(fcntl(fds[1], F_GETFL), O_WRONLY | O_NONBLOCK);
    CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    CHECK_OK(fstat(fds[0], &status));
    CHECK(S_ISFIFO(status.st_mode));
    CHECK_ERR(write(fds[0], "x", 1), EBADF);
    CHECK_ERR(read(fds[1], &byte, 1), EBADF);
    CHECK_ERR(read(fds[0], &byte, 1), EAGAIN);
    CHECK_ERR(pipe2(fds, 0x1), EINVAL);
    CHECK_ERR(syscall(SYS_pipe2, (void *)8, 0), EFAULT);
    CHECK_EQ(fd_count(), 5); /* the failed calls left nothing open */
}

CASE(capacity)
{
    pipe_make(O_NONBLOCK);
    CHECK_EQ(fcntl(fds[0], F_GETPIPE_SZ), 65536);
    CHECK_EQ(write(fds[1], block, sizeof(block)), 65536);
    CHECK_ERR(write(fds[1], block, 1), EAGAIN);
    int queued = 0;
    CHECK_OK(ioctl(fds[0], FIONREAD, &queued));
    CHECK_EQ(queued, 65536);
    CHECK_EQ(read(fds[0], block, 4096), 4096);
    CHECK_EQ(write(fds[1], block, 8192), 4096);
    CHECK_ERR(fcntl(fds[0], F_SETPIPE_SZ, 4096), EBUSY);
    CHECK_EQ(fcntl(fds[0], F_SETPIPE_SZ, 131072), 131072);
    CHECK_EQ(write(fds[1], block, sizeof(block)), 65536);
    while (read(fds[0], block, sizeof(block)) > 0)
        ;
    CHECK_EQ(fcntl(fds[1], F_SETPIPE_SZ, 100), 4096);
    CHECK_EQ(fcntl(fds[1], F_SETPIPE_SZ, 5000), 8192);
}

CASE(atomic_when_non_blocking)
{
    pipe_make(O_NONBLOCK);
    CHECK_EQ(write(fds[1], block, 65536 - 100), 65536 - 100);
    CHECK_ERR(write(fds[1], block, 4096), EAGAIN); /* at most PIPE_BUF: all or nothing */
    CHECK_EQ(write(fds[1], block, 100), 100);
}

CASE(writes_up_to_pipe_buf_do_not_mix)
{
    enum { WRITERS = 4, ROUNDS = 40, SIZE = 4096 };
    pipe_make(0);
    pid_t writers[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = process_fork();
        if (writers[i] == 0) {
            memset(block, 'a' + i, SIZE);
            for (int round = 0; round < ROUNDS; round++)
                CHECK_EQ(write(fds[1], block, SIZE), SIZE);
            _exit(0);
        }
    }
    CHECK_OK(close(fds[1]));
    int total = 0, filled = 0;
    ssize_t got;
    while ((got = CHECK_OK(read(fds[0], block + filled, SIZE - filled))) > 0) {
        filled += got;
        total += got;
        if (filled < SIZE)
            continue;
        for (int i = 1; i < SIZE; i++)
            CHECK_EQ(block[i], block[0]);
        filled = 0;
    }
    CHECK_EQ(total, WRITERS * ROUNDS * SIZE);
    for (int i = 0; i < WRITERS; i++)
        process_exits(writers[i], 0);
}

CASE(large_transfer)
{
    pipe_make(0);
    pid_t child = process_fork();
    if (child == 0) {
        for (size_t i = 0; i < sizeof(block); i++)
            block[i] = i * 13 + i / 4096;
        CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
        _exit(0);
    }
    CHECK_OK(close(fds[1]));
    size_t total = 0;
    ssize_t got;
    static char part[7777];
    while ((got = CHECK_OK(read(fds[0], part, sizeof(part)))) > 0)
        for (ssize_t i = 0; i < got; i++, total++)
            CHECK_EQ(part[i], (char)(total * 13 + total / 4096));
    CHECK_EQ(total, sizeof(block));
    process_exits(child, 0);
}

CASE(read_returns_what_is_there)
{
    pipe_make(0);
    CHECK_EQ(write(fds[1], "ab", 2), 2);
    CHECK_EQ(write(fds[1], "cd", 2), 2);
    CHECK_EQ(read(fds[0], block, 100), 4);
    CHECK(memcmp(block, "abcd", 4) == 0);
    CHECK_EQ(read(fds[0], block, 0), 0);
    CHECK_EQ(write(fds[1], block, 0), 0);
    CHECK_OK(close(fds[1]));
    CHECK_EQ(read(fds[0], block, 1), 0);
}

CASE(packet_mode)
{
    if (pipe2(fds, O_DIRECT) == -1) {
        CHECK_EQ(errno, EINVAL);
        case_skip("no packet pipes");
    }
    CHECK_EQ(write(fds[1], "abc", 3), 3);
    CHECK_EQ(write(fds[1], "de", 2), 2);
    CHECK_EQ(read(fds[0], block, 100), 3);
    CHECK_EQ(read(fds[0], block, 1), 1); /* the rest of the packet is dropped */
    CHECK_OK(close(fds[1]));
    CHECK_EQ(read(fds[0], block, 1), 0);
}

CASE(reader_wakes_writer_and_back)
{
    int back[2];
    pipe_make(0);
    CHECK_OK(pipe(back));
    pid_t child = process_fork();
    if (child == 0) {
        char byte;
        for (int i = 0; i < 200; i++) {
            CHECK_EQ(read(fds[0], &byte, 1), 1);
            byte++;
            CHECK_EQ(write(back[1], &byte, 1), 1);
        }
        _exit(0);
    }
    char byte = 0;
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(write(fds[1], &byte, 1), 1);
        CHECK_EQ(read(back[0], &byte, 1), 1);
    }
    CHECK_EQ((unsigned char)byte, 200);
    process_exits(child, 0);
}

CASE(poll_states)
{
    pipe_make(0);
    struct pollfd in = {fds[0], POLLIN, 0}, out = {fds[1], POLLOUT, 0};
    CHECK_EQ(poll(&in, 1, 0), 0);
    CHECK_EQ(poll(&out, 1, 0), 1);
    CHECK_EQ(out.revents, POLLOUT);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(poll(&in, 1, 0), 1);
    CHECK_EQ(in.revents, POLLIN);
    CHECK_OK(close(fds[1]));
    CHECK_EQ(poll(&in, 1, 0), 1);
    CHECK_EQ(in.revents, POLLIN | POLLHUP);
    CHECK_EQ(read(fds[0], block, 10), 1);
    CHECK_EQ(poll(&in, 1, 0), 1);
    CHECK_EQ(in.revents, POLLHUP);
    pipe_make(0);
    out.fd = fds[1];
    CHECK_OK(close(fds[0]));
    CHECK_EQ(poll(&out, 1, 0), 1);
    CHECK_EQ(out.revents, POLLOUT | POLLERR);
}

CASE(writer_blocked_on_a_dying_reader)
{
    pipe_make(0);
    signal(SIGPIPE, SIG_IGN);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(close(fds[0]));
        ssize_t put = write(fds[1], block, sizeof(block));
        CHECK_EQ(put, 65536); /* what went in before the last reader left */
        CHECK_ERR(write(fds[1], block, 1), EPIPE);
        _exit(0);
    }
    process_await(child, 0, "S");
    CHECK_OK(close(fds[0]));
    process_exits(child, 0);
}

CASE(fifo_open_waits_for_both_sides)
{
    char text[8];
    CHECK_OK(mkfifo("fifo", 0600));
    pid_t child = process_fork();
    if (child == 0) {
        int fd = CHECK_OK(open("fifo", O_WRONLY));
        CHECK_EQ(write(fd, "hello", 5), 5);
        _exit(0);
    }
    process_await(child, 0, "S");
    int fd = CHECK_OK(open("fifo", O_RDONLY));
    CHECK_EQ(read(fd, text, 5), 5);
    CHECK_EQ(read(fd, text, 5), 0);
    process_exits(child, 0);
}

CASE(fifo_non_blocking_open)
{
    char byte;
    CHECK_OK(mkfifo("fifo", 0600));
    CHECK_ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int reader = CHECK_OK(open("fifo", O_RDONLY | O_NONBLOCK));
    CHECK_EQ(read(reader, &byte, 1), 0); /* no writer: the end, not EAGAIN */
    struct pollfd entry = {reader, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 0), 0); /* no writer has ever been there */
    int writer = CHECK_OK(open("fifo", O_WRONLY | O_NONBLOCK));
    CHECK_ERR(read(reader, &byte, 1), EAGAIN);
    CHECK_EQ(write(writer, "x", 1), 1);
    CHECK_OK(close(writer));
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_EQ(entry.revents, POLLIN | POLLHUP);
    CHECK_EQ(read(reader, &byte, 1), 1);
    CHECK_EQ(read(reader, &byte, 1), 0);
    CHECK_OK(open("fifo", O_RDWR)); /* never blocks on Linux */
    CHECK_ERR(mkfifo("fifo", 0600), EEXIST);
}

CASE(same_fifo_through_two_opens)
{
    char text[8];
    CHECK_OK(mkfifo("fifo", 0600));
    int both = CHECK_OK(open("fifo", O_RDWR));
    int writer = CHECK_OK(open("fifo", O_WRONLY));
    CHECK_EQ(write(writer, "one", 3), 3);
    CHECK_EQ(read(both, text, 8), 3);
    CHECK_OK(unlink("fifo"));
    CHECK_EQ(write(both, "two", 3), 3); /* lives on without its name */
    CHECK_EQ(read(both, text, 8), 3);
}
