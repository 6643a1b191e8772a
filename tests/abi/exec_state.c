/* execve: what of the process stays and what is reset; the auxiliary vector. */
#include "harness.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[65536];
static size_t output_length;

static void helper_ask(const char *command)
{
    char *argv[] = {"helper", (char *)command, NULL};
    CHECK_EQ(helper_capture(output, sizeof(output), &output_length, argv, environ), 0);
}

static void output_is(const char *expected)
{
    if (strcmp(output, expected) != 0)
        case_fail(__FILE__, __LINE__, "helper printed \"%s\", not \"%s\"", output, expected);
}

CASE(close_on_exec)
{
    char expected[128];
    int keep = CHECK_OK(dup(0)), drop = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 0));
    int high = CHECK_OK(fcntl(0, F_DUPFD, 700)), gone = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 800));
    CHECK(drop > keep && gone > high);
    snprintf(expected, sizeof(expected), "0 1 2 %d %d ", keep, high);
    helper_ask("--fds");
    output_is(expected);
}

CASE(close_on_exec_leaves_the_parent)
{
    int fd = CHECK_OK(fcntl(0, F_DUPFD_CLOEXEC, 0));
    helper_ask("--fds");
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

CASE(handlers_reset_ignored_kept)
{
    signal_counting(SIGUSR1, 0);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    helper_ask("--signals");
    output_is("1i 12i stack none");
}

CASE(mask_and_pending_are_kept)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
        signal_counting(SIGUSR1, 0);
        CHECK_OK(raise(SIGUSR1));
        int fd = CHECK_OK(open("out", O_WRONLY | O_CREAT, 0600));
        CHECK_OK(dup2(fd, 1));
        execl(helper_path, "helper", "--signals", NULL);
        _exit(1);
    }
    process_exits(child, 0);
    file_read("out", output, sizeof(output));
    output_is("10dmp 15dm stack none");
}

CASE(alternate_stack_is_dropped)
{
    static char space[65536];
    stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)};
    CHECK_OK(sigaltstack(&stack, NULL));
    helper_ask("--signals");
    output_is("stack none");
}

CASE(sigchld_ignored_is_kept)
{
    pid_t child = process_fork();
    if (child == 0) {
        signal(SIGCHLD, SIG_IGN);
        int fd = CHECK_OK(open("out", O_WRONLY | O_CREAT, 0600));
        CHECK_OK(dup2(fd, 1));
        execl(helper_path, "helper", "--signals", NULL);
        _exit(1);
    }
    process_exits(child, 0);
    file_read("out", output, sizeof(output));
    output_is("17i stack none");
}

CASE(identity_and_settings_are_kept)
{
    char directory[4096], expected[8192];
    CHECK(getcwd(directory, sizeof(directory)) != NULL);
    struct rlimit limit = {77, 200};
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
        umask(031);
        alarm(1000);
        int fd = CHECK_OK(open("out", O_WRONLY | O_CREAT, 0600));
        CHECK_OK(dup2(fd, 1));
        execl(helper_path, "helper", "--state", NULL);
        _exit(1);
    }
    process_exits(child, 0);
    file_read("out", output, sizeof(output));
    char *seconds = expected;
    int length = snprintf(expected, sizeof(expected), "%d %d %d %d %u 77 1 ", child, getpid(),
                          getpgrp(), getsid(0), 031);
    CHECK(strncmp(output, seconds, length) == 0);
    char *rest;
    long left = strtol(output + length, &rest, 10);
    CHECK(left > 900 && left <= 1000); /* the alarm goes on */
    CHECK(strcmp(rest + 1, directory) == 0);
}

CASE(name_follows_the_program)
{
    helper_ask("--name");
    CHECK(strncmp(output, "helper", 6) == 0);
    file_copy(helper_path, "a-name-longer-than-fifteen", 0755);
    strcpy(helper_path, "./a-name-longer-than-fifteen");
    helper_ask("--name");
    output_is("a-name-longer-t");
}

static long output_number(const char *key)
{
    char *line = strstr(output, key);
    CHECK(line != NULL);
    return strtol(line + strlen(key) + 1, NULL, 0);
}

CASE(auxiliary_vector)
{
    Elf64_Ehdr header;
    helper_ask("--auxv");
    int fd = CHECK_OK(open(helper_path, O_RDONLY));
    CHECK_EQ(read(fd, &header, sizeof(header)), sizeof(header));
    CHECK_EQ(output_number("pagesz"), PAGE);
    CHECK_EQ(output_number("phent"), sizeof(Elf64_Phdr));
    CHECK_EQ(output_number("phnum"), header.e_phnum);
    CHECK_EQ(output_number("entry"), header.e_entry);
    CHECK_EQ(output_number("base"), 0);
    CHECK_EQ(output_number("secure"), 0);
    CHECK_EQ(output_number("clktck"), 100);
    CHECK(output_number("loads") >= 2); /* AT_PHDR points to the real program headers */
    CHECK(strstr(output, "\nplatform x86_64\n") != NULL);
    char expected[5000];
    snprintf(expected, sizeof(expected), "\nexecfn %s\n", helper_path);
    CHECK(strstr(output, expected) != NULL);
    snprintf(expected, sizeof(expected), "\nids %d %d %d %d\n", getuid(), geteuid(), getgid(),
             getegid());
    CHECK(strstr(output, expected) != NULL);
}

CASE(random_bytes_differ)
{
    char first[64];
    helper_ask("--auxv");
    char *bytes = strstr(output, "\nrandom ");
    CHECK(bytes != NULL && strlen(bytes) >= 40);
    memcpy(first, bytes, 40);
    helper_ask("--auxv");
    CHECK(memcmp(strstr(output, "\nrandom "), first, 40) != 0);
}

CASE(execfn_of_a_relative_path)
{
    CHECK_OK(symlink(helper_path, "link"));
    strcpy(helper_path, "./link");
    helper_ask("--auxv");
    CHECK(strstr(output, "\nexecfn ./link\n") != NULL);
}

static void *exec_thread(void *argument)
{
    (void)argument;
    execl(helper_path, "helper", "--state", NULL);
    _exit(1);
}

static void *idle_thread(void *argument)
{
    for (;;)
        pause();
    return argument;
}

/* exec from another thread than the leader: the process keeps its id, the other threads die. */
CASE(exec_from_a_second_thread)
{
    int fds[2];
    CHECK_OK(pipe(fds));
    pid_t child = process_fork();
    if (child == 0) {
        pthread_t threads[3];
        CHECK_OK(dup2(fds[1], 1));
        for (int i = 0; i < 2; i++)
            CHECK_EQ(pthread_create(&threads[i], NULL, idle_thread, NULL), 0);
        CHECK_EQ(pthread_create(&threads[2], NULL, exec_thread, NULL), 0);
        for (;;)
            pause();
    }
    process_exits(child, 0);
    CHECK(read(fds[0], output, sizeof(output)) > 0);
    CHECK_EQ(strtol(output, NULL, 10), child);
}

CASE(exec_from_the_leader_kills_threads)
{
    for (int round = 0; round < 10; round++) {
        pid_t child = process_fork();
        if (child == 0) {
            pthread_t threads[3];
            for (int i = 0; i < 3; i++)
                CHECK_EQ(pthread_create(&threads[i], NULL, idle_thread, NULL), 0);
            execl(helper_path, "helper", "--exit", "13", NULL);
            _exit(1);
        }
        process_exits(child, 13);
    }
}

CASE(two_threads_exec_at_once)
{
    for (int round = 0; round < 10; round++) {
        pid_t child = process_fork();
        if (child == 0) {
            pthread_t thread;
            int null = CHECK_OK(open("/dev/null", O_WRONLY));
            CHECK_OK(dup2(null, 1));
            CHECK_EQ(pthread_create(&thread, NULL, exec_thread, NULL), 0);
            exec_thread(NULL);
        }
        process_exits(child, 0);
    }
}

CASE(exec_chain_keeps_the_pid)
{
    pid_t child = process_fork();
    if (child == 0) {
        setpgid(0, 0);
        execl(helper_path, "helper", "--pause", NULL);
        _exit(1);
    }
    for (int i = 0; i < 1000 && getpgid(child) != child; i++)
        sleep_ms(1);
    process_await(child, 0, "S");
    CHECK_EQ(getpgid(child), child);
    process_kill(child);
}

CASE(setpgid_after_exec_is_refused)
{
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        execl(helper_path, "helper", "--pause", NULL);
        _exit(1);
    }
    CHECK_OK(close(gate.fds[1])); /* the exec closes the other copy */
    char byte;
    CHECK_EQ(read(gate.fds[0], &byte, 1), 0);
    CHECK_ERR(setpgid(child, child), EACCES);
    process_kill(child);
}

CASE(set_user_id_program)
{
    case_needs_root();
    file_copy(helper_path, "program", 0755);
    CHECK_OK(chown("program", 1234, 2345));
    CHECK_OK(chmod("program", 06755));
    strcpy(helper_path, "./program");
    helper_ask("--ids");
    output_is("0 1234 0 2345");
    helper_ask("--auxv");
    CHECK_EQ(output_number("secure"), 1);
}

CASE(no_new_privileges)
{
    case_needs_root();
    file_copy(helper_path, "program", 0755);
    CHECK_OK(chown("program", 1234, 2345));
    CHECK_OK(chmod("program", 06755));
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    strcpy(helper_path, "./program");
    helper_ask("--ids");
    output_is("0 0 0 0");
}

CASE(record_locks_survive_exec)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(fcntl(fd, F_SETLK, &lock));
        execl(helper_path, "helper", "--pause", NULL);
        _exit(1);
    }
    CHECK_OK(close(gate.fds[1]));
    char byte;
    CHECK_EQ(read(gate.fds[0], &byte, 1), 0);
    CHECK_OK(fcntl(fd, F_GETLK, &lock));
    CHECK(lock.l_type == F_WRLCK && lock.l_pid == child);
    process_kill(child);
}
