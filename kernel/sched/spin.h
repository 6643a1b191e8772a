/*
 * Spinlocks. A plain spin_lock may be taken only by code that never runs in an interrupt; a lock that an interrupt handler
 * takes is always taken with spin_lock_irq. Holding one forbids sleeping (asserted in debug kernels). The order is in
 * docs/order.md.
 */
#ifndef SCHED_SPIN_H
#define SCHED_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Zeroed is an unlocked lock. */
struct spinlock {
    _Atomic uint32_t locked;
    uint32_t owner; /* CPU id + 1 of the holder, for assertions */
};

void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
/* With interrupts off; returns the state that spin_unlock_irq restores. */
uint64_t spin_lock_irq(struct spinlock *lock);
void spin_unlock_irq(struct spinlock *lock, uint64_t saved);
/* True when this CPU holds the lock. */
bool spin_held(const struct spinlock *lock);

#endif
