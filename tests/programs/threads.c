/*
 * A program with POSIX threads: what runs in parallel, what is shared, what fork does to it. Each
 * part prints one line.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t full, empty;
static _Thread_local long own;
static atomic_long total;
static long guarded, handed, once_count, cleaned, turn;
static volatile sig_atomic_t signalled;

static void threads_run(void *(*function)(void *), long results[THREADS])
{
    pthread_t threads[THREADS];
    void *result;
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, function, (void *)i) != 0)
            abort();
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &result);
        results[i] = (long)result;
    }
}

static void once_run(void)
{
    once_count++;
}

static void *thread_count(void *argument)
{
    pthread_once(&once, once_run);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        guarded++;
        pthread_mutex_unlock(&mutex);
        total++;
        own++;
    }
    return (void *)(own + (long)argument);
}

static void *thread_turn(void *argument)
{
    for (long i = (long)argument; i < 100 * THREADS; i += THREADS) {
        pthread_mutex_lock(&mutex);
        while (turn != i)
            pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *thread_semaphore(void *argument)
{
    for (int i = 0; i < 500; i++) {
        if ((long)argument % 2) {
            sem_wait(&empty);
            sem_post(&full);
        } else {
            sem_wait(&full);
            sem_post(&empty);
            pthread_rwlock_wrlock(&rwlock);
            handed++;
            pthread_rwlock_unlock(&rwlock);
        }
    }
    return NULL;
}

static void cleanup(void *argument)
{
    (void)argument;
    cleaned++;
}

static void *thread_sleep(void *argument)
{
    pthread_cleanup_push(cleanup, argument);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void on_signal(int signal)
{
    (void)signal;
    signalled++;
}

static void *thread_fork(void *argument)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        char *memory = malloc(100000);
        memset(memory, 1, 100000);
        _exit((int)(long)argument + memory[5]);
    }
    waitpid(pid, &status, 0);
    return (void *)(long)WEXITSTATUS(status);
}

static long sum(const long *results)
{
    long value = 0;
    for (int i = 0; i < THREADS; i++)
        value += results[i];
    return value;
}

static void cancel_and_signal(void)
{
    pthread_t thread;
    void *result;
    struct timespec soon;
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, thread_sleep, NULL);
    pthread_kill(thread, SIGUSR1);
    while (!signalled)
        usleep(1000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled %d, cleaned %ld, signalled %d\n", result == PTHREAD_CANCELED, cleaned,
           signalled);
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec = (soon.tv_nsec + 50000000) % 1000000000;
    soon.tv_sec += soon.tv_nsec < 50000000;
    pthread_mutex_lock(&mutex);
    printf("timed wait: %s\n", strerror(pthread_cond_timedwait(&condition, &mutex, &soon)));
    pthread_mutex_unlock(&mutex);
}

static void *thread_nothing(void *argument)
{
    return argument;
}

static void many(void)
{
    pthread_t thread;
    void *result;
    long ends = 0;
    for (long i = 0; i < 500; i++) {
        if (pthread_create(&thread, NULL, thread_nothing, (void *)i) != 0)
            abort();
        pthread_join(thread, &result);
        ends += (long)result;
    }
    printf("one after the other: %ld\n", ends);
}

static void *thread_exit_all(void *argument)
{
    (void)argument;
    fflush(stdout);
    exit(5);
}

int main(void)
{
    long results[THREADS];
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, THREADS);
    sem_init(&full, 0, 0);
    sem_init(&empty, 0, 3);
    threads_run(thread_count, results);
    printf("guarded %ld, atomic %ld, own %ld, once %ld\n", guarded, (long)total, sum(results),
           once_count);
    threads_run(thread_turn, results);
    printf("turns %ld\n", turn);
    threads_run(thread_semaphore, results);
    printf("handed over %ld\n", handed);
    threads_run(thread_fork, results);
    printf("children of threads %ld\n", sum(results));
    cancel_and_signal();
    many();
    pthread_create(&thread, NULL, thread_exit_all, NULL);
    for (;;)
        pause();
}
