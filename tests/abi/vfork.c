/* vfork, clone and posix_spawn: who waits for whom, and what is shared. */
#include "harness.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

CASE(parent_waits_for_exit)
{
    volatile int stage = 0;
    pid_t child = vfork();
    if (child == 0) {
        sleep_ms(20);
        stage = 1;
        _exit(5);
    }
    CHECK(child > 0);
    CHECK_EQ(stage, 1); /* the memory is shared, and the child came first */
    process_exits(child, 5);
}

CASE(parent_waits_for_exec)
{
    struct gate gate;
    volatile int stage = 0;
    gate_init(&gate);
    pid_t child = vfork();
    if (child == 0) {
        stage = 1;
        execl(helper_path, "helper", "--pause", NULL);
        _exit(1);
    }
    CHECK(child > 0);
    CHECK_EQ(stage, 1);
    CHECK_EQ(waitpid(child, NULL, WNOHANG), 0); /* released by exec, not by exit */
    process_kill(child);
}

CASE(failed_exec_keeps_the_parent_waiting)
{
    volatile int failed = 0;
    pid_t child = vfork();
    if (child == 0) {
        execl("/nonexistent", "x", NULL);
        failed = errno;
        _exit(3);
    }
    CHECK_EQ(failed, ENOENT);
    process_exits(child, 3);
}

CASE(killed_child_releases_the_parent)
{
    pid_t child = vfork();
    if (child == 0) {
        kill(getpid(), SIGKILL);
        _exit(0);
    }
    CHECK(child > 0);
    process_dies(child, SIGKILL);
}

CASE(waiting_parent_takes_signals_late)
{
    signal_counting(SIGUSR1, 0);
    volatile int seen = -1;
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child == 0) {
        kill(parent, SIGUSR1);
        sleep_ms(20);
        seen = signal_count[SIGUSR1];
        _exit(0);
    }
    CHECK_EQ(seen, 0);
    CHECK_EQ(signal_count[SIGUSR1], 1);
    process_exits(child, 0);
}

CASE(waiting_parent_can_be_killed)
{
    int *grandchild = shared_alloc(PAGE);
    pid_t parent = process_fork();
    if (parent == 0) {
        pid_t child = vfork();
        if (child == 0) {
            *grandchild = getpid();
            pause();
            _exit(0);
        }
        _exit(1);
    }
    while (*(volatile int *)grandchild == 0)
        sleep_ms(1);
    process_kill(parent);
    CHECK_OK(kill(*grandchild, SIGKILL));
}

CASE(files_and_handlers_are_copied)
{
    int fd = CHECK_OK(dup(0));
    signal_counting(SIGUSR1, 0);
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        signal(SIGUSR1, SIG_IGN);
        _exit(0);
    }
    CHECK_OK(fcntl(fd, F_GETFD));
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(signal_count[SIGUSR1], 1);
    process_exits(child, 0);
}

CASE(fork_inside_a_vfork_child)
{
    volatile int value = 1;
    pid_t child = vfork();
    if (child == 0) {
        pid_t grandchild = syscall(SYS_fork);
        if (grandchild == 0) {
            value = 2; /* a copy, not the parent's */
            _exit(value);
        }
        int status;
        waitpid(grandchild, &status, 0);
        _exit(WEXITSTATUS(status) + value);
    }
    CHECK_EQ(value, 1);
    process_exits(child, 3);
}

static int clone_child(void *argument)
{
    ++*(volatile int *)argument;
    return 21;
}

static char *stack_top(void)
{
    return memory_alloc(64 * 1024) + 64 * 1024;
}

CASE(clone_with_stack_copies_memory)
{
    volatile int value = 1;
    pid_t child = CHECK_OK(clone(clone_child, stack_top(), SIGCHLD, (void *)&value));
    process_exits(child, 21);
    CHECK_EQ(value, 1);
}

CASE(clone_vm_shares_memory)
{
    volatile int value = 1;
    pid_t child = CHECK_OK(clone(clone_child, stack_top(), CLONE_VM | SIGCHLD, (void *)&value));
    process_exits(child, 21);
    CHECK_EQ(value, 2);
}

static int close_zero(void *argument)
{
    (void)argument;
    return close(0);
}

CASE(clone_files_shares_the_table)
{
    pid_t child = CHECK_OK(clone(close_zero, stack_top(), SIGCHLD, NULL));
    process_exits(child, 0);
    CHECK_OK(fcntl(0, F_GETFD));
    child = CHECK_OK(clone(close_zero, stack_top(), CLONE_FILES | SIGCHLD, NULL));
    process_exits(child, 0);
    CHECK_ERR(fcntl(0, F_GETFD), EBADF);
}

static int change_directory(void *argument)
{
    (void)argument;
    umask(077);
    return chdir("/");
}

CASE(clone_fs_shares_directory_and_umask)
{
    char path[4096];
    pid_t child = CHECK_OK(clone(change_directory, stack_top(), CLONE_FS | SIGCHLD, NULL));
    process_exits(child, 0);
    CHECK(getcwd(path, sizeof(path)) != NULL);
    CHECK(strcmp(path, "/") == 0);
    CHECK_EQ(umask(022), 077);
}

static int ignore_signal(void *argument)
{
    (void)argument;
    signal(SIGUSR1, SIG_IGN);
    return 0;
}

CASE(clone_sighand_shares_handlers)
{
    pid_t child =
        CHECK_OK(clone(ignore_signal, stack_top(), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));
    process_exits(child, 0);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

CASE(clone_parent_makes_a_sibling)
{
    pid_t *sibling = shared_alloc(PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        long made = CHECK_OK(syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
        if (made == 0)
            _exit(17);
        *sibling = made;
        CHECK_ERR(waitpid(made, NULL, 0), ECHILD);
        _exit(0);
    }
    process_exits(child, 0);
    process_exits(*sibling, 17);
}

CASE(clone_exit_signal)
{
    signal_counting(SIGUSR1, SA_RESTART);
    signal_counting(SIGCHLD, SA_RESTART);
    long child = CHECK_OK(syscall(SYS_clone, SIGUSR1, 0, 0, 0, 0));
    if (child == 0)
        _exit(4);
    CHECK_ERR(waitpid(-1, NULL, WNOHANG), ECHILD); /* not a SIGCHLD child */
    int status = 0;
    pid_t reaped;
    while ((reaped = waitpid(child, &status, __WALL)) == -1 && errno == EINTR)
        ;
    CHECK_EQ(reaped, child);
    CHECK_EQ(status, 4 << 8);
    CHECK(signal_count[SIGUSR1] == 1 && signal_count[SIGCHLD] == 0);
}

CASE(clone_exit_signal_zero_and_wclone)
{
    long child = CHECK_OK(syscall(SYS_clone, 0, 0, 0, 0, 0));
    if (child == 0)
        _exit(4);
    CHECK_ERR(waitpid(child, NULL, 0), ECHILD);
    CHECK_EQ(waitpid(child, NULL, __WCLONE), child);
}

CASE(clone_invalid_combinations)
{
    CHECK_ERR(syscall(SYS_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_clone, CLONE_THREAD | SIGCHLD, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_clone, CLONE_THREAD | CLONE_VM | SIGCHLD, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

static long clone3_call(struct clone_args *arguments, size_t size)
{
    return syscall(SYS_clone3, arguments, size);
}

/* clone3 may be missing, but then it says so whatever it is given. */
CASE(clone3_works_or_is_absent)
{
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long child = clone3_call(&arguments, sizeof(arguments));
    if (child == -1) {
        CHECK_EQ(errno, ENOSYS);
        return;
    }
    if (child == 0)
        _exit(6);
    process_exits(child, 6);
    CHECK_ERR(clone3_call(&arguments, 8), EINVAL);
    CHECK_ERR(clone3_call(&arguments, 100000), E2BIG);
    arguments.exit_signal = 65;
    CHECK_ERR(clone3_call(&arguments, sizeof(arguments)), EINVAL);
    arguments = (struct clone_args){.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD};
    CHECK_ERR(clone3_call(&arguments, sizeof(arguments)), EINVAL);
    arguments = (struct clone_args){.flags = 1ull << 60, .exit_signal = SIGCHLD};
    CHECK_ERR(clone3_call(&arguments, sizeof(arguments)), EINVAL);
    arguments = (struct clone_args){.stack_size = 4096, .exit_signal = SIGCHLD};
    CHECK_ERR(clone3_call(&arguments, sizeof(arguments)), EINVAL);
}

CASE(clone3_clears_handlers)
{
    struct clone_args arguments = {.exit_signal = SIGCHLD, .flags = CLONE_CLEAR_SIGHAND};
    signal_counting(SIGUSR1, 0);
    signal(SIGUSR2, SIG_IGN);
    long child = clone3_call(&arguments, sizeof(arguments));
    if (child == -1) {
        CHECK_EQ(errno, ENOSYS);
        return;
    }
    if (child == 0) {
        CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
        CHECK(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(spawn_runs_a_program)
{
    pid_t child;
    char *argv[] = {"helper", "--exit", "37", NULL};
    CHECK_EQ(posix_spawn(&child, helper_path, NULL, NULL, argv, environ), 0);
    process_exits(child, 37);
}

CASE(spawn_reports_a_missing_program)
{
    pid_t child;
    char *argv[] = {"x", NULL};
    CHECK_EQ(posix_spawn(&child, "/nonexistent", NULL, NULL, argv, environ), ENOENT);
    CHECK_ERR(wait(NULL), ECHILD);
}

CASE(spawn_file_actions_and_attributes)
{
    pid_t child;
    char text[64], *argv[] = {"helper", "--signals", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t mask, defaults;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGHUP);
    signal(SIGHUP, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &mask);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    CHECK_EQ(posix_spawn(&child, helper_path, &actions, &attributes, argv, environ), 0);
    process_exits(child, 0);
    file_read("out", text, sizeof(text));
    CHECK(strcmp(text, "3i 12dm stack none") == 0);
}

CASE(system_and_popen_style_spawn_loop)
{
    char *argv[] = {"helper", "--exit", "1", NULL};
    for (int i = 0; i < 50; i++) {
        pid_t child;
        CHECK_EQ(posix_spawn(&child, helper_path, NULL, NULL, argv, environ), 0);
        process_exits(child, 1);
    }
}
