/* fork: what the two returns are, and what the child inherits or gets fresh. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

CASE(one_call_two_returns)
{
    pid_t parent = getpid();
    pid_t child = process_fork();
    if (child == 0) {
        CHECK(getpid() != parent);
        CHECK_EQ(getppid(), parent);
        _exit(42);
    }
    CHECK(child != parent);
    CHECK_EQ(getpid(), parent);
    process_exits(child, 42);
}

CASE(raw_system_call)
{
    long child = CHECK_OK(syscall(SYS_fork));
    if (child == 0)
        syscall(SYS_exit_group, 3);
    process_exits(child, 3);
}

CASE(tid_of_child_is_its_pid)
{
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(syscall(SYS_gettid), syscall(SYS_getpid));
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(callee_saved_registers_survive)
{
    register long a __asm__("rbx") = 0x1111111111111111;
    register long b __asm__("r12") = 0x2222222222222222;
    register long c __asm__("r13") = 0x3333333333333333;
    register long d __asm__("r14") = 0x4444444444444444;
    register long e __asm__("r15") = 0x5555555555555555;
    long result = SYS_fork;
    __asm__ volatile("syscall"
                     : "+a"(result), "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e)
                     :
                     : "rcx", "r11", "memory");
    bool kept = a == 0x1111111111111111 && b == 0x2222222222222222 && c == 0x3333333333333333 &&
                d == 0x4444444444444444 && e == 0x5555555555555555;
    if (result == 0)
        _exit(kept ? 7 : 8);
    CHECK(kept);
    process_exits(result, 7);
}

CASE(argument_registers_survive)
{
    long result = SYS_fork, good;
    __asm__ volatile("mov $0x1234, %%rdi\n mov $0x2345, %%rsi\n mov $0x3456, %%rdx\n"
                     "mov $0x4567, %%r10\n mov $0x5678, %%r8\n mov $0x6789, %%r9\n"
                     "syscall\n"
                     "xor %%ecx, %%ecx\n"
                     "cmp $0x1234, %%rdi\n jne 1f\n cmp $0x2345, %%rsi\n jne 1f\n"
                     "cmp $0x3456, %%rdx\n jne 1f\n cmp $0x4567, %%r10\n jne 1f\n"
                     "cmp $0x5678, %%r8\n jne 1f\n cmp $0x6789, %%r9\n jne 1f\n"
                     "inc %%ecx\n1:\n"
                     : "+a"(result), "=&c"(good)
                     :
                     : "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
    if (result == 0)
        _exit(good ? 5 : 6);
    CHECK(good);
    process_exits(result, 5);
}

CASE(vector_registers_survive)
{
    double child_sum;
    __asm__ volatile("movq %0, %%xmm15" : : "r"(0x4045000000000000) : "xmm15"); /* 42.0 */
    long result = SYS_fork;
    __asm__ volatile("syscall\n movq %%xmm15, %1"
                     : "+a"(result), "=r"(child_sum)
                     :
                     : "rcx", "r11", "memory", "xmm15");
    if (result == 0)
        _exit(child_sum == 42.0 ? 1 : 2);
    CHECK(child_sum == 42.0);
    process_exits(result, 1);
}

CASE(rounding_mode_is_inherited)
{
    unsigned control = 0, mxcsr = 0x1f80 | 0x6000; /* round to zero */
    unsigned short x87 = 0x0f7f;
    __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(x87));
    pid_t child = process_fork();
    if (child == 0) {
        unsigned short word;
        __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(control), "=m"(word));
        CHECK_EQ(control & 0x6000, 0x6000);
        CHECK_EQ(word & 0x0f00, 0x0f00);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(deep_chain)
{
    enum { DEPTH = 40 };
    int depth = 0;
    for (; depth < DEPTH; depth++) {
        pid_t child = process_fork();
        if (child != 0) {
            int status = process_wait(child);
            CHECK(WIFEXITED(status));
            CHECK_EQ(WEXITSTATUS(status), DEPTH);
            if (depth == 0)
                return;
            _exit(DEPTH);
        }
    }
    _exit(depth);
}

CASE(wide_tree)
{
    int *count = shared_alloc(PAGE);
    for (int level = 0; level < 6; level++)
        process_fork();
    __atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
    while (wait(NULL) > 0)
        ;
    if (getppid() != runner_pid)
        _exit(0);
    CHECK_EQ(*count, 64);
}

CASE(thousands_in_sequence)
{
    for (int i = 0; i < 2000; i++) {
        pid_t child = process_fork();
        if (child == 0)
            _exit(i & 0x7f);
        process_exits(child, i & 0x7f);
    }
}

CASE(hundreds_at_once)
{
    enum { COUNT = 300 };
    static pid_t children[COUNT];
    struct gate gate;
    gate_init(&gate);
    for (int i = 0; i < COUNT; i++) {
        children[i] = process_fork();
        if (children[i] == 0) {
            gate_wait(&gate);
            _exit(i % 100);
        }
        for (int j = 0; j < i; j++)
            CHECK(children[i] != children[j]);
    }
    for (int i = 0; i < COUNT; i++)
        gate_open(&gate);
    for (int i = 0; i < COUNT; i++)
        process_exits(children[i], i % 100);
}

CASE(process_limit_gives_eagain)
{
    case_needs_root();
    pid_t user = process_fork();
    if (user == 0) {
        struct rlimit limit = {5, 5};
        CHECK_OK(setrlimit(RLIMIT_NPROC, &limit));
        CHECK_OK(setresuid(54321, 54321, 54321));
        int made = 0;
        pid_t child;
        while ((child = fork()) > 0)
            made++;
        if (child == 0) {
            pause();
            _exit(0);
        }
        CHECK_EQ(errno, EAGAIN);
        CHECK_EQ(made, 4);
        _exit(0);
    }
    process_exits(user, 0);
}

CASE(orphan_goes_to_subreaper)
{
    struct gate gate, done;
    gate_init(&gate);
    gate_init(&done);
    pid_t middle = process_fork();
    if (middle == 0) {
        if (process_fork() == 0) {
            gate_wait(&gate);
            CHECK_EQ(getppid(), runner_pid);
            gate_open(&done);
            _exit(0);
        }
        _exit(0);
    }
    process_exits(middle, 0);
    gate_open(&gate);
    gate_wait(&done);
}

CASE(orphan_goes_to_nearest_subreaper)
{
    CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t self = getpid();
    pid_t *orphan = shared_alloc(PAGE);
    struct gate gate;
    gate_init(&gate);
    pid_t middle = process_fork();
    if (middle == 0) {
        int inherited = 1;
        CHECK_OK(prctl(PR_GET_CHILD_SUBREAPER, &inherited));
        CHECK_EQ(inherited, 0);
        pid_t child = process_fork();
        if (child == 0) {
            gate_wait(&gate);
            CHECK_EQ(getppid(), self);
            _exit(9);
        }
        *orphan = child;
        _exit(0);
    }
    process_exits(middle, 0);
    gate_open(&gate);
    process_exits(*orphan, 9);
}

CASE(process_group_and_session_inherited)
{
    pid_t group = getpgrp(), session = getsid(0);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(getpgrp(), group);
        CHECK_EQ(getsid(0), session);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(umask_and_directory_inherited)
{
    char before[4096], after[4096];
    CHECK_OK(mkdir("inner", 0755));
    CHECK_OK(chdir("inner"));
    CHECK(getcwd(before, sizeof(before)) != NULL);
    umask(027);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(umask(0), 027);
        CHECK(getcwd(after, sizeof(after)) != NULL);
        CHECK(strcmp(before, after) == 0);
        CHECK_OK(chdir(".."));
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(umask(027), 027);
    CHECK(getcwd(after, sizeof(after)) != NULL);
    CHECK(strcmp(before, after) == 0);
}

CASE(limits_and_nice_inherited)
{
    struct rlimit limit = {100, 200};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 5));
    pid_t child = process_fork();
    if (child == 0) {
        struct rlimit found;
        CHECK_OK(getrlimit(RLIMIT_NOFILE, &found));
        CHECK_EQ(found.rlim_cur, 100);
        CHECK_EQ(found.rlim_max, 200);
        CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(name_is_inherited)
{
    CHECK_OK(prctl(PR_SET_NAME, "some-name"));
    pid_t child = process_fork();
    if (child == 0) {
        char name[17] = "";
        CHECK_OK(prctl(PR_GET_NAME, name));
        CHECK(strcmp(name, "some-name") == 0);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(alarm_and_timers_not_inherited)
{
    struct itimerval timer = {{0, 0}, {1000, 0}}, found;
    alarm(500);
    CHECK_OK(setitimer(ITIMER_VIRTUAL, &timer, NULL));
    CHECK_OK(setitimer(ITIMER_PROF, &timer, NULL));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(alarm(0), 0);
        for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
            CHECK_OK(getitimer(which, &found));
            CHECK_EQ(found.it_value.tv_sec, 0);
            CHECK_EQ(found.it_value.tv_usec, 0);
        }
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(alarm(0) > 400);
    CHECK_OK(getitimer(ITIMER_PROF, &found));
    CHECK(found.it_value.tv_sec > 900);
}

CASE(usage_starts_at_zero)
{
    volatile unsigned sum = 0;
    struct rusage usage;
    struct tms times_of_child;
    do { /* enough work that inherited usage would show */
        for (unsigned i = 0; i < 1000000; i++)
            sum += i;
        CHECK_OK(getrusage(RUSAGE_SELF, &usage));
    } while (usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 100000);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(getrusage(RUSAGE_SELF, &usage));
        CHECK(usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 90000);
        CHECK_OK(getrusage(RUSAGE_CHILDREN, &usage));
        CHECK(usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec == 0);
        CHECK_OK(times(&times_of_child));
        CHECK(times_of_child.tms_cutime == 0 && times_of_child.tms_utime < 9);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(buffered_output_is_duplicated)
{
    char text[64];
    FILE *file = fopen("out", "w");
    CHECK(file != NULL);
    fprintf(file, "hello\n");
    pid_t child = process_fork();
    if (child == 0) {
        fclose(file);
        _exit(0);
    }
    process_exits(child, 0);
    fclose(file);
    CHECK_EQ(file_read("out", text, sizeof(text)), 12);
    CHECK(strcmp(text, "hello\nhello\n") == 0);
}

static int atfork_order[4], atfork_used;

static void atfork_prepare(void)
{
    atfork_order[atfork_used++] = 1;
}

static void atfork_parent(void)
{
    atfork_order[atfork_used++] = 2;
}

static void atfork_child(void)
{
    atfork_order[atfork_used++] = 3;
}

CASE(atfork_handlers_run)
{
    CHECK_EQ(pthread_atfork(atfork_prepare, atfork_parent, atfork_child), 0);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK(atfork_used == 2 && atfork_order[0] == 1 && atfork_order[1] == 3);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(atfork_used == 2 && atfork_order[0] == 1 && atfork_order[1] == 2);
}
