/*
 * What each user has: processes (with threads) and queued signals, for RLIMIT_NPROC and
 * RLIMIT_SIGPENDING.
 *
 * A small hash by user id. An entry exists while one of its counts is not zero.
 * Locks: count_lock, innermost, with interrupts off. Cost: O(1) for the few users of a machine.
 */
#include "lib/errno.h"
#include "lib/hash.h"
#include "mem/slab.h"
#include "proc/identity.h"
#include "sched/spin.h"

enum { USER_BUCKETS = 64 };

struct user {
    struct user *next;
    uint32_t uid;
    uint64_t processes, signals;
};

static struct slab_cache user_cache = SLAB_CACHE("user", sizeof(struct user));
static struct spinlock count_lock;
static struct user *buckets[USER_BUCKETS]; /* count_lock */

static struct user **user_slot(uint32_t uid)
{
    struct user **slot = &buckets[hash_u64(uid) % USER_BUCKETS];

    while (*slot && (*slot)->uid != uid)
        slot = &(*slot)->next;
    return slot;
}

/* The user, made if need be; NULL: no memory. */
static struct user *user_make(uint32_t uid)
{
    struct user **slot = user_slot(uid);

    if (!*slot) {
        *slot = slab_alloc_zero(&user_cache);
        if (*slot)
            (*slot)->uid = uid;
    }
    return *slot;
}

static void user_forget_unused(uint32_t uid)
{
    struct user **slot = user_slot(uid), *user = *slot;

    if (user && user->processes == 0 && user->signals == 0) {
        *slot = user->next;
        slab_free(&user_cache, user);
    }
}

int identity_charge_process(uint32_t uid, uint64_t limit)
{
    uint64_t saved = spin_lock_irq(&count_lock);
    struct user *user = user_make(uid);
    int error = 0;

    if (!user)
        error = -ENOMEM;
    else if (user->processes >= limit)
        error = -EAGAIN;
    else
        user->processes++;
    if (user && error)
        user_forget_unused(uid);
    spin_unlock_irq(&count_lock, saved);
    return error;
}

void identity_uncharge_process(uint32_t uid)
{
    uint64_t saved = spin_lock_irq(&count_lock);
    struct user *user = *user_slot(uid);

    if (user && user->processes > 0)
        user->processes--;
    user_forget_unused(uid);
    spin_unlock_irq(&count_lock, saved);
}

bool identity_charge_signal(uint32_t uid, uint64_t limit)
{
    uint64_t saved = spin_lock_irq(&count_lock);
    struct user *user = user_make(uid);
    bool charged = user && user->signals < limit;

    if (charged)
        user->signals++;
    else
        user_forget_unused(uid);
    spin_unlock_irq(&count_lock, saved);
    return charged;
}

void identity_uncharge_signal(uint32_t uid)
{
    uint64_t saved = spin_lock_irq(&count_lock);
    struct user *user = *user_slot(uid);

    if (user && user->signals > 0)
        user->signals--;
    user_forget_unused(uid);
    spin_unlock_irq(&count_lock, saved);
}

uint64_t identity_process_count(uint32_t uid)
{
    uint64_t saved = spin_lock_irq(&count_lock);
    struct user *user = *user_slot(uid);
    uint64_t count = user ? user->processes : 0;

    spin_unlock_irq(&count_lock, saved);
    return count;
}

uint64_t identity_signal_count(uint32_t uid)
{
    uint64_t saved = spin_lock_irq(&count_lock);
    struct user *user = *user_slot(uid);
    uint64_t count = user ? user->signals : 0;

    spin_unlock_irq(&count_lock, saved);
    return count;
}
