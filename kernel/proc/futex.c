/*
 * Futexes: the queues behind words of user memory, and plain waiting and waking.
 *
 * A word is known by its key: the backing and the offset in it for shared memory, else the space
 * and the address; so a private word means another futex in a forked child. Waiters hang in a hash
 * of buckets.
 *
 * The word is compared with the bucket locked, so that no wake-up is lost between the look and the
 * sleep. User memory must not be faulted in under a spinlock: such accesses run with
 * task->no_faults set, fail when the page is not there, and are repeated after the page was touched
 * without the lock.
 *
 * Locks: a bucket's lock (two in order of address); below it tree_lock. A released waiter takes its
 * bucket's lock before it goes on, so that its stack outlives the waker's work. Cost: O(waiters in
 * the bucket).
 */
#include "proc/futex.h"

#include "abi/restart.h"
#include "arch/cpu.h"
#include "arch/user.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "mem/backing.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/clock.h"
#include "proc/futex_internal.h"

static struct futex_bucket buckets[FUTEX_BUCKETS];

int futex_key_get(struct uaddr word, bool private_key, struct futex_key *key)
{
    struct space *space = process_current()->space;
    struct space_location location = {0};
    int error;

    if (word.value % sizeof(uint32_t) != 0)
        return -EINVAL;
    if (!user_range_ok(word, sizeof(uint32_t)))
        return -EFAULT;
    if (!private_key) {
        error = space_locate(space, word, &location);
        if (error)
            return error;
    }
    key->backing = location.backing;
    key->owner = location.backing ? (const void *)location.backing : space;
    key->offset = location.backing ? location.offset : word.value;
    return 0;
}

void futex_key_put(struct futex_key *key)
{
    if (key->backing)
        backing_put(key->backing);
    key->backing = NULL;
}

bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
    return &buckets[hash_u64(hash_pointer(key->owner) + key->offset) % FUTEX_BUCKETS];
}

struct futex_bucket *futex_bucket_at(unsigned index)
{
    return &buckets[index];
}

uint64_t futex_lock(struct futex_bucket *bucket)
{
    uint64_t saved = spin_lock_irq(&bucket->lock);

    if (!bucket->waiters.tqh_last)
        TAILQ_INIT(&bucket->waiters);
    return saved;
}

void futex_unlock(struct futex_bucket *bucket, uint64_t saved)
{
    spin_unlock_irq(&bucket->lock, saved);
}

int futex_load_locked(struct uaddr word, uint32_t *value)
{
    struct task *task = task_current();
    size_t left;

    task->no_faults = true;
    left = user_copy_in(value, word, sizeof(*value));
    task->no_faults = false;
    return left ? -EFAULT : 0;
}

int futex_exchange_locked(struct uaddr word, uint32_t expected, uint32_t desired, uint32_t *old)
{
    struct task *task = task_current();
    int error;

    task->no_faults = true;
    error = user_exchange32(word, expected, desired, old);
    task->no_faults = false;
    return error;
}

int futex_touch(struct uaddr word, bool write)
{
    uint32_t value, old;

    if (copy_from_user(&value, word, sizeof(value)) != 0)
        return -EFAULT;
    return write ? user_exchange32(word, value, value, &old) : 0;
}

void futex_queue_locked(struct futex_bucket *bucket, struct futex_waiter *waiter)
{
    TAILQ_INSERT_TAIL(&bucket->waiters, waiter, link);
    atomic_store(&waiter->bucket, bucket);
    atomic_store(&waiter->queued, true);
}

void futex_release_locked(struct futex_bucket *bucket, struct futex_waiter *waiter)
{
    TAILQ_REMOVE(&bucket->waiters, waiter, link);
    atomic_store(&waiter->queued, false);
    wait_wake_all(&waiter->queue);
}

/* Locks the bucket that the waiter belongs to, which a requeue may change meanwhile. */
static struct futex_bucket *waiter_lock(struct futex_waiter *waiter, uint64_t *saved)
{
    struct futex_bucket *bucket;

    for (;;) {
        bucket = atomic_load(&waiter->bucket);
        *saved = futex_lock(bucket);
        if (bucket == atomic_load(&waiter->bucket))
            return bucket;
        futex_unlock(bucket, *saved);
    }
}

static int sleep_once(const struct futex_wait_request *request)
{
    uint64_t deadline = request->deadline;
    int error;

    if (request->realtime && deadline != WAIT_FOREVER)
        deadline = clock_of_wall(deadline);
    error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
    if (error == -ETIMEDOUT && request->realtime && (uint64_t)wall_clock_now() < request->deadline)
        return 0; /* the clock was set back */
    return error;
}

int futex_sleep(struct futex_waiter *waiter, const struct futex_wait_request *request)
{
    struct futex_bucket *bucket;
    struct waiter self;
    uint64_t saved;
    int error = 0;

    waiter_init(&self);
    for (;;) {
        wait_enter(&waiter->queue, &self);
        if (error || !atomic_load(&waiter->queued))
            break;
        error = sleep_once(request);
    }
    wait_leave(&waiter->queue, &self);
    bucket = waiter_lock(waiter, &saved);
    if (atomic_load(&waiter->queued)) {
        TAILQ_REMOVE(&bucket->waiters, waiter, link);
        atomic_store(&waiter->queued, false);
    } else {
        error = 0;
    }
    futex_unlock(bucket, saved);
    return error;
}

/* Queues if the word holds the value. 0, -EAGAIN, -EFAULT. */
static int wait_setup(const struct futex_wait_request *request, struct futex_waiter *waiter)
{
    struct futex_bucket *bucket = futex_bucket_of(&waiter->key);
    uint64_t saved;
    uint32_t value = 0;
    int error;

    for (;;) {
        saved = futex_lock(bucket);
        error = futex_load_locked(request->word, &value);
        if (!error && value == request->value)
            futex_queue_locked(bucket, waiter);
        futex_unlock(bucket, saved);
        if (!error)
            return value == request->value ? 0 : -EAGAIN;
        if (futex_touch(request->word, false) != 0)
            return -EFAULT;
    }
}

enum { RESTART_PRIVATE = 1, RESTART_REALTIME = 2 };

static int64_t wait_restart(struct restart_block *block)
{
    struct futex_wait_request request = {
        .word = {block->values[0]},
        .value = (uint32_t)block->values[1],
        .bits = (uint32_t)block->values[2],
        .private_key = (block->values[3] & RESTART_PRIVATE) != 0,
        .realtime = (block->values[3] & RESTART_REALTIME) != 0,
        .deadline = block->deadline,
    };

    return futex_wait(&request);
}

static int64_t wait_interrupted(const struct futex_wait_request *request)
{
    struct restart_block *block = &task_current()->restart;

    if (request->deadline == WAIT_FOREVER)
        return -ERESTARTSYS;
    block->function = wait_restart;
    block->deadline = request->deadline;
    block->values[0] = request->word.value;
    block->values[1] = request->value;
    block->values[2] = request->bits;
    block->values[3] = (request->private_key ? (uint64_t)RESTART_PRIVATE : 0) |
                       (request->realtime ? (uint64_t)RESTART_REALTIME : 0);
    return -ERESTART_RESTARTBLOCK;
}

int64_t futex_wait(const struct futex_wait_request *request)
{
    struct futex_waiter waiter = {.task = task_current(), .bits = request->bits};
    int error;

    if (request->bits == 0)
        return -EINVAL;
    error = futex_key_get(request->word, request->private_key, &waiter.key);
    if (error)
        return error;
    error = wait_setup(request, &waiter);
    if (!error)
        error = futex_sleep(&waiter, request);
    futex_key_put(&waiter.key);
    return error == -EINTR ? wait_interrupted(request) : error;
}

int64_t futex_wake_key_locked(struct futex_bucket *bucket, const struct futex_key *key,
                              int32_t count, uint32_t bits)
{
    struct futex_waiter *waiter, *next;
    int32_t woken = 0;

    for (waiter = TAILQ_FIRST(&bucket->waiters); waiter; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        if (!futex_key_equal(&waiter->key, key))
            continue;
        if (waiter->pi)
            return -EINVAL;
        if (!(waiter->bits & bits))
            continue;
        futex_release_locked(bucket, waiter);
        if (++woken >= count)
            break;
    }
    return woken;
}

int64_t futex_wake(struct uaddr word, bool private_key, uint32_t count, uint32_t bits)
{
    struct futex_bucket *bucket;
    struct futex_key key;
    uint64_t saved;
    int64_t woken;
    int error;

    if (bits == 0)
        return -EINVAL;
    error = futex_key_get(word, private_key, &key);
    if (error)
        return error;
    bucket = futex_bucket_of(&key);
    saved = futex_lock(bucket);
    woken = futex_wake_key_locked(bucket, &key, (int32_t)count, bits);
    futex_unlock(bucket, saved);
    futex_key_put(&key);
    return woken;
}

void futex_wake_address(struct uaddr word, uint32_t count)
{
    (void)futex_wake(word, false, count, UINT32_MAX);
}

void futex_task_exit(struct task *task)
{
    robust_list_walk(task);
    futex_pi_task_exit(task);
}
