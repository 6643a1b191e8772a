/*
 * What a case of the behaviour tests uses.
 *
 * A case is a C function that runs in a process, session and temporary directory of its own and
 * passes by returning. A failed check anywhere in its process tree records the first reason in
 * memory shared with the runner (so that it survives closed files and lost output) and ends that
 * process with CASE_FAILED. The oracle is Linux: every case passes natively.
 */
#ifndef ABI_HARNESS_H
#define ABI_HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CASE_FAILED = 99, PAGE = 4096, MIB = 1 << 20, GIB = 1 << 30 };

struct abi_case {
    const char *file; /* its base name without .c is the family */
    const char *name;
    void (*run)(void);
};

/* Written by the case, read by the runner; lives in memory shared by both. */
struct case_report {
    int claimed; /* the first writer wins */
    bool skipped;
    char reason[512];
};

extern struct case_report *case_report;
extern pid_t runner_pid;
extern char helper_path[4096]; /* absolute path of the helper program */

/* The table of all cases, made by the linker. */
extern const struct abi_case __start_abi_cases[], __stop_abi_cases[];

/* Defines a case; the linker collects all of them in one table. */
#define CASE(id)                                                                       \
    static void id(void);                                                              \
    static const struct abi_case case_##id                                             \
        __attribute__((used, section("abi_cases"), aligned(8))) = {__FILE__, #id, id}; \
    static void id(void)

#define CHECK(condition) \
    ((condition) ? (void)0 : case_fail(__FILE__, __LINE__, "%s (errno %d)", #condition, errno))
#define CHECK_EQ(actual, expected) \
    case_check_equal(__FILE__, __LINE__, #actual, (long)(actual), (long)(expected))
/* The call returns something other than -1; the value is the result. */
#define CHECK_OK(call) case_check_ok(__FILE__, __LINE__, #call, (long)(call))
/* The call returns -1 with errno. */
#define CHECK_ERR(call, error) \
    (errno = 0, case_check_error(__FILE__, __LINE__, #call, (long)(call), (error)))

_Noreturn void case_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void case_check_equal(const char *file, int line, const char *text, long actual, long expected);
long case_check_ok(const char *file, int line, const char *text, long result);
void case_check_error(const char *file, int line, const char *text, long result, int error);

/* Ends the case as skipped, with a reason that is printed. */
_Noreturn void case_skip(const char *reason);
void case_needs_root(void);

/* fork() that must succeed. */
pid_t process_fork(void);
/* Reaps pid (repeating when interrupted) and returns its wait status. */
int process_wait(pid_t pid);
void process_exits(pid_t pid, int code);
void process_dies(pid_t pid, int signal);
void process_kill(pid_t pid);
/* Sleeps until /proc/pid/task/tid/stat shows one of the states; tid 0 means pid. */
void process_await(pid_t pid, pid_t tid, const char *states);
/* Sleeps until a thread of this process with that id is blocked in the kernel. */
void thread_await_sleep(pid_t tid);
void sleep_ms(long milliseconds);
long clock_ms(void);

/* One byte through a pipe: the simplest ordering between processes. */
struct gate {
    int fds[2];
};
void gate_init(struct gate *gate);
void gate_open(struct gate *gate);
void gate_wait(struct gate *gate);
void gate_drop(struct gate *gate);

/* Anonymous memory shared with children, zeroed. */
void *shared_alloc(size_t size);
/* Private anonymous memory, readable and writable. */
char *memory_alloc(size_t size);

/* Whether the kernel can read, or write, this byte for the process; the byte keeps its value. */
bool memory_readable(const void *address);
bool memory_writable(void *address);

/* Signal handler without SA_RESTART that counts in signal_count[]. */
extern volatile int signal_count[65];
void signal_counting(int signal, int flags);

/* Creates a file with this content (mode 0644) and returns nothing: the descriptor is closed. */
void file_write(const char *path, const char *content);
/* Reads a whole (small) file, NUL-terminated; returns the length. */
size_t file_read(const char *path, char *buffer, size_t size);
void file_copy(const char *from, const char *to, mode_t mode);

/* Runs the helper with these arguments and environment; what it prints goes to buffer (NUL
 * terminated). Returns the wait status, length by out-parameter. */
int helper_capture(char *buffer, size_t size, size_t *length, char *const argv[],
                   char *const envp[]);

/* Number of open descriptors below 1024 of this process. */
int fd_count(void);

#endif
