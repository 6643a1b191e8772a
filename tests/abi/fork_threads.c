/* fork in a process with threads: only the caller survives, and racing writers see whole snapshots.
 */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int stop, started;
static __thread int own = 1;

static void *idle_thread(void *argument)
{
    atomic_fetch_add(&started, 1);
    while (!atomic_load(&stop))
        sleep_ms(1);
    return argument;
}

static int task_count(void)
{
    char text[4096];
    file_read("/proc/self/status", text, sizeof(text));
    char *line = strstr(text, "\nThreads:");
    CHECK(line != NULL);
    return atoi(line + 9);
}

static void threads_start(pthread_t *threads, int count, void *(*body)(void *))
{
    for (int i = 0; i < count; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, body, NULL), 0);
    while (atomic_load(&started) < count)
        sleep_ms(1);
}

CASE(only_the_caller_survives)
{
    pthread_t threads[4];
    threads_start(threads, 4, idle_thread);
    CHECK_EQ(task_count(), 5);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(task_count(), 1);
        CHECK_EQ(syscall(SYS_gettid), getpid());
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(task_count(), 5);
}

static void *forking_thread(void *argument)
{
    own = 33;
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(task_count(), 1);
        CHECK_EQ(syscall(SYS_gettid), getpid());
        CHECK_EQ(own, 33);
        own = 34;
        exit(own);
    }
    process_exits(child, 34);
    CHECK_EQ(own, 33);
    return argument;
}

CASE(fork_from_a_second_thread)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, forking_thread, NULL), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(own, 1);
}

CASE(child_can_start_threads)
{
    pthread_t threads[2];
    threads_start(threads, 2, idle_thread);
    pid_t child = process_fork();
    if (child == 0) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, forking_thread, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        _exit(0);
    }
    process_exits(child, 0);
}

static void *forking_loop(void *argument)
{
    for (int i = 0; i < 50; i++) {
        pid_t child = process_fork();
        if (child == 0)
            _exit(i);
        process_exits(child, i);
    }
    return argument;
}

CASE(many_threads_fork_at_once)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, forking_loop, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_ERR(wait(NULL), ECHILD);
}

enum { WORDS = 64 };
static volatile unsigned long *words[WORDS];

/* Writes rising numbers: word 0 first, so a snapshot never holds word i+1 newer than word i. */
static void *rising_thread(void *argument)
{
    atomic_fetch_add(&started, 1);
    for (unsigned long round = 1; !atomic_load(&stop); round++) {
        for (int i = 0; i < WORDS; i++)
            *words[i] = round;
        sched_yield();
    }
    return argument;
}

/* The writer goes on during the fork: what the child holds must be one moment of the parent's
 * memory, and must not change afterwards. */
CASE(snapshot_is_of_one_moment)
{
    pthread_t thread;
    char *memory = memory_alloc(WORDS * PAGE);
    for (int i = 0; i < WORDS; i++)
        words[i] = (volatile unsigned long *)(memory + i * PAGE);
    threads_start(&thread, 1, rising_thread);
    for (int round = 0; round < 30; round++) {
        pid_t child = process_fork();
        if (child == 0) {
            unsigned long seen[WORDS];
            for (int i = 0; i < WORDS; i++)
                seen[i] = *words[i];
            for (int i = 1; i < WORDS; i++)
                CHECK(seen[i] <= seen[i - 1] && seen[i] + 1 >= seen[0]);
            sleep_ms(2);
            for (int i = 0; i < WORDS; i++)
                CHECK_EQ(*words[i], seen[i]);
            _exit(0);
        }
        process_exits(child, 0);
    }
    atomic_store(&stop, 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static atomic_ulong parent_sum;

static void *counting_thread(void *argument)
{
    volatile unsigned long *word = argument;
    atomic_fetch_add(&started, 1);
    while (!atomic_load(&stop)) {
        (*word)++;
        atomic_fetch_add(&parent_sum, 1);
        if (*word % 64 == 0)
            sched_yield();
    }
    return NULL;
}

/* No increment of a running thread is lost when its page is copied under it. */
CASE(no_write_is_lost)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    unsigned long *memory = (unsigned long *)memory_alloc(PAGE);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, counting_thread, memory + i * 16), 0);
    while (atomic_load(&started) < THREADS)
        sleep_ms(1);
    for (int round = 0; round < 50; round++) {
        pid_t child = process_fork();
        if (child == 0)
            _exit(0);
        process_exits(child, 0);
    }
    atomic_store(&stop, 1);
    unsigned long sum = 0;
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
        sum += memory[i * 16];
    }
    CHECK_EQ(sum, atomic_load(&parent_sum));
}

static void *mapping_thread(void *argument)
{
    atomic_fetch_add(&started, 1);
    while (!atomic_load(&stop)) {
        char *memory = memory_alloc(3 * MIB);
        for (size_t at = 0; at < 3 * MIB; at += 64 * PAGE)
            memory[at] = 1;
        CHECK_OK(mprotect(memory + MIB, MIB, PROT_READ));
        CHECK_OK(munmap(memory, 3 * MIB));
        sched_yield();
    }
    return argument;
}

CASE(fork_races_mapping)
{
    pthread_t threads[2];
    threads_start(threads, 2, mapping_thread);
    for (int round = 0; round < 60; round++) {
        pid_t child = process_fork();
        if (child == 0) {
            char *memory = memory_alloc(MIB);
            memset(memory, 1, MIB);
            _exit(0);
        }
        process_exits(child, 0);
    }
    atomic_store(&stop, 1);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

static void *opening_thread(void *argument)
{
    atomic_fetch_add(&started, 1);
    while (!atomic_load(&stop)) {
        int fds[2];
        CHECK_OK(pipe2(fds, O_CLOEXEC));
        CHECK_OK(close(fds[0]));
        CHECK_OK(close(fds[1]));
        sched_yield();
    }
    return argument;
}

CASE(fork_races_open)
{
    pthread_t thread;
    threads_start(&thread, 1, opening_thread);
    for (int round = 0; round < 60; round++) {
        pid_t child = process_fork();
        if (child == 0) {
            for (int fd = 3; fd < 8; fd++)
                close(fd);
            _exit(0);
        }
        process_exits(child, 0);
    }
    atomic_store(&stop, 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

CASE(kill_while_threads_fork)
{
    for (int round = 0; round < 10; round++) {
        struct gate gate;
        gate_init(&gate);
        pid_t child = process_fork();
        if (child == 0) {
            pthread_t thread;
            setpgid(0, 0);
            gate_open(&gate);
            CHECK_EQ(pthread_create(&thread, NULL, forking_loop, NULL), 0);
            forking_loop(NULL);
            for (;;)
                pause();
        }
        gate_wait(&gate);
        sleep_ms(round);
        CHECK_OK(kill(-child, SIGKILL));
        process_dies(child, SIGKILL);
        gate_drop(&gate);
    }
}

CASE(other_thread_reaps)
{
    pid_t child = process_fork();
    if (child == 0) {
        pthread_t thread;
        CHECK_EQ(pthread_create(&thread, NULL, forking_loop, NULL), 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        _exit(0);
    }
    process_exits(child, 0);
}
