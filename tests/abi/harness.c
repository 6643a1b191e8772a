/*
 * The case side of the behaviour tests: checks, processes, ordering. Everything here runs inside a
 * case's process tree and ends it at the first surprise.
 */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct case_report *case_report;
pid_t runner_pid;
char helper_path[4096];
volatile int signal_count[65];

static bool report_claim(void)
{
    return __atomic_exchange_n(&case_report->claimed, 1, __ATOMIC_SEQ_CST) == 0;
}

void case_fail(const char *file, int line, const char *format, ...)
{
    if (report_claim()) {
        char text[400];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        const char *base = strrchr(file, '/');
        snprintf(case_report->reason, sizeof(case_report->reason), "%s (%s:%d)", text,
                 base ? base + 1 : file, line);
    }
    _exit(CASE_FAILED);
}

void case_skip(const char *reason)
{
    if (report_claim()) {
        case_report->skipped = true;
        snprintf(case_report->reason, sizeof(case_report->reason), "%s", reason);
    }
    _exit(0);
}

void case_needs_root(void)
{
    if (geteuid() != 0)
        case_skip("needs root");
}

void case_check_equal(const char *file, int line, const char *text, long actual, long expected)
{
    if (actual != expected)
        case_fail(file, line, "%s is %ld (%#lx), not %ld (%#lx)", text, actual, actual, expected,
                  expected);
}

long case_check_ok(const char *file, int line, const char *text, long result)
{
    if (result == -1)
        case_fail(file, line, "%s: %s", text, strerror(errno));
    return result;
}

void case_check_error(const char *file, int line, const char *text, long result, int error)
{
    int found = errno;
    if (result != -1)
        case_fail(file, line, "%s returned %ld, not %s", text, result, strerror(error));
    if (found != error)
        case_fail(file, line, "%s: %s, not %s", text, strerror(found), strerror(error));
}

pid_t process_fork(void)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    return pid;
}

int process_wait(pid_t pid)
{
    int status = 0;
    pid_t reaped;
    do
        reaped = waitpid(pid, &status, 0);
    while (reaped == -1 && errno == EINTR);
    CHECK(reaped == pid);
    return status;
}

void process_exits(pid_t pid, int code)
{
    int status = process_wait(pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        case_fail(__FILE__, __LINE__, "child ended with status %#x, not exit %d", status, code);
}

void process_dies(pid_t pid, int signal)
{
    int status = process_wait(pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != signal)
        case_fail(__FILE__, __LINE__, "child ended with status %#x, not signal %d", status, signal);
}

void process_kill(pid_t pid)
{
    CHECK_OK(kill(pid, SIGKILL));
    process_dies(pid, SIGKILL);
}

void sleep_ms(long milliseconds)
{
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
        ;
}

long clock_ms(void)
{
    struct timespec now;
    CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &now));
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static char thread_state(pid_t pid, pid_t tid)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid ? tid : pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return 0;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (length <= 0)
        return 0;
    text[length] = 0;
    char *end = strrchr(text, ')');
    return end ? end[2] : 0;
}

void process_await(pid_t pid, pid_t tid, const char *states)
{
    for (int i = 0; i < 10000; i++) {
        char state = thread_state(pid, tid);
        if (state && strchr(states, state))
            return;
        sleep_ms(1);
    }
    case_fail(__FILE__, __LINE__, "process %d never reached state %s", pid, states);
}

void thread_await_sleep(pid_t tid)
{
    process_await(getpid(), tid, "S");
}

void gate_init(struct gate *gate)
{
    CHECK_OK(pipe2(gate->fds, O_CLOEXEC));
}

void gate_open(struct gate *gate)
{
    CHECK_EQ(write(gate->fds[1], "g", 1), 1);
}

void gate_wait(struct gate *gate)
{
    char byte;
    ssize_t got;
    do
        got = read(gate->fds[0], &byte, 1);
    while (got == -1 && errno == EINTR);
    CHECK_EQ(got, 1);
}

void gate_drop(struct gate *gate)
{
    close(gate->fds[0]);
    close(gate->fds[1]);
}

void *shared_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

char *memory_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

bool memory_readable(const void *address)
{
    int fds[2];
    CHECK_OK(pipe(fds));
    ssize_t put = write(fds[1], address, 1);
    CHECK(put == 1 || errno == EFAULT);
    close(fds[0]);
    close(fds[1]);
    return put == 1;
}

bool memory_writable(void *address)
{
    int fds[2];
    CHECK_OK(pipe(fds));
    if (write(fds[1], address, 1) == -1)
        CHECK_EQ(write(fds[1], "?", 1), 1);
    ssize_t got = read(fds[0], address, 1);
    CHECK(got == 1 || errno == EFAULT);
    close(fds[0]);
    close(fds[1]);
    return got == 1;
}

static void signal_note(int signal)
{
    signal_count[signal]++;
}

void signal_counting(int signal, int flags)
{
    struct sigaction action = {.sa_handler = signal_note, .sa_flags = flags};
    CHECK_OK(sigaction(signal, &action, NULL));
}

void file_write(const char *path, const char *content)
{
    int fd = CHECK_OK(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    CHECK_EQ(write(fd, content, strlen(content)), strlen(content));
    CHECK_OK(close(fd));
}

size_t file_read(const char *path, char *buffer, size_t size)
{
    int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
    size_t length = 0;
    while (length < size - 1) {
        ssize_t got = CHECK_OK(read(fd, buffer + length, size - 1 - length));
        if (got == 0)
            break;
        length += got;
    }
    buffer[length] = 0;
    CHECK_OK(close(fd));
    return length;
}

void file_copy(const char *from, const char *to, mode_t mode)
{
    static char block[65536];
    int in = CHECK_OK(open(from, O_RDONLY | O_CLOEXEC));
    int out = CHECK_OK(open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    ssize_t got;
    while ((got = CHECK_OK(read(in, block, sizeof(block)))) > 0)
        CHECK_EQ(write(out, block, got), got);
    CHECK_OK(fchmod(out, mode));
    close(in);
    close(out);
}

int helper_capture(char *buffer, size_t size, size_t *length, char *const argv[],
                   char *const envp[])
{
    int fds[2];
    CHECK_OK(pipe2(fds, O_CLOEXEC));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(dup2(fds[1], 1));
        execve(helper_path, argv, envp);
        case_fail(__FILE__, __LINE__, "execve %s: %s", helper_path, strerror(errno));
    }
    close(fds[1]);
    *length = 0;
    ssize_t got;
    while ((got = CHECK_OK(read(fds[0], buffer + *length, size - 1 - *length))) > 0)
        *length += got;
    buffer[*length] = 0;
    close(fds[0]);
    return process_wait(child);
}

int fd_count(void)
{
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}
