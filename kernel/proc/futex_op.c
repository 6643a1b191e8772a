/*
 * Futex operations on two words: moving waiters from one to the other, and changing one word while
 * waking waiters of both.
 */
#include "lib/errno.h"
#include "mem/backing.h"
#include "proc/futex_internal.h"
#include <linux/futex.h>

struct two_futexes {
    struct futex_key first, second;
    struct futex_bucket *first_bucket, *second_bucket;
    uint64_t saved;
};

static int two_get(struct two_futexes *two, struct uaddr first, struct uaddr second,
                   bool private_key)
{
    int error = futex_key_get(first, private_key, &two->first);

    if (error)
        return error;
    error = futex_key_get(second, private_key, &two->second);
    if (error) {
        futex_key_put(&two->first);
        return error;
    }
    two->first_bucket = futex_bucket_of(&two->first);
    two->second_bucket = futex_bucket_of(&two->second);
    return 0;
}

static void two_put(struct two_futexes *two)
{
    futex_key_put(&two->first);
    futex_key_put(&two->second);
}

static void two_lock(struct two_futexes *two)
{
    struct futex_bucket *a = two->first_bucket, *b = two->second_bucket;

    two->saved = futex_lock(a < b ? a : b);
    if (a != b)
        (void)futex_lock(a < b ? b : a);
}

static void two_unlock(struct two_futexes *two)
{
    if (two->first_bucket != two->second_bucket)
        spin_unlock(&two->second_bucket->lock);
    futex_unlock(two->first_bucket, two->saved);
}

/* The waiter waits for the second word from now on. */
static void waiter_move_locked(struct two_futexes *two, struct futex_waiter *waiter)
{
    struct backing *old = waiter->key.backing;

    TAILQ_REMOVE(&two->first_bucket->waiters, waiter, link);
    waiter->key = two->second;
    if (waiter->key.backing)
        backing_get(waiter->key.backing);
    if (old)
        backing_put(old);
    futex_queue_locked(two->second_bucket, waiter);
}

static int64_t requeue_locked(struct two_futexes *two, uint32_t wake, uint32_t move)
{
    struct futex_waiter *waiter, *next,
        *last = TAILQ_LAST(&two->first_bucket->waiters, futex_waiters);
    uint64_t done = 0;

    for (waiter = TAILQ_FIRST(&two->first_bucket->waiters); waiter; waiter = next) {
        next = waiter == last ? NULL : TAILQ_NEXT(waiter, link);
        if (done >= (uint64_t)wake + move)
            break;
        if (!futex_key_equal(&waiter->key, &two->first))
            continue;
        if (waiter->pi)
            return -EINVAL;
        if (done++ < wake)
            futex_release_locked(two->first_bucket, waiter);
        else if (!futex_key_equal(&two->first, &two->second))
            waiter_move_locked(two, waiter);
    }
    return (int64_t)done;
}

int64_t futex_requeue(struct uaddr from, struct uaddr to, bool private_key, uint32_t wake,
                      uint32_t move, const uint32_t *expected)
{
    struct two_futexes two;
    uint32_t value = 0;
    int64_t result;
    int error;

    if ((int32_t)wake < 0 || (int32_t)move < 0)
        return -EINVAL;
    result = two_get(&two, from, to, private_key);
    if (result)
        return result;
    do {
        two_lock(&two);
        error = expected ? futex_load_locked(from, &value) : 0;
        if (error)
            result = -EFAULT;
        else if (expected && value != *expected)
            result = -EAGAIN;
        else
            result = requeue_locked(&two, wake, move);
        two_unlock(&two);
    } while (error && futex_touch(from, false) == 0);
    two_put(&two);
    return result;
}

static int32_t sign_extend_12(uint32_t bits)
{
    return (int32_t)(bits << 20) >> 20;
}

/* What the operation makes of the old value. -ENOSYS: unknown. */
static int operation_apply(uint32_t operation, uint32_t old, uint32_t *new)
{
    uint32_t code = operation >> 28;
    uint32_t argument = (uint32_t)sign_extend_12(operation >> 12 & 0xfff);

    if (code & FUTEX_OP_OPARG_SHIFT)
        argument = UINT32_C(1) << (argument & 31);
    switch (code & ~(uint32_t)FUTEX_OP_OPARG_SHIFT) {
    case FUTEX_OP_SET:
        *new = argument;
        return 0;
    case FUTEX_OP_ADD:
        *new = old + argument;
        return 0;
    case FUTEX_OP_OR:
        *new = old | argument;
        return 0;
    case FUTEX_OP_ANDN:
        *new = old & ~argument;
        return 0;
    case FUTEX_OP_XOR:
        *new = old ^ argument;
        return 0;
    default:
        return -ENOSYS;
    }
}

/* Whether the old value calls for waking the second word's waiters: 0, 1, -ENOSYS. */
static int operation_compare(uint32_t operation, uint32_t old)
{
    int32_t argument = sign_extend_12(operation & 0xfff), value = (int32_t)old;

    switch (operation >> 24 & 0xf) {
    case FUTEX_OP_CMP_EQ:
        return value == argument;
    case FUTEX_OP_CMP_NE:
        return value != argument;
    case FUTEX_OP_CMP_LT:
        return value < argument;
    case FUTEX_OP_CMP_LE:
        return value <= argument;
    case FUTEX_OP_CMP_GT:
        return value > argument;
    case FUTEX_OP_CMP_GE:
        return value >= argument;
    default:
        return -ENOSYS;
    }
}

/* Changes the word atomically. 0, -EFAULT (touch it and repeat), -ENOSYS. Buckets locked. */
static int operation_locked(struct uaddr word, uint32_t operation, uint32_t *old)
{
    uint32_t expected, new;
    int error = futex_load_locked(word, old);

    do {
        expected = *old;
        if (!error)
            error = operation_apply(operation, expected, &new);
        if (!error)
            error = futex_exchange_locked(word, expected, new, old);
    } while (!error && *old != expected);
    return error;
}

int64_t futex_wake_op(struct uaddr first, struct uaddr second, bool private_key, uint32_t count,
                      uint32_t second_count, uint32_t operation)
{
    struct two_futexes two;
    uint32_t old = 0;
    int64_t result = two_get(&two, first, second, private_key), more;
    int error;

    if (result)
        return result;
    do {
        two_lock(&two);
        error = operation_locked(second, operation, &old);
        result = error ? error : operation_compare(operation, old);
        if (result >= 0) {
            more = result ? futex_wake_key_locked(two.second_bucket, &two.second,
                                                  (int32_t)second_count, UINT32_MAX)
                          : 0;
            result =
                futex_wake_key_locked(two.first_bucket, &two.first, (int32_t)count, UINT32_MAX);
            result = result < 0 ? result : more < 0 ? more : result + more;
        }
        two_unlock(&two);
    } while (error == -EFAULT && futex_touch(second, true) == 0);
    two_put(&two);
    return result;
}
