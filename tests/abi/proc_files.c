/* /proc: what it says about a process agrees with what the calls say. */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[262144];

static size_t proc_read(pid_t pid, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return file_read(path, text, sizeof(text));
}

static long status_number(const char *key)
{
    char *line = strstr(text, key);
    if (!line)
        case_fail(__FILE__, __LINE__, "no line %s", key);
    return strtol(line + strlen(key), NULL, 10);
}

CASE(self_is_the_caller)
{
    char target[64] = "";
    CHECK_OK(readlink("/proc/self", target, sizeof(target) - 1));
    CHECK_EQ(atoi(target), getpid());
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(readlink("/proc/self", target, sizeof(target) - 1));
        CHECK_EQ(atoi(target), getpid());
        memset(target, 0, sizeof(target));
        CHECK_OK(readlink("/proc/thread-self", target, sizeof(target) - 1));
        char expected[64];
        snprintf(expected, sizeof(expected), "%d/task/%d", getpid(), getpid());
        CHECK(strcmp(target, expected) == 0);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(stat_line)
{
    int pid, parent, group, session;
    char state, name[32];
    CHECK_OK(prctl(PR_SET_NAME, "odd ) name"));
    proc_read(getpid(), "stat");
    CHECK_EQ(sscanf(text, "%d (%31[^\n]", &pid, name), 2);
    CHECK(strncmp(name, "odd ) name) ", 12) == 0);
    char *rest = strrchr(text, ')') + 2;
    CHECK_EQ(sscanf(rest, "%c %d %d %d", &state, &parent, &group, &session), 4);
    CHECK(pid == getpid() && parent == getppid() && group == getpgrp() && session == getsid(0));
    CHECK_EQ(state, 'R');
    int fields = 2;
    for (char *word = strtok(rest, " \n"); word; word = strtok(NULL, " \n"))
        fields++;
    CHECK_EQ(fields, 52);
}

CASE(status_file)
{
    proc_read(getpid(), "status");
    CHECK(strncmp(text, "Name:\t", 6) == 0);
    CHECK_EQ(status_number("\nPid:\t"), getpid());
    CHECK_EQ(status_number("\nTgid:\t"), getpid());
    CHECK_EQ(status_number("\nPPid:\t"), getppid());
    CHECK_EQ(status_number("\nUid:\t"), getuid());
    CHECK_EQ(status_number("\nThreads:\t"), 1);
    CHECK(status_number("\nVmRSS:\t") > 0);
    CHECK(status_number("\nVmSize:\t") >= status_number("\nVmRSS:\t"));
    CHECK(strstr(text, "\nState:\tR (running)\n") != NULL);
}

CASE(signal_sets_in_status)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    signal(SIGHUP, SIG_IGN);
    signal_counting(SIGUSR2, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    proc_read(getpid(), "status");
    CHECK(strstr(text, "\nSigBlk:\t0000000000004200\n") != NULL);
    CHECK(strstr(text, "\nSigIgn:\t0000000000000001\n") != NULL);
    CHECK(strstr(text, "\nSigCgt:\t0000000000000800\n") != NULL);
    CHECK(strstr(text, "\nShdPnd:\t0000000000000200\n") != NULL);
}

CASE(resident_memory_follows)
{
    proc_read(getpid(), "status");
    long before = status_number("\nVmRSS:\t");
    char *memory = memory_alloc(8 * MIB);
    memset(memory, 1, 8 * MIB);
    proc_read(getpid(), "status");
    CHECK(status_number("\nVmRSS:\t") - before >= 8000);
    CHECK_OK(munmap(memory, 8 * MIB));
    proc_read(getpid(), "status");
    CHECK(status_number("\nVmRSS:\t") - before < 2000);
}

CASE(states_of_a_child)
{
    pid_t child = process_fork();
    if (child == 0)
        for (;;)
            pause();
    process_await(child, 0, "S");
    CHECK_OK(kill(child, SIGSTOP));
    process_await(child, 0, "T");
    proc_read(child, "status");
    CHECK(strstr(text, "\nState:\tT (stopped)\n") != NULL);
    CHECK_OK(kill(child, SIGKILL));
    process_await(child, 0, "Z");
    CHECK_EQ(proc_read(child, "cmdline"), 0);
    process_dies(child, SIGKILL);
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d", child);
    CHECK_ERR(access(path, F_OK), ENOENT);
}

CASE(command_line_and_environment)
{
    char *argv[] = {helper_path, "--pause", "an argument", "", NULL},
         *envp[] = {"A=1", "B=2", NULL};
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        execve(helper_path, argv, envp);
        _exit(1);
    }
    CHECK_OK(close(gate.fds[1]));
    char byte;
    CHECK_EQ(read(gate.fds[0], &byte, 1), 0);
    size_t length = proc_read(child, "cmdline"), first = strlen(helper_path) + 1;
    CHECK_EQ(length, first + 8 + 12 + 1);
    CHECK(memcmp(text + first, "--pause\0an argument\0", 21) == 0);
    length = proc_read(child, "environ");
    CHECK_EQ(length, 8);
    CHECK(memcmp(text, "A=1\0B=2", 8) == 0);
    proc_read(child, "comm");
    CHECK(strncmp(text, "helper", 6) == 0 && strchr(text, '\n'));
    char path[64], target[4096] = "";
    snprintf(path, sizeof(path), "/proc/%d/exe", child);
    CHECK_OK(readlink(path, target, sizeof(target) - 1));
    CHECK(strcmp(target, helper_path) == 0);
    process_kill(child);
}

CASE(links_to_directory_and_root)
{
    char directory[4096], target[4096] = "";
    CHECK(getcwd(directory, sizeof(directory)) != NULL);
    CHECK_OK(readlink("/proc/self/cwd", target, sizeof(target) - 1));
    CHECK(strcmp(target, directory) == 0);
    memset(target, 0, sizeof(target));
    CHECK_OK(readlink("/proc/self/root", target, sizeof(target) - 1));
    CHECK(strcmp(target, "/") == 0);
}

CASE(descriptors)
{
    char path[64], target[4096] = "", here[4096];
    int fds[2];
    file_write("file", "content");
    int fd = CHECK_OK(open("file", O_RDONLY));
    CHECK_OK(pipe(fds));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK_OK(readlink(path, target, sizeof(target) - 1));
    CHECK(getcwd(here, sizeof(here) - 10) != NULL);
    CHECK(strcmp(target, strcat(here, "/file")) == 0);
    int again = CHECK_OK(open(path, O_RDONLY)); /* a new description of the same file */
    CHECK_EQ(read(fd, text, 3), 3);
    CHECK_EQ(lseek(again, 0, SEEK_CUR), 0);
    CHECK_OK(unlink("file"));
    memset(target, 0, sizeof(target));
    CHECK_OK(readlink(path, target, sizeof(target) - 1));
    CHECK(strcmp(target, strcat(here, " (deleted)")) == 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
    memset(target, 0, sizeof(target));
    CHECK_OK(readlink(path, target, sizeof(target) - 1));
    CHECK(strncmp(target, "pipe:[", 6) == 0);
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    closedir(directory);
    CHECK_EQ(count, fd_count() + 1); /* the directory's own was open */
}

CASE(maps_show_ranges)
{
    char line[128];
    char *memory = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK_OK(mprotect(memory + PAGE, PAGE, PROT_READ | PROT_EXEC));
    file_read("/proc/self/maps", text, sizeof(text));
    snprintf(line, sizeof(line), "%lx-%lx r-xp 00000000 00:00 0", (long)memory + PAGE,
             (long)memory + 2 * PAGE);
    CHECK(strstr(text, line) != NULL);
    CHECK(strstr(text, "[stack]") != NULL);
    file_write("mapped", "x");
    int fd = CHECK_OK(open("mapped", O_RDWR));
    memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(memory != MAP_FAILED);
    file_read("/proc/self/maps", text, sizeof(text));
    snprintf(line, sizeof(line), "%lx-%lx rw-s 00000000 ", (long)memory, (long)memory + PAGE);
    char *found = strstr(text, line);
    CHECK(found != NULL && strstr(found, "/mapped\n") != NULL);
}

CASE(maps_of_a_child_are_its_own)
{
    char line[64];
    char *memory = memory_alloc(PAGE);
    snprintf(line, sizeof(line), "%lx-", (long)memory);
    struct gate gate, done;
    gate_init(&gate);
    gate_init(&done);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK(mmap(memory, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              memory);
        gate_open(&gate);
        gate_wait(&done);
        _exit(0);
    }
    gate_wait(&gate);
    char expected[128];
    snprintf(expected, sizeof(expected), "%lx-%lx ---p", (long)memory, (long)memory + PAGE);
    proc_read(child, "maps");
    CHECK(strstr(text, expected) != NULL);
    proc_read(getpid(), "maps");
    CHECK(strstr(text, expected) == NULL);
    gate_open(&done);
    process_exits(child, 0);
}

CASE(page_map_shows_copying)
{
    case_needs_root();
    volatile char *memory = memory_alloc(PAGE);
    uint64_t before = 0, parent = 0, *child_entry = shared_alloc(PAGE);
    memory[0] = 1;
    off_t place = (uintptr_t)memory / PAGE * 8;
    int fd = CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
    CHECK_EQ(pread(fd, &before, 8, place), 8);
    CHECK(before >> 63); /* present */
    pid_t child = process_fork();
    if (child == 0) {
        int own = CHECK_OK(open("/proc/self/pagemap", O_RDONLY));
        CHECK_EQ(pread(own, &child_entry[0], 8, place), 8);
        memory[0] = 2;
        CHECK_EQ(pread(own, &child_entry[1], 8, place), 8);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(pread(fd, &parent, 8, place), 8);
    uint64_t frame = (1ul << 55) - 1;
    CHECK_EQ(child_entry[0] & frame, before & frame);    /* common at first */
    CHECK((child_entry[1] & frame) != (before & frame)); /* copied by the write */
    CHECK_EQ(parent & frame, before & frame);
}

static void *idle_thread(void *argument)
{
    for (;;)
        pause();
    return argument;
}

CASE(task_directory)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, idle_thread, NULL), 0);
    CHECK_EQ(pthread_create(&thread, NULL, idle_thread, NULL), 0);
    DIR *directory = opendir("/proc/self/task");
    CHECK(directory != NULL);
    int count = 0;
    bool leader = false;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        count += entry->d_name[0] != '.';
        leader |= atoi(entry->d_name) == getpid();
    }
    closedir(directory);
    CHECK(count == 3 && leader);
}

CASE(listing_of_processes)
{
    DIR *directory = opendir("/proc");
    CHECK(directory != NULL);
    bool self = false, parent = false;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        self |= atoi(entry->d_name) == getpid();
        parent |= atoi(entry->d_name) == getppid();
    }
    closedir(directory);
    CHECK(self && parent);
}

CASE(system_files)
{
    double uptime, idle, load;
    long total, available;
    file_read("/proc/uptime", text, sizeof(text));
    CHECK_EQ(sscanf(text, "%lf %lf", &uptime, &idle), 2);
    CHECK(uptime > 0);
    file_read("/proc/loadavg", text, sizeof(text));
    CHECK_EQ(sscanf(text, "%lf", &load), 1);
    file_read("/proc/meminfo", text, sizeof(text));
    CHECK_EQ(sscanf(text, "MemTotal: %ld kB", &total), 1);
    available = status_number("\nMemFree:");
    CHECK(total > 0 && available > 0 && available <= total);
    CHECK(status_number("\nMemAvailable:") > 0);
    file_read("/proc/stat", text, sizeof(text));
    CHECK(strncmp(text, "cpu ", 4) == 0);
    CHECK(strstr(text, "\ncpu0 ") != NULL && status_number("\nbtime ") > 0);
    CHECK(status_number("\nprocesses ") > 0);
    file_read("/proc/mounts", text, sizeof(text));
    CHECK(strstr(text, " / ") != NULL && strstr(text, " /proc proc ") != NULL);
    file_read("/proc/version", text, sizeof(text));
    CHECK(strlen(text) > 10);
    file_read("/proc/filesystems", text, sizeof(text));
    CHECK(strstr(text, "proc\n") != NULL);
}

CASE(names_can_be_written)
{
    file_write("/proc/self/comm", "renamed");
    char name[17] = "";
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK(strcmp(name, "renamed") == 0);
}

CASE(missing_entries)
{
    CHECK_ERR(open("/proc/99999999/stat", O_RDONLY), ENOENT);
    CHECK_ERR(open("/proc/self/nonsense", O_RDONLY), ENOENT);
    CHECK_ERR(open("/proc/self/fd/777", O_RDONLY), ENOENT);
    CHECK_ERR(open("/proc/new", O_WRONLY | O_CREAT, 0600), ENOENT);
}
