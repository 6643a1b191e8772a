/*
 * What the parts of futexes share: keys, buckets, waiters.
 */
#ifndef PROC_FUTEX_INTERNAL_H
#define PROC_FUTEX_INTERNAL_H

#include "proc/futex.h"

struct backing;

enum { FUTEX_BUCKETS = 256 };

/* Where a word lives: in a backing (shared memory, the key holds a count), or in a private space.
 */
struct futex_key {
    const void *owner; /* struct backing or struct space */
    uint64_t offset;
    struct backing *backing; /* counted, or NULL */
};

struct futex_waiter {
    TAILQ_ENTRY(futex_waiter) link; /* bucket */
    struct futex_key key;           /* bucket, once queued; its count is the waiter's */
    struct task *task;              /* c */
    struct futex_bucket
        *_Atomic bucket; /* where it is queued or was last; changed under that bucket's lock */
    _Atomic bool queued; /* bucket */
    bool pi;             /* c waits to own the word */
    bool owner_died;     /* bucket: PI: released because the owner died; takes the word itself */
    int32_t owner;       /* bucket: PI: number of the task that holds the word */
    uint32_t bits;       /* c */
    struct wait_queue queue;
};

TAILQ_HEAD(futex_waiters, futex_waiter);

struct futex_bucket {
    struct spinlock lock;
    struct futex_waiters waiters; /* lock */
};

/* 0, -EFAULT, -EINVAL (not aligned). futex_key_put gives up what it holds. */
int futex_key_get(struct uaddr word, bool private_key, struct futex_key *key);
void futex_key_put(struct futex_key *key);
bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
struct futex_bucket *futex_bucket_of(const struct futex_key *key);
struct futex_bucket *futex_bucket_at(unsigned index); /* 0 … FUTEX_BUCKETS - 1 */
/* With interrupts off. */
uint64_t futex_lock(struct futex_bucket *bucket);
void futex_unlock(struct futex_bucket *bucket, uint64_t saved);

/* Access to the word with a bucket locked: -EFAULT when the page is not there; then futex_touch()
 * without the lock, and again. */
int futex_load_locked(struct uaddr word, uint32_t *value);
int futex_exchange_locked(struct uaddr word, uint32_t expected, uint32_t desired, uint32_t *old);
/* Makes the page of the word present, for reading or writing. 0 or -EFAULT. */
int futex_touch(struct uaddr word, bool write);

/* The key moves into the waiter. Bucket locked. */
void futex_queue_locked(struct futex_bucket *bucket, struct futex_waiter *waiter);
/* Takes off and wakes. Bucket locked; the waiter is gone soon after the lock is released. */
void futex_release_locked(struct futex_bucket *bucket, struct futex_waiter *waiter);
/* Wakes up to max(count, 1) waiters of the key. How many, or -EINVAL (a PI waiter is among them).
 * Bucket locked. */
int64_t futex_wake_key_locked(struct futex_bucket *bucket, const struct futex_key *key,
                              int32_t count, uint32_t bits);
/* Sleeps until released or until the deadline or a signal: 0 released, -ETIMEDOUT, -EINTR (off the
 * queue in every case). */
int futex_sleep(struct futex_waiter *waiter, const struct futex_wait_request *request);

/* PI words that `task` holds while others wait: one waiter of each takes it over. */
void futex_pi_task_exit(struct task *task);
/* robust.c */
void robust_list_walk(struct task *task);

#endif
