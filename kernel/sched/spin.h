/*
 * Spinlocks. A plain spin_lock may be taken only by code that never runs in an interrupt; a lock
 * that an interrupt handler takes is always taken with spin_lock_irq. Holding one forbids sleeping
 * (asserted in debug kernels). The order is in docs/order.md.
 */
#ifndef SCHED_SPIN_H
#define SCHED_SPIN_H

#include "arch/cpu.h"
#include "lib/assert.h" /* DEBUG_CHECKS */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed is an unlocked lock. */
struct spinlock {
    _Atomic uint32_t locked;
    uint32_t owner; /* CPU id + 1 of the holder, for assertions */
};

/* The slow part of spin_lock: waits until the lock was taken. */
void spin_wait(struct spinlock *lock);
/* Debug kernels: the lock was taken / is about to be released by this CPU. */
void spin_note_taken(struct spinlock *lock);
void spin_note_release(struct spinlock *lock);

static inline bool spin_trylock(struct spinlock *lock)
{
    if (atomic_exchange_explicit(&lock->locked, 1, memory_order_acquire) != 0)
        return false;
    if (DEBUG_CHECKS)
        spin_note_taken(lock);
    return true;
}

static inline void spin_lock(struct spinlock *lock)
{
    if (!spin_trylock(lock))
        spin_wait(lock);
}

static inline void spin_unlock(struct spinlock *lock)
{
    if (DEBUG_CHECKS)
        spin_note_release(lock);
    atomic_store_explicit(&lock->locked, 0, memory_order_release);
}

/* With interrupts off; returns the state that spin_unlock_irq restores. */
static inline uint64_t spin_lock_irq(struct spinlock *lock)
{
    uint64_t saved = irq_save();

    spin_lock(lock);
    return saved;
}

static inline void spin_unlock_irq(struct spinlock *lock, uint64_t saved)
{
    spin_unlock(lock);
    irq_restore(saved);
}

/* True when this CPU holds the lock (known in debug kernels; otherwise: when any CPU does). For
 * assertions. */
bool spin_held(const struct spinlock *lock);

#endif
