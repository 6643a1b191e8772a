/* Threads through the C library: locks, conditions, exit and signals. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_t thread_start(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, body, argument), 0);
    return thread;
}

static void *thread_join(pthread_t thread)
{
    void *result;
    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

static void *add_one(void *argument)
{
    return (char *)argument + 1;
}

CASE(create_and_join)
{
    for (int i = 0; i < 100; i++)
        CHECK(thread_join(thread_start(add_one, (void *)(long)i)) == (void *)(long)(i + 1));
}

static __thread int own = 5;

static void *ids_thread(void *argument)
{
    CHECK_EQ(syscall(SYS_getpid), *(pid_t *)argument);
    CHECK(syscall(SYS_gettid) != *(pid_t *)argument);
    CHECK_EQ(own, 5);
    own = 6;
    return NULL;
}

CASE(ids_and_local_storage)
{
    pid_t pid = getpid();
    own = 7;
    pthread_t thread = thread_start(ids_thread, &pid);
    thread_join(thread);
    CHECK_EQ(own, 7);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int counter, turn;

static void *locked_counting(void *argument)
{
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        int seen = counter;
        if (i % 100 == 0)
            sched_yield();
        counter = seen + 1;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

CASE(mutual_exclusion)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = thread_start(locked_counting, NULL);
    for (int i = 0; i < 4; i++)
        thread_join(threads[i]);
    CHECK_EQ(counter, 8000);
}

static void *take_turns(void *argument)
{
    int self = *(int *)argument;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 100; i++) {
        while (turn % 3 != self)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

CASE(condition_variables)
{
    int selves[3] = {0, 1, 2};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = thread_start(take_turns, &selves[i]);
    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
    CHECK_EQ(turn, 300);
    struct timespec limit;
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &limit));
    pthread_mutex_lock(&mutex);
    CHECK_EQ(pthread_cond_timedwait(&condition, &mutex, &limit), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;

static void *meet(void *argument)
{
    long serial = 0;
    for (int i = 0; i < 20; i++) {
        serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        pthread_rwlock_wrlock(&rwlock);
        counter++;
        pthread_rwlock_unlock(&rwlock);
        pthread_barrier_wait(&barrier);
        pthread_rwlock_rdlock(&rwlock);
        CHECK_EQ(counter, 4 * (i + 1));
        pthread_rwlock_unlock(&rwlock);
    }
    (void)argument;
    return (void *)serial;
}

CASE(barriers_and_read_write_locks)
{
    pthread_t threads[4];
    long serial = 0;
    pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 4; i++)
        threads[i] = thread_start(meet, NULL);
    for (int i = 0; i < 4; i++)
        serial += (long)thread_join(threads[i]);
    CHECK_EQ(serial, 20);
}

static void *post_later(void *argument)
{
    sleep_ms(10);
    sem_post(&semaphore);
    return argument;
}

CASE(semaphores)
{
    sem_init(&semaphore, 0, 1);
    CHECK_OK(sem_wait(&semaphore));
    CHECK_ERR(sem_trywait(&semaphore), EAGAIN);
    pthread_t thread = thread_start(post_later, NULL);
    CHECK_OK(sem_wait(&semaphore));
    thread_join(thread);
}

static void *wait_forever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

CASE(cancellation)
{
    pthread_t thread = thread_start(wait_forever, NULL);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK(thread_join(thread) == PTHREAD_CANCELED);
}

static volatile int detached_done;

static void *detached(void *argument)
{
    pthread_detach(pthread_self());
    __atomic_store_n(&detached_done, 1, __ATOMIC_SEQ_CST);
    return argument;
}

CASE(detached_threads_vanish)
{
    for (int i = 0; i < 50; i++) {
        detached_done = 0;
        thread_start(detached, NULL);
        while (!detached_done)
            sleep_ms(1);
    }
}

CASE(exit_ends_all_threads)
{
    pid_t child = process_fork();
    if (child == 0) {
        for (int i = 0; i < 20; i++)
            thread_start(wait_forever, NULL);
        exit(42);
    }
    process_exits(child, 42);
}

static void *exit_from_thread(void *argument)
{
    _exit(*(int *)argument);
}

CASE(exit_from_another_thread)
{
    pid_t child = process_fork();
    if (child == 0) {
        int code = 43;
        thread_start(wait_forever, NULL);
        thread_start(exit_from_thread, &code);
        for (;;)
            pause();
    }
    process_exits(child, 43);
}

static void *leave_leader(void *argument)
{
    sleep_ms(20);
    exit(44);
    return argument;
}

CASE(leader_leaves_first)
{
    pid_t child = process_fork();
    if (child == 0) {
        thread_start(leave_leader, NULL);
        pthread_exit(NULL);
    }
    process_exits(child, 44);
}

CASE(fatal_signal_to_one_ends_all)
{
    pid_t child = process_fork();
    if (child == 0) {
        pthread_t thread = thread_start(wait_forever, NULL);
        pthread_kill(thread, SIGTERM);
        for (;;)
            pause();
    }
    process_dies(child, SIGTERM);
}

static volatile pid_t handler_tid;

static void tid_handler(int signal)
{
    (void)signal;
    handler_tid = syscall(SYS_gettid);
}

static volatile pid_t started_tid;

static void *wait_for_signal(void *argument)
{
    started_tid = syscall(SYS_gettid);
    while (!handler_tid)
        sleep_ms(1);
    return argument;
}

CASE(signal_to_a_thread)
{
    signal(SIGUSR1, tid_handler);
    pthread_t thread = thread_start(wait_for_signal, NULL);
    while (!started_tid)
        sleep_ms(1);
    CHECK_OK(syscall(SYS_tgkill, getpid(), started_tid, SIGUSR1));
    thread_join(thread);
    CHECK_EQ(handler_tid, started_tid);
}

CASE(process_signal_goes_to_a_thread_that_takes_it)
{
    sigset_t set;
    signal(SIGUSR1, tid_handler);
    pthread_t thread = thread_start(wait_for_signal, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    CHECK_OK(kill(getpid(), SIGUSR1));
    thread_join(thread);
    CHECK(handler_tid != getpid());
}

static int words[100];

static void *yielding(void *argument)
{
    int *word = argument;
    for (int i = 0; i < 100; i++) {
        ++*word;
        sched_yield();
    }
    return NULL;
}

CASE(a_hundred_threads)
{
    pthread_t threads[100];
    for (int i = 0; i < 100; i++)
        threads[i] = thread_start(yielding, &words[i]);
    for (int i = 0; i < 100; i++) {
        thread_join(threads[i]);
        CHECK_EQ(words[i], 100);
    }
}
