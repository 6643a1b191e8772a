/*
 * The n-th allocation fails, for n = 1, 2, 3 … until the call succeeds with nothing fired. Every
 * failed try returns ENOMEM or EAGAIN and leaves the ledger where it was. /proc/self/fail-nth is
 * Linux's name for the switch (CONFIG_FAULT_INJECTION); a kernel without it skips.
 */
#include "harness.h"
#include "ledger.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_ALLOCATIONS = 5000 };

static int switch_fd;

static void switch_open(void)
{
    switch_fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
    if (switch_fd == -1)
        case_skip("no /proc/self/fail-nth in this kernel");
}

static void switch_set(int nth)
{
    char text[16];
    int length = snprintf(text, sizeof(text), "%d", nth);
    CHECK_EQ(pwrite(switch_fd, text, length, 0), length);
}

static bool switch_fired; /* by the last try */

/* Ends the injection right behind the call, so that nothing else fails; keeps errno. */
static void switch_end(void)
{
    char text[16] = "";
    int error = errno;
    CHECK(pread(switch_fd, text, sizeof(text) - 1, 0) > 0);
    switch_fired = atoi(text) == 0;
    if (!switch_fired)
        switch_set(0);
    errno = error;
}

/* Touches the pages that hold ledgers, so that they do not count as leaked. */
static void ledger_warm_up(struct ledger *before)
{
    char reason[400];
    ledger_read(before);
    ledger_leaks(before, reason, sizeof(reason));
}

/* Tries the call with each n. The call returns -1 with errno, or succeeds and cleans up after
 * itself. */
static void sweep(long (*call)(void))
{
    static struct ledger before;
    char reason[400];
    switch_open();
    call(); /* caches fill */
    ledger_warm_up(&before);
    for (int nth = 1; nth < MOST_ALLOCATIONS; nth++) {
        ledger_read(&before);
        switch_set(nth);
        long result = call();
        int error = errno;
        if (result == -1 && error != ENOMEM && error != EAGAIN)
            case_fail(__FILE__, __LINE__, "allocation %d failed: %s", nth, strerror(error));
        if (result == -1 && !switch_fired)
            case_fail(__FILE__, __LINE__, "failed without injection, n = %d", nth);
        if (result == -1 && ledger_leaks(&before, reason, sizeof(reason)))
            case_fail(__FILE__, __LINE__, "allocation %d failed, %s", nth, reason);
        if (result != -1 && !switch_fired)
            return;
    }
    case_fail(__FILE__, __LINE__, "no success within %d allocations", MOST_ALLOCATIONS);
}

static long fork_once(void)
{
    long child = syscall(SYS_fork);
    if (child == 0)
        syscall(SYS_exit_group, 0);
    switch_end();
    if (child > 0)
        process_exits(child, 0);
    return child;
}

CASE(fork_of_a_small_process)
{
    sweep(fork_once);
}

CASE(fork_of_a_large_process)
{
    char *memory = memory_alloc(8 * MIB);
    memset(memory, 1, 8 * MIB);
    for (int i = 0; i < 50; i++) {
        CHECK_OK(mprotect(memory_alloc(3 * PAGE) + PAGE, PAGE, PROT_READ));
        CHECK_OK(dup(0));
    }
    CHECK_OK(madvise(memory + MIB, PAGE, MADV_DONTFORK));
    CHECK_OK(madvise(memory + 2 * MIB, PAGE, MADV_WIPEONFORK));
    sweep(fork_once);
    for (size_t at = 0; at < 8 * MIB; at += PAGE)
        CHECK_EQ(memory[at], 1);
}

static long vfork_once(void)
{
    pid_t child = vfork();
    if (child == 0)
        _exit(0);
    switch_end();
    if (child > 0)
        process_exits(child, 0);
    return child;
}

CASE(vfork_call)
{
    sweep(vfork_once);
}

static volatile int thread_word;
static char thread_stack[16384] __attribute__((aligned(16)));

static long thread_once(void)
{
    long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                 CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
    long result;
    register long r10 __asm__("r10") = (long)&thread_word;
    register long r8 __asm__("r8") = 0;
    __asm__ volatile("syscall\n test %%rax, %%rax\n jnz 1f\n mov %5, %%eax\n xor %%edi, %%edi\n"
                     "syscall\n 1:"
                     : "=a"(result)
                     : "a"(SYS_clone), "D"(flags), "S"(thread_stack + sizeof(thread_stack)),
                       "d"(&thread_word), "i"(SYS_exit), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    errno = result < 0 ? -result : 0;
    switch_end();
    if (result < 0)
        return -1;
    while (thread_word != 0)
        sleep_ms(1);
    return result;
}

CASE(thread_creation)
{
    sweep(thread_once);
}

static char *helper_arguments[] = {"helper", "--exit", "0", NULL};

/* exec in a child of its own: a failure after the point of no return kills it. */
static void exec_sweep(const char *path)
{
    static struct ledger before;
    char reason[400];
    ledger_warm_up(&before);
    for (int nth = 1; nth < MOST_ALLOCATIONS; nth++) {
        ledger_read(&before);
        pid_t child = process_fork();
        if (child == 0) {
            switch_open();
            switch_set(nth);
            execve(path, helper_arguments, environ);
            _exit(errno == ENOMEM || errno == EAGAIN ? 100 : 101);
        }
        int status = process_wait(child);
        if (status == 0)
            return;
        CHECK(status == 100 << 8 || status == SIGKILL || status == SIGSEGV);
        if (ledger_leaks(&before, reason, sizeof(reason)))
            case_fail(__FILE__, __LINE__, "allocation %d failed, %s", nth, reason);
    }
    case_fail(__FILE__, __LINE__, "no success within %d allocations", MOST_ALLOCATIONS);
}

CASE(exec_of_a_program)
{
    switch_open();
    exec_sweep(helper_path);
}

CASE(exec_of_a_script)
{
    switch_open();
    CHECK_OK(symlink(helper_path, "helper"));
    file_write("script", "#!./helper\n");
    CHECK_OK(dup2(CHECK_OK(open("/dev/null", O_WRONLY)), 1));
    CHECK_OK(fchmodat(AT_FDCWD, "script", 0755, 0));
    exec_sweep("./script");
}

CASE(switch_reads_back)
{
    char text[16] = "";
    switch_open();
    switch_set(1000);
    CHECK(pread(switch_fd, text, sizeof(text) - 1, 0) > 0);
    CHECK(atoi(text) > 0 && atoi(text) <= 1000);
    switch_set(0);
    memset(text, 0, sizeof(text));
    CHECK(pread(switch_fd, text, sizeof(text) - 1, 0) > 0);
    CHECK_EQ(atoi(text), 0);
    CHECK_ERR(pwrite(switch_fd, "x", 1, 0), EINVAL);
}
