/* Threads and futexes through the C library's and the kernel's own interface. */
#include "harness.h"

#include <fcntl.h>
#include <linux/futex.h>
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

CASE(futex_errors)
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

CASE(futex_wake_counts_and_bits)
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

CASE(futex_requeue)
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

CASE(futex_shared_across_fork)
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

CASE(futex_shared_through_two_mappings_of_a_file)
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
