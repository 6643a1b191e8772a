/* poll, select, epoll, eventfd, signalfd, timerfd. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fds[2], queue;
static struct epoll_event events[16];

static void epoll_watch(int fd, unsigned mask)
{
    struct epoll_event event = {.events = mask, .data.u64 = 0x100 + fd};
    CHECK_OK(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event));
}

static void epoll_setup(unsigned mask)
{
    CHECK_OK(pipe(fds));
    queue = CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
    epoll_watch(fds[0], mask);
}

static int epoll_look(void)
{
    return epoll_wait(queue, events, 16, 0);
}

CASE(poll_basics)
{
    CHECK_OK(pipe(fds));
    struct pollfd set[3] = {{fds[0], POLLIN, 0}, {-1, POLLIN, 77}, {999, 0, 0}};
    CHECK_EQ(poll(set, 3, 0), 1);
    CHECK(set[0].revents == 0 && set[1].revents == 0 && set[2].revents == POLLNVAL);
    long start = clock_ms();
    CHECK_EQ(poll(set, 1, 30), 0);
    CHECK(clock_ms() - start >= 29);
    CHECK_EQ(poll(NULL, 0, 1), 0);
    CHECK_ERR(syscall(SYS_poll, (void *)8, 1, 0), EFAULT);
    file_write("file", "");
    set[0].fd = CHECK_OK(open("file", O_RDWR));
    set[0].events = POLLIN | POLLOUT;
    CHECK_EQ(poll(set, 1, -1), 1); /* files are always ready */
    CHECK_EQ(set[0].revents, POLLIN | POLLOUT);
    struct rlimit limit = {20, 20};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERR(syscall(SYS_poll, set, 21, 0), EINVAL);
    struct timespec bad = {0, 2000000000};
    CHECK_ERR(ppoll(set, 1, &bad, NULL), EINVAL);
}

CASE(poll_is_woken)
{
    CHECK_OK(pipe(fds));
    pid_t self = getpid(), child = process_fork();
    if (child == 0) {
        process_await(self, 0, "S");
        CHECK_EQ(write(fds[1], "x", 1), 1);
        _exit(0);
    }
    struct pollfd entry = {fds[0], POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, -1), 1);
    process_exits(child, 0);
}

CASE(select_basics)
{
    fd_set in, out;
    struct timeval limit = {0, 20000};
    CHECK_OK(pipe(fds));
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(fds[0], &in);
    FD_SET(fds[1], &out);
    CHECK_EQ(select(fds[1] + 1, &in, &out, NULL, NULL), 1);
    CHECK(!FD_ISSET(fds[0], &in) && FD_ISSET(fds[1], &out));
    FD_SET(fds[0], &in);
    CHECK_EQ(syscall(SYS_select, fds[0] + 1, &in, NULL, NULL, &limit), 0);
    CHECK(!FD_ISSET(fds[0], &in));
    CHECK(limit.tv_sec == 0 && limit.tv_usec == 0); /* Linux writes back what is left */
    FD_SET(fds[1] + 5, &in);
    limit.tv_usec = 0;
    CHECK_ERR(select(fds[1] + 6, &in, NULL, NULL, &limit), EBADF);
    CHECK_ERR(select(-1, NULL, NULL, NULL, &limit), EINVAL);
    limit.tv_sec = -1;
    CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, &limit), EINVAL);
}

CASE(epoll_level_and_edge)
{
    char byte;
    epoll_setup(EPOLLIN);
    CHECK_EQ(epoll_look(), 0);
    CHECK_EQ(write(fds[1], "ab", 2), 2);
    CHECK_EQ(epoll_look(), 1);
    CHECK(events[0].events == EPOLLIN && events[0].data.u64 == (unsigned)(0x100 + fds[0]));
    CHECK_EQ(epoll_look(), 1); /* level: again */
    struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
    CHECK_OK(epoll_ctl(queue, EPOLL_CTL_MOD, fds[0], &edge));
    CHECK_EQ(epoll_look(), 1);
    CHECK_EQ(epoll_look(), 0); /* edge: once */
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    CHECK_EQ(epoll_look(), 0);
    CHECK_EQ(write(fds[1], "c", 1), 1);
    CHECK_EQ(epoll_look(), 1);
    CHECK_EQ(epoll_look(), 0);
}

CASE(epoll_oneshot)
{
    epoll_setup(EPOLLIN | EPOLLONESHOT);
    CHECK_EQ(write(fds[1], "a", 1), 1);
    CHECK_EQ(epoll_look(), 1);
    CHECK_EQ(write(fds[1], "b", 1), 1);
    CHECK_EQ(epoll_look(), 0);
    struct epoll_event again = {.events = EPOLLIN | EPOLLONESHOT};
    CHECK_OK(epoll_ctl(queue, EPOLL_CTL_MOD, fds[0], &again));
    CHECK_EQ(epoll_look(), 1);
}

CASE(epoll_hangup_is_always_reported)
{
    epoll_setup(0);
    CHECK_OK(close(fds[1]));
    CHECK_EQ(epoll_look(), 1);
    CHECK_EQ(events[0].events, EPOLLHUP);
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(epoll_ctl(queue, EPOLL_CTL_DEL, fds[0], NULL));
    epoll_watch(pair[0], EPOLLIN | EPOLLRDHUP);
    CHECK_EQ(epoll_look(), 0);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(epoll_look(), 1);
    CHECK_EQ(events[0].events, EPOLLIN | EPOLLRDHUP);
}

CASE(epoll_errors)
{
    struct epoll_event event = {.events = EPOLLIN};
    epoll_setup(EPOLLIN);
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_ADD, fds[0], &event), EEXIST);
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_DEL, fds[1], NULL), ENOENT);
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_MOD, fds[1], &event), ENOENT);
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_ADD, 999, &event), EBADF);
    CHECK_ERR(epoll_ctl(999, EPOLL_CTL_ADD, fds[1], &event), EBADF);
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_ADD, queue, &event), EINVAL);
    CHECK_ERR(epoll_ctl(fds[0], EPOLL_CTL_ADD, fds[1], &event), EINVAL);
    CHECK_ERR(epoll_ctl(queue, 99, fds[1], &event), EINVAL);
    file_write("file", "");
    int file = CHECK_OK(open("file", O_RDONLY));
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_ADD, file, &event), EPERM);
    CHECK_ERR(syscall(SYS_epoll_ctl, queue, EPOLL_CTL_ADD, fds[1], (void *)8), EFAULT);
    CHECK_ERR(epoll_wait(queue, events, 0, 0), EINVAL);
    CHECK_ERR(epoll_wait(fds[0], events, 1, 0), EINVAL);
    CHECK_ERR(epoll_create1(0x1), EINVAL);
    CHECK_ERR(syscall(SYS_epoll_create, 0), EINVAL);
}

CASE(epoll_forgets_closed_files)
{
    epoll_setup(EPOLLIN);
    CHECK_EQ(write(fds[1], "a", 1), 1);
    int copy = CHECK_OK(dup(fds[0]));
    CHECK_OK(close(fds[0]));
    CHECK_EQ(epoll_look(), 1); /* the description lives on in the copy */
    CHECK_OK(close(copy));
    CHECK_EQ(epoll_look(), 0);
}

CASE(epoll_nested)
{
    epoll_setup(EPOLLIN);
    int inner = queue;
    queue = CHECK_OK(epoll_create1(0));
    epoll_watch(inner, EPOLLIN);
    CHECK_EQ(epoll_look(), 0);
    CHECK_EQ(write(fds[1], "a", 1), 1);
    CHECK_EQ(epoll_look(), 1);
    struct pollfd entry = {queue, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 0), 1);
    struct epoll_event event = {.events = EPOLLIN};
    CHECK_ERR(epoll_ctl(inner, EPOLL_CTL_ADD, queue, &event), ELOOP);
}

CASE(epoll_exclusive)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
    epoll_setup(EPOLLIN);
    int pipe_two[2];
    CHECK_OK(pipe(pipe_two));
    CHECK_OK(epoll_ctl(queue, EPOLL_CTL_ADD, pipe_two[0], &event));
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_MOD, pipe_two[0], &event), EINVAL);
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_MOD, fds[0], &event), EINVAL);
    event.events |= EPOLLONESHOT;
    CHECK_ERR(epoll_ctl(queue, EPOLL_CTL_ADD, pipe_two[1], &event), EINVAL);
}

CASE(epoll_is_woken_and_shared_over_fork)
{
    epoll_setup(EPOLLIN);
    pid_t self = getpid(), child = process_fork();
    if (child == 0) {
        process_await(self, 0, "S");
        CHECK_EQ(write(fds[1], "x", 1), 1);
        CHECK_EQ(epoll_wait(queue, events, 16, -1), 1);
        _exit(0);
    }
    CHECK_EQ(epoll_wait(queue, events, 16, -1), 1);
    process_exits(child, 0);
    long start = clock_ms();
    epoll_setup(EPOLLIN);
    CHECK_EQ(epoll_wait(queue, events, 1, 30), 0);
    CHECK(clock_ms() - start >= 29);
}

CASE(epoll_many)
{
    int pipes[50][2];
    queue = CHECK_OK(epoll_create1(0));
    for (int i = 0; i < 50; i++) {
        CHECK_OK(pipe(pipes[i]));
        epoll_watch(pipes[i][0], EPOLLIN);
        CHECK_EQ(write(pipes[i][1], "x", 1), 1);
    }
    unsigned long seen = 0; /* ready ones take turns when they do not all fit */
    for (int i = 0; i < 10; i++) {
        int count = CHECK_OK(epoll_wait(queue, events, 10, 0));
        for (int j = 0; j < count; j++)
            for (int k = 0; k < 50; k++)
                if (events[j].data.u64 == (unsigned)(0x100 + pipes[k][0]))
                    seen |= 1ul << k;
    }
    CHECK_EQ(seen, (1ul << 50) - 1);
}

CASE(event_counter)
{
    uint64_t value = 5;
    int fd = CHECK_OK(eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC));
    CHECK_EQ(write(fd, &value, 8), 8);
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 8);
    CHECK_ERR(read(fd, &value, 8), EAGAIN);
    value = UINT64_MAX;
    CHECK_ERR(write(fd, &value, 8), EINVAL);
    value = UINT64_MAX - 1;
    CHECK_EQ(write(fd, &value, 8), 8);
    value = 1;
    CHECK_ERR(write(fd, &value, 8), EAGAIN);
    CHECK_ERR(read(fd, &value, 4), EINVAL);
    CHECK_ERR(eventfd(0, 0x100), EINVAL);
    int semaphore = CHECK_OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    CHECK_EQ(read(semaphore, &value, 8), 8);
    CHECK_EQ(value, 1);
    CHECK_EQ(read(semaphore, &value, 8), 8);
    CHECK_ERR(read(semaphore, &value, 8), EAGAIN);
}

CASE(signals_as_a_file)
{
    sigset_t set;
    struct signalfd_siginfo info[2];
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    int fd = CHECK_OK(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    CHECK_ERR(read(fd, info, sizeof(info)), EAGAIN);
    CHECK_OK(kill(getpid(), SIGUSR2));
    union sigval value = {.sival_int = 99};
    CHECK_OK(sigqueue(getpid(), SIGUSR1, value));
    struct pollfd entry = {fd, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_EQ(read(fd, info, sizeof(info)), sizeof(info));
    CHECK(info[0].ssi_signo == SIGUSR1 && info[0].ssi_int == 99 && info[0].ssi_code == SI_QUEUE);
    CHECK(info[1].ssi_signo == SIGUSR2 && info[1].ssi_pid == (unsigned)getpid());
    CHECK_ERR(read(fd, info, 10), EINVAL);
    sigdelset(&set, SIGUSR2);
    CHECK_EQ(signalfd(fd, &set, 0), fd);
    CHECK_OK(kill(getpid(), SIGUSR2));
    CHECK_ERR(read(fd, info, sizeof(info)), EAGAIN);
    CHECK_ERR(signalfd(0, &set, 0), EINVAL);
    CHECK_ERR(signalfd(-1, &set, 0x1), EINVAL);
}

CASE(timers_as_a_file)
{
    uint64_t ticks = 0;
    struct itimerspec timer = {{0, 5000000}, {0, 5000000}}, now;
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    CHECK_ERR(read(fd, &ticks, 8), EAGAIN);
    CHECK_OK(timerfd_settime(fd, 0, &timer, NULL));
    struct pollfd entry = {fd, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, -1), 1);
    sleep_ms(20);
    CHECK_EQ(read(fd, &ticks, 8), 8);
    CHECK(ticks >= 3);
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_interval.tv_nsec, 5000000);
    memset(&timer, 0, sizeof(timer));
    CHECK_OK(timerfd_settime(fd, 0, &timer, &now));
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK(now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
    CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &timer.it_value));
    CHECK_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &timer, NULL)); /* already past */
    CHECK_EQ(poll(&entry, 1, -1), 1);
    CHECK_EQ(read(fd, &ticks, 8), 8);
    CHECK_EQ(ticks, 1);
    CHECK_ERR(timerfd_create(99, 0), EINVAL);
    CHECK_ERR(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    timer.it_value.tv_nsec = -1;
    CHECK_ERR(timerfd_settime(fd, 0, &timer, NULL), EINVAL);
    CHECK_ERR(timerfd_settime(0, 0, &timer, NULL), EINVAL);
}
