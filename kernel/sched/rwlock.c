/*
 * Locks with many readers or one writer. The guard is held only to look at and change the counts; a
 * waiting writer keeps new readers out. Everybody is woken when the lock becomes free in a way that
 * may help; they look again.
 */
#include "lib/errno.h"
#include "sched/mutex.h"
#include "sched/thread.h"
#include "trace/log.h"

static bool read_try(struct rwlock *lock)
{
    bool taken;

    spin_lock(&lock->guard);
    taken = lock->writer == NULL && lock->writers_waiting == 0;
    if (taken)
        lock->readers++;
    spin_unlock(&lock->guard);
    return taken;
}

static bool write_try(struct rwlock *lock)
{
    bool taken;

    spin_lock(&lock->guard);
    taken = lock->writer == NULL && lock->readers == 0;
    if (taken)
        lock->writer = thread_current();
    spin_unlock(&lock->guard);
    return taken;
}

static void wait_until(struct rwlock *lock, bool (*try)(struct rwlock *lock))
{
    struct waiter self;

    waiter_init(&self);
    for (;;) {
        wait_enter(&lock->queue, &self);
        if (try(lock))
            break;
        wait_sleep(WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&lock->queue, &self);
}

void rwlock_read(struct rwlock *lock)
{
    if (!read_try(lock))
        wait_until(lock, read_try);
}

void rwlock_read_unlock(struct rwlock *lock)
{
    bool last;

    spin_lock(&lock->guard);
    last = --lock->readers == 0;
    spin_unlock(&lock->guard);
    if (last)
        wait_wake_all(&lock->queue);
}

static void writers_waiting_add(struct rwlock *lock, int change)
{
    spin_lock(&lock->guard);
    lock->writers_waiting += (uint32_t)change;
    spin_unlock(&lock->guard);
}

void rwlock_write(struct rwlock *lock)
{
    if (write_try(lock))
        return;
    if (DEBUG_CHECKS && rwlock_held_write(lock))
        panic("rwlock %p taken again by its writer", (void *)lock);
    writers_waiting_add(lock, 1);
    wait_until(lock, write_try);
    writers_waiting_add(lock, -1);
}

void rwlock_write_unlock(struct rwlock *lock)
{
    if (DEBUG_CHECKS && !rwlock_held_write(lock))
        panic("rwlock %p released by a thread that does not hold it", (void *)lock);
    spin_lock(&lock->guard);
    lock->writer = NULL;
    spin_unlock(&lock->guard);
    wait_wake_all(&lock->queue);
}

bool rwlock_held_write(const struct rwlock *lock)
{
    return lock->writer == thread_current();
}
