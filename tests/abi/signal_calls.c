/* Signals and blocking calls: EINTR, restart, timers that signal, stop and continue. */
#include "harness.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pipe_fds[2];

/* Starts a process that signals this one once it sleeps, and later fills the pipe. */
static pid_t signaller_start(int signal, bool feed)
{
    pid_t self = getpid();
    CHECK_OK(pipe(pipe_fds));
    pid_t child = process_fork();
    if (child == 0) {
        process_await(self, 0, "S");
        CHECK_OK(kill(self, signal));
        if (feed) {
            sleep_ms(20);
            CHECK_EQ(write(pipe_fds[1], "x", 1), 1);
        }
        _exit(0);
    }
    return child;
}

CASE(read_restarts_or_not)
{
    char byte;
    signal_counting(SIGUSR1, 0);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(read(pipe_fds[0], &byte, 1), EINTR);
    process_exits(child, 0);
    signal_counting(SIGUSR1, SA_RESTART);
    child = signaller_start(SIGUSR1, true);
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
    CHECK_EQ(signal_count[SIGUSR1], 2);
    process_exits(child, 0);
}

CASE(ignored_signal_does_not_interrupt)
{
    char byte;
    signal(SIGUSR1, SIG_IGN);
    pid_t child = signaller_start(SIGUSR1, true);
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
    process_exits(child, 0);
    child = signaller_start(SIGWINCH, true); /* ignored by default */
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
    process_exits(child, 0);
}

CASE(masked_signal_does_not_interrupt)
{
    char byte;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    signal_counting(SIGUSR1, 0);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    pid_t child = signaller_start(SIGUSR1, true);
    CHECK_EQ(read(pipe_fds[0], &byte, 1), 1);
    CHECK_EQ(signal_count[SIGUSR1], 0);
    process_exits(child, 0);
}

CASE(write_to_a_full_pipe)
{
    static char block[65536 + 4096];
    signal_counting(SIGUSR1, 0);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_EQ(write(pipe_fds[1], block, sizeof(block)), 65536); /* partial: what went in */
    process_exits(child, 0);
    CHECK_OK(close(pipe_fds[0]));
    CHECK_OK(close(pipe_fds[1]));
    child = signaller_start(SIGUSR1, false);
    CHECK_OK(fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK));
    while (write(pipe_fds[1], block, 4096) > 0)
        ;
    CHECK_OK(fcntl(pipe_fds[1], F_SETFL, 0));
    CHECK_ERR(write(pipe_fds[1], block, 1), EINTR);
    process_exits(child, 0);
}

CASE(nanosleep_reports_the_rest)
{
    struct timespec request = {100, 0}, rest = {0, 0};
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(nanosleep(&request, &rest), EINTR);
    CHECK(rest.tv_sec > 50 && rest.tv_sec <= 100);
    process_exits(child, 0);
}

CASE(absolute_sleep_leaves_the_rest_alone)
{
    struct timespec request, rest = {7, 7};
    CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &request));
    request.tv_sec += 100;
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &request, &rest), EINTR);
    CHECK(rest.tv_sec == 7 && rest.tv_nsec == 7);
    process_exits(child, 0);
}

/* Stopped and continued without a handler, a sleep goes on. */
CASE(sleep_survives_stop_and_continue)
{
    pid_t child = process_fork();
    if (child == 0) {
        struct timespec request = {0, 50000000};
        CHECK_EQ(syscall(SYS_nanosleep, &request, NULL), 0);
        _exit(0);
    }
    process_await(child, 0, "S");
    CHECK_OK(kill(child, SIGSTOP));
    process_await(child, 0, "T");
    CHECK_OK(kill(child, SIGCONT));
    process_exits(child, 0);
}

CASE(poll_and_select_never_restart)
{
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t child = signaller_start(SIGUSR1, false);
    struct pollfd entry = {pipe_fds[0], POLLIN, 0};
    CHECK_ERR(poll(&entry, 1, -1), EINTR);
    process_exits(child, 0);
    child = signaller_start(SIGUSR1, false);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_fds[0], &set);
    CHECK_ERR(select(pipe_fds[0] + 1, &set, NULL, NULL, NULL), EINTR);
    process_exits(child, 0);
    child = signaller_start(SIGUSR1, false);
    int epoll = CHECK_OK(epoll_create1(0));
    struct epoll_event event;
    CHECK_ERR(epoll_wait(epoll, &event, 1, -1), EINTR);
    process_exits(child, 0);
}

CASE(ppoll_and_pselect_swap_the_mask)
{
    sigset_t blocked, open_mask;
    sigemptyset(&open_mask);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    signal_counting(SIGUSR1, 0);
    CHECK_OK(sigprocmask(SIG_BLOCK, &blocked, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK_ERR(ppoll(NULL, 0, NULL, &open_mask), EINTR);
    CHECK_EQ(signal_count[SIGUSR1], 1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_ERR(pselect(0, NULL, NULL, NULL, NULL, &open_mask), EINTR);
    CHECK_EQ(signal_count[SIGUSR1], 2);
    CHECK_OK(raise(SIGUSR1));
    int epoll = CHECK_OK(epoll_create1(0));
    struct epoll_event event;
    CHECK_ERR(epoll_pwait(epoll, &event, 1, -1, &open_mask), EINTR);
    CHECK_EQ(signal_count[SIGUSR1], 3);
    struct timespec none = {0, 0};
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(ppoll(NULL, 0, &none, &blocked), 0); /* still masked: stays pending */
    CHECK_EQ(signal_count[SIGUSR1], 3);
}

/* With a time limit a handler always interrupts; without one SA_RESTART waits on. */
CASE(futex_wait_and_interruption)
{
    int *word = shared_alloc(PAGE);
    struct timespec limit = {100, 0};
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(syscall(SYS_futex, word, FUTEX_WAIT, 0, &limit, NULL, 0), EINTR);
    process_exits(child, 0);
    pid_t self = getpid();
    child = process_fork();
    if (child == 0) {
        process_await(self, 0, "S");
        CHECK_OK(kill(self, SIGUSR1));
        sleep_ms(20);
        CHECK_EQ(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
        _exit(0);
    }
    CHECK_OK(syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0));
    CHECK_EQ(signal_count[SIGUSR1], 2);
    process_exits(child, 0);
}

CASE(record_lock_wait_is_interrupted)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    struct gate gate;
    gate_init(&gate);
    pid_t holder = process_fork();
    if (holder == 0) {
        CHECK_OK(fcntl(fd, F_SETLK, &lock));
        gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    signal_counting(SIGUSR1, 0);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(fcntl(fd, F_SETLKW, &lock), EINTR);
    process_exits(child, 0);
    process_kill(holder);
    CHECK_OK(fcntl(fd, F_SETLKW, &lock));
}

CASE(flock_wait_is_interrupted)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600)), other = CHECK_OK(open("file", O_RDWR));
    CHECK_OK(flock(fd, LOCK_EX));
    signal_counting(SIGUSR1, 0);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(flock(other, LOCK_EX), EINTR);
    process_exits(child, 0);
}

CASE(pause_returns_eintr)
{
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(pause(), EINTR);
    process_exits(child, 0);
}

CASE(accept_and_receive)
{
    int fds[2];
    char byte;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    signal_counting(SIGUSR1, 0);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(recv(fds[0], &byte, 1, 0), EINTR);
    process_exits(child, 0);
}

CASE(fifo_open_is_interrupted)
{
    CHECK_OK(mknod("fifo", S_IFIFO | 0600, 0));
    signal_counting(SIGUSR1, 0);
    pid_t child = signaller_start(SIGUSR1, false);
    CHECK_ERR(open("fifo", O_RDONLY), EINTR);
    process_exits(child, 0);
}

CASE(broken_pipe)
{
    CHECK_OK(pipe(pipe_fds));
    CHECK_OK(close(pipe_fds[0]));
    pid_t child = process_fork();
    if (child == 0) {
        write(pipe_fds[1], "x", 1) == 1 ? _exit(1) : _exit(2);
    }
    process_dies(child, SIGPIPE);
    signal_counting(SIGPIPE, 0);
    CHECK_ERR(write(pipe_fds[1], "x", 1), EPIPE);
    CHECK_EQ(signal_count[SIGPIPE], 1);
    signal(SIGPIPE, SIG_IGN);
    CHECK_ERR(write(pipe_fds[1], "x", 1), EPIPE);
}

static pid_t child_pausing(void)
{
    pid_t child = process_fork();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

CASE(continue_discards_stops_and_stop_discards_continue)
{
    int status;
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGTTIN);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    CHECK_OK(raise(SIGTSTP));
    CHECK_OK(raise(SIGTTIN));
    CHECK_OK(raise(SIGCONT));
    CHECK_OK(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGTSTP) && !sigismember(&pending, SIGTTIN));
    CHECK_OK(raise(SIGTSTP));
    CHECK_OK(sigpending(&pending));
    CHECK(sigismember(&pending, SIGTSTP) && !sigismember(&pending, SIGCONT));
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    process_kill(child);
}

CASE(signals_wait_while_stopped)
{
    int status;
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_OK(kill(child, SIGTERM)); /* pending until continued */
    sleep_ms(10);
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_OK(kill(child, SIGCONT));
    process_dies(child, SIGTERM);
}

CASE(continue_handler_runs_after_stop)
{
    struct gate gate;
    gate_init(&gate);
    int status;
    pid_t child = process_fork();
    if (child == 0) {
        signal_counting(SIGCONT, 0);
        gate_open(&gate);
        pause();
        _exit(signal_count[SIGCONT]);
    }
    gate_wait(&gate);
    process_await(child, 0, "S");
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_OK(kill(child, SIGCONT));
    process_exits(child, 1);
}

CASE(terminal_stops_do_nothing_in_an_orphaned_group)
{
    /* The case leads its session, so its group is orphaned. */
    CHECK_OK(raise(SIGTSTP));
    CHECK_OK(raise(SIGTTIN));
    CHECK_OK(raise(SIGTTOU));
}

CASE(newly_orphaned_stopped_group_is_hung_up)
{
    struct gate ready;
    int *result = shared_alloc(PAGE);
    pid_t *member = shared_alloc(PAGE);
    gate_init(&ready);
    pid_t middle = process_fork();
    if (middle == 0) {
        CHECK_OK(setpgid(0, 0));
        pid_t child = process_fork();
        if (child == 0) {
            CHECK_OK(setpgid(0, 0));
            signal_counting(SIGHUP, 0);
            signal_counting(SIGCONT, 0);
            raise(SIGSTOP);
            *result = signal_count[SIGHUP] * 10 + signal_count[SIGCONT];
            gate_open(&ready);
            _exit(0);
        }
        *member = child;
        int status;
        CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
        CHECK(WIFSTOPPED(status));
        _exit(0); /* its group has no parent in the session any more */
    }
    process_exits(middle, 0);
    gate_wait(&ready);
    CHECK_EQ(*result, 11);
}

CASE(interval_timer_signals)
{
    struct itimerval timer = {{0, 10000}, {0, 10000}}, old;
    signal_counting(SIGALRM, 0);
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    while (signal_count[SIGALRM] < 3)
        pause();
    memset(&timer, 0, sizeof(timer));
    CHECK_OK(setitimer(ITIMER_REAL, &timer, &old));
    CHECK_EQ(old.it_interval.tv_usec, 10000);
    CHECK_OK(getitimer(ITIMER_REAL, &old));
    CHECK(old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
}

CASE(alarm_returns_the_rest)
{
    CHECK_EQ(alarm(100), 0);
    unsigned rest = alarm(0);
    CHECK(rest >= 90 && rest <= 100);
    CHECK_EQ(alarm(0), 0);
    pid_t child = process_fork();
    if (child == 0) {
        struct itimerval timer = {{0, 0}, {0, 5000}};
        CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
        for (;;)
            pause();
    }
    process_dies(child, SIGALRM);
}

CASE(processor_time_timers)
{
    struct itimerval timer = {{0, 0}, {0, 20000}};
    signal_counting(SIGVTALRM, 0);
    signal_counting(SIGPROF, 0);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &timer, NULL));
    CHECK_OK(setitimer(ITIMER_PROF, &timer, NULL));
    long end = clock_ms() + 60000;
    while ((!signal_count[SIGVTALRM] || !signal_count[SIGPROF]) && clock_ms() < end)
        ;
    CHECK(signal_count[SIGVTALRM] == 1 && signal_count[SIGPROF] == 1);
}

CASE(errors_of_timers)
{
    struct itimerval timer = {{0, 0}, {0, 1000000}};
    CHECK_ERR(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
    timer.it_value.tv_usec = -1;
    CHECK_ERR(setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
    timer.it_value.tv_usec = 0;
    CHECK_ERR(setitimer(7, &timer, NULL), EINVAL);
    CHECK_ERR(getitimer(-1, &timer), EINVAL);
    CHECK_ERR(syscall(SYS_getitimer, ITIMER_REAL, (void *)8), EFAULT);
}
