/* Futexes through the kernel's own interface, robust locks, locks shared between processes. */
#include "harness.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long futex(int *word, int operation, int value, const void *limit, int *other, int third)
{
    return syscall(SYS_futex, word, operation, value, limit, other, third);
}

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

CASE(errors)
{
    int word = 5;
    struct timespec bad = {0, 2000000000};
    CHECK_ERR(futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
    CHECK_ERR(futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0), EINVAL);
    CHECK_ERR(futex((int *)((char *)&word + 1), FUTEX_WAIT, 5, NULL, NULL, 0), EINVAL);
    CHECK_ERR(futex((int *)8, FUTEX_WAIT, 5, NULL, NULL, 0), EFAULT);
    CHECK_ERR(futex(&word, 77, 0, NULL, NULL, 0), ENOSYS);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0), EINVAL);
    struct timespec limit = {0, 10000000};
    long start = clock_ms();
    CHECK_ERR(futex(&word, FUTEX_WAIT_PRIVATE, 5, &limit, NULL, 0), ETIMEDOUT);
    CHECK(clock_ms() - start >= 9);
    CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &limit)); /* absolute, and past */
    CHECK_ERR(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, &limit, NULL, -1), ETIMEDOUT);
}

struct waiter {
    int *word;
    int bits;
    pid_t tid;
};

static void *futex_waiter(void *argument)
{
    struct waiter *waiter = argument;
    waiter->tid = syscall(SYS_gettid);
    while (futex(waiter->word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, waiter->bits) == -1 &&
           errno == EINTR)
        ;
    return NULL;
}

static pthread_t waiter_start(struct waiter *waiter)
{
    pthread_t thread = thread_start(futex_waiter, waiter);
    while (!__atomic_load_n(&waiter->tid, __ATOMIC_SEQ_CST))
        sleep_ms(1);
    thread_await_sleep(waiter->tid);
    return thread;
}

CASE(wake_counts_and_bits)
{
    int word = 0;
    struct waiter waiters[4] = {{&word, 1, 0}, {&word, 2, 0}, {&word, 2, 0}, {&word, 4, 0}};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = waiter_start(&waiters[i]);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 2), 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 8), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
    for (int i = 0; i < 4; i++)
        thread_join(threads[i]);
}

CASE(requeue)
{
    int word = 0, other = 0;
    struct waiter waiters[3] = {{&word, -1, 0}, {&word, -1, 0}, {&word, -1, 0}};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = waiter_start(&waiters[i]);
    CHECK_ERR(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1l, &other, 7), EAGAIN);
    CHECK_EQ(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1l, &other, 0), 2);
    CHECK_EQ(futex(&other, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
    for (int i = 0; i < 3; i++)
        thread_join(threads[i]);
}

CASE(shared_across_fork)
{
    int *word = shared_alloc(PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0));
        _exit(0);
    }
    process_await(child, 0, "S");
    CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    process_exits(child, 0);
}

CASE(shared_through_two_mappings_of_a_file)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    CHECK_OK(ftruncate(fd, PAGE));
    int *one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int *two = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(one != MAP_FAILED && two != MAP_FAILED && one != two);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(futex(one, FUTEX_WAIT, 0, NULL, NULL, 0));
        _exit(0);
    }
    process_await(child, 0, "S");
    CHECK_EQ(futex(two, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    process_exits(child, 0);
}

static pthread_mutex_t *robust_mutex(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t *robust = shared_alloc(PAGE);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    CHECK_EQ(pthread_mutex_init(robust, &attributes), 0);
    return robust;
}

CASE(robust_mutex_of_a_dead_process)
{
    pthread_mutex_t *robust = robust_mutex();
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(pthread_mutex_lock(robust), 0);
        gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    CHECK_EQ(pthread_mutex_trylock(robust), EBUSY);
    process_kill(child);
    CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(robust), 0);
    CHECK_EQ(pthread_mutex_unlock(robust), 0);
    CHECK_EQ(pthread_mutex_lock(robust), 0);
}

CASE(robust_mutex_wakes_a_waiter)
{
    pthread_mutex_t *robust = robust_mutex();
    struct gate gate;
    gate_init(&gate);
    pid_t owner = process_fork();
    if (owner == 0) {
        CHECK_EQ(pthread_mutex_lock(robust), 0);
        gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    pid_t waiter = process_fork();
    if (waiter == 0)
        _exit(pthread_mutex_lock(robust) == EOWNERDEAD ? 7 : 8);
    process_await(waiter, 0, "S");
    process_kill(owner);
    process_exits(waiter, 7);
}

static void *robust_locking(void *argument)
{
    CHECK_EQ(pthread_mutex_lock(argument), 0);
    return NULL;
}

CASE(robust_mutex_of_a_dead_thread)
{
    pthread_mutex_t *robust = robust_mutex();
    thread_join(thread_start(robust_locking, robust));
    CHECK_EQ(pthread_mutex_lock(robust), EOWNERDEAD);
}

CASE(robust_list_calls)
{
    void *head = NULL;
    size_t length = 0;
    CHECK_OK(syscall(SYS_get_robust_list, 0, &head, &length));
    CHECK_EQ(length, sizeof(struct robust_list_head));
    CHECK_ERR(syscall(SYS_set_robust_list, head, 5), EINVAL);
}

CASE(shared_mutex_and_condition_between_processes)
{
    struct both {
        pthread_mutex_t mutex;
        pthread_cond_t condition;
        int turn;
    } *both = shared_alloc(PAGE);
    pthread_mutexattr_t lock_attributes;
    pthread_condattr_t condition_attributes;
    pthread_mutexattr_init(&lock_attributes);
    pthread_mutexattr_setpshared(&lock_attributes, PTHREAD_PROCESS_SHARED);
    pthread_condattr_init(&condition_attributes);
    pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&both->mutex, &lock_attributes);
    pthread_cond_init(&both->condition, &condition_attributes);
    pid_t child = process_fork();
    int self = child == 0;
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&both->mutex);
        while (both->turn % 2 != self)
            pthread_cond_wait(&both->condition, &both->mutex);
        both->turn++;
        pthread_cond_signal(&both->condition);
        pthread_mutex_unlock(&both->mutex);
    }
    if (child == 0)
        _exit(0);
    process_exits(child, 0);
    CHECK_EQ(both->turn, 200);
}
