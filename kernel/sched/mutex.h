/*
 * Sleeping locks. Not for interrupts. A mutex has one owner; a rwlock has many readers or one
 * writer (writers are preferred, so a reader must not take it again). Zeroed is unlocked.
 */
#ifndef SCHED_MUTEX_H
#define SCHED_MUTEX_H

#include "sched/wait.h"

struct mutex {
    _Atomic(struct thread *) owner;
    struct wait_queue queue;
};

void mutex_lock(struct mutex *lock);
bool mutex_trylock(struct mutex *lock);
/* 0, or -EINTR when a fatal signal came. */
int mutex_lock_killable(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool mutex_held(const struct mutex *lock);

struct rwlock {
    struct spinlock guard;
    uint32_t readers;
    uint32_t writers_waiting;
    struct thread *writer;
    struct wait_queue queue;
};

void rwlock_read(struct rwlock *lock);
void rwlock_read_unlock(struct rwlock *lock);
void rwlock_write(struct rwlock *lock);
void rwlock_write_unlock(struct rwlock *lock);
bool rwlock_held_write(const struct rwlock *lock);

#endif
