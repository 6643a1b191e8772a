/*
 * Futexes that know their owner (FUTEX_LOCK_PI, for PTHREAD_PRIO_INHERIT): the word holds the
 * number of the task that has the lock.
 *
 * Ownership is handed on: unlocking writes the next owner's number into the word before it wakes
 * it, so that nobody can get in between. The next owner is the waiter of the highest real-time
 * priority, then the one that waited longest. When an owner ends without unlocking, one waiter is
 * released to take the word over with FUTEX_OWNER_DIED. The owner's priority is not raised.
 *
 * Locks: the bucket's; below it tree_lock, for the question whether an owner lives.
 */
#include "abi/restart.h"
#include "lib/errno.h"
#include "proc/futex_internal.h"
#include <linux/futex.h>

static _Atomic uint32_t pi_waiters; /* tasks in futex_lock_pi: 0 lets exit skip the search */

static struct futex_waiter *heir_locked(struct futex_bucket *bucket, const struct futex_key *key)
{
    struct futex_waiter *waiter, *best = NULL;

    TAILQ_FOREACH (waiter, &bucket->waiters, link) {
        if (waiter->pi && futex_key_equal(&waiter->key, key) &&
            (!best || waiter->task->thread.sched.priority > best->task->thread.sched.priority))
            best = waiter;
    }
    return best;
}

/* All who wait for the key wait for `owner` now. Returns whether there is any but `heir`. */
static bool owner_changes_locked(struct futex_bucket *bucket, const struct futex_key *key,
                                 int32_t owner, const struct futex_waiter *heir)
{
    struct futex_waiter *waiter;
    bool any = false;

    TAILQ_FOREACH (waiter, &bucket->waiters, link) {
        if (waiter == heir || !waiter->pi || !futex_key_equal(&waiter->key, key))
            continue;
        waiter->owner = owner;
        any = true;
    }
    return any;
}

/* Whether somebody of that number will unlock, or die and be noticed. */
static bool owner_lives(int32_t number)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct task *task = task_find_locked(number);
    bool lives = task && !atomic_load(&task->futex_done);

    spin_unlock_irq(&tree_lock, saved);
    return lives;
}

enum { PI_OWNED = 0, PI_QUEUED = 1 };

/* One look at the word with the bucket locked: PI_OWNED, PI_QUEUED, -EFAULT (touch and repeat),
 * -EDEADLK, -EAGAIN, -ESRCH. */
static int lock_try_locked(struct futex_bucket *bucket, struct uaddr word,
                           struct futex_waiter *waiter, bool try_only, int32_t dead_owner)
{
    int32_t self = waiter->task->thread.tid, owner;
    uint32_t old, seen, wanted;
    int error = futex_load_locked(word, &seen);

    do {
        if (error)
            return error;
        old = seen;
        owner = (int32_t)(old & FUTEX_TID_MASK);
        if (owner == self)
            return -EDEADLK;
        if (owner == 0 || owner == dead_owner) {
            wanted = (uint32_t)self | (old & FUTEX_OWNER_DIED);
            if (owner != 0)
                wanted |= FUTEX_OWNER_DIED;
            if (heir_locked(bucket, &waiter->key))
                wanted |= FUTEX_WAITERS;
        } else if (try_only) {
            return -EAGAIN;
        } else if (!owner_lives(owner)) {
            return -ESRCH;
        } else {
            wanted = old | FUTEX_WAITERS;
        }
        error = futex_exchange_locked(word, old, wanted, &seen);
    } while (error || seen != old);
    if (owner == 0 || owner == dead_owner) {
        (void)owner_changes_locked(bucket, &waiter->key, self, NULL);
        return PI_OWNED;
    }
    waiter->owner = owner;
    waiter->owner_died = false;
    futex_queue_locked(bucket, waiter);
    return PI_QUEUED;
}

/* Until owned, queued or refused. */
static int lock_try(struct uaddr word, struct futex_waiter *waiter, bool try_only,
                    int32_t dead_owner)
{
    struct futex_bucket *bucket = futex_bucket_of(&waiter->key);
    uint64_t saved;
    int result;

    for (;;) {
        saved = futex_lock(bucket);
        result = lock_try_locked(bucket, word, waiter, try_only, dead_owner);
        futex_unlock(bucket, saved);
        if (result != -EFAULT || futex_touch(word, true) != 0)
            return result;
    }
}

int64_t futex_lock_pi(const struct futex_wait_request *request, bool try_only)
{
    struct futex_waiter waiter = {.task = task_current(), .pi = true, .bits = UINT32_MAX};
    int32_t dead_owner = 0;
    int result = futex_key_get(request->word, request->private_key, &waiter.key);

    if (result)
        return result;
    atomic_fetch_add(&pi_waiters, 1);
    for (;;) {
        result = lock_try(request->word, &waiter, try_only, dead_owner);
        if (result != PI_QUEUED)
            break;
        result = futex_sleep(&waiter, request);
        if (result != 0 || !waiter.owner_died)
            break;
        dead_owner = waiter.owner;
    }
    atomic_fetch_sub(&pi_waiters, 1);
    futex_key_put(&waiter.key);
    return result == -EINTR ? -ERESTARTNOINTR : result;
}

/* 0, -EFAULT (touch and repeat), -EPERM. */
static int unlock_locked(struct futex_bucket *bucket, struct uaddr word,
                         const struct futex_key *key)
{
    struct futex_waiter *heir = heir_locked(bucket, key);
    int32_t self = thread_current()->tid;
    uint32_t old, seen, wanted = 0;
    int error = futex_load_locked(word, &seen);

    if (heir) {
        wanted = (uint32_t)heir->task->thread.tid;
        if (owner_changes_locked(bucket, key, heir->task->thread.tid, heir))
            wanted |= FUTEX_WAITERS;
    }
    do {
        if (error)
            return error;
        old = seen;
        if ((int32_t)(old & FUTEX_TID_MASK) != self)
            return -EPERM;
        error = futex_exchange_locked(word, old, wanted, &seen);
    } while (error || seen != old);
    if (heir)
        futex_release_locked(bucket, heir);
    return 0;
}

int64_t futex_unlock_pi(struct uaddr word, bool private_key)
{
    struct futex_bucket *bucket;
    struct futex_key key;
    uint64_t saved;
    int result = futex_key_get(word, private_key, &key);

    if (result)
        return result;
    bucket = futex_bucket_of(&key);
    do {
        saved = futex_lock(bucket);
        result = unlock_locked(bucket, word, &key);
        futex_unlock(bucket, saved);
    } while (result == -EFAULT && futex_touch(word, true) == 0);
    futex_key_put(&key);
    return result;
}

/* One waiter of each word that `number` held is released; the others learn of the new owner from
 * it. */
static void bucket_bereave(struct futex_bucket *bucket, int32_t number)
{
    uint64_t saved = futex_lock(bucket);
    struct futex_waiter *waiter, *next;

    for (waiter = TAILQ_FIRST(&bucket->waiters); waiter; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        if (!waiter->pi || waiter->owner != number || heir_locked(bucket, &waiter->key) != waiter)
            continue;
        waiter->owner_died = true;
        (void)owner_changes_locked(bucket, &waiter->key, 0, waiter);
        futex_release_locked(bucket, waiter);
    }
    futex_unlock(bucket, saved);
}

void futex_pi_task_exit(struct task *task)
{
    atomic_store(&task->futex_done, true);
    if (atomic_load(&pi_waiters) == 0)
        return;
    for (unsigned i = 0; i < FUTEX_BUCKETS; i++)
        bucket_bereave(futex_bucket_at(i), task->thread.tid);
}
