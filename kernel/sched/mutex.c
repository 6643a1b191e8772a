/*
 * Sleeping locks. A mutex is free when it has no owner; one exchange takes it, and only a lock that
 * somebody waits for costs more. A waiter that is woken competes with newcomers: the lock never
 * stands still for a thread that is not running yet.
 */
#include "sched/mutex.h"
#include "lib/errno.h"
#include "sched/thread.h"
#include "trace/log.h"

bool mutex_trylock(struct mutex *lock)
{
    struct thread *none = NULL, *self = thread_current();

    if (!atomic_compare_exchange_strong_explicit(&lock->owner, &none, self, memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    if (DEBUG_CHECKS)
        self->mutexes_held++;
    return true;
}

static int mutex_wait(struct mutex *lock, enum wait_mode mode)
{
    struct waiter self;
    int error = 0;

    if (DEBUG_CHECKS && mutex_held(lock))
        panic("mutex %p taken again by its owner", (void *)lock);
    waiter_init(&self);
    for (;;) {
        wait_enter_exclusive(&lock->queue, &self);
        if (mutex_trylock(lock))
            break;
        error = wait_sleep(mode, WAIT_FOREVER);
        if (error != 0)
            break;
    }
    wait_leave(&lock->queue, &self);
    return error;
}

static void assert_may_wait(void)
{
    if (DEBUG_CHECKS && (cpu_this()->spin_depth != 0 || cpu_this()->interrupt_depth != 0))
        panic("a mutex is taken with a spinlock held or in an interrupt");
}

void mutex_lock(struct mutex *lock)
{
    assert_may_wait();
    if (!mutex_trylock(lock))
        mutex_wait(lock, WAIT_UNINTERRUPTIBLE);
}

int mutex_lock_killable(struct mutex *lock)
{
    assert_may_wait();
    return mutex_trylock(lock) ? 0 : mutex_wait(lock, WAIT_KILLABLE);
}

void mutex_unlock(struct mutex *lock)
{
    if (DEBUG_CHECKS) {
        if (!mutex_held(lock))
            panic("mutex %p released by a thread that does not own it", (void *)lock);
        thread_current()->mutexes_held--;
    }
    atomic_store_explicit(&lock->owner, NULL, memory_order_release);
    wait_wake_one(&lock->queue);
}

bool mutex_held(const struct mutex *lock)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == thread_current();
}
