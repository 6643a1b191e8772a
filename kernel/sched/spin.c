/*
 * Spinlocks: one word, exchanged until it was 0. Waiting reads before it exchanges, so that the
 * line is not torn between waiters.
 */
#include "sched/spin.h"
#include "trace/log.h"

void spin_wait(struct spinlock *lock)
{
    if (DEBUG_CHECKS && lock->owner == cpu_this()->id + 1)
        panic("spinlock %p taken again by its holder", (void *)lock);
    do {
        while (atomic_load_explicit(&lock->locked, memory_order_relaxed) != 0)
            cpu_relax();
    } while (!spin_trylock(lock));
}

void spin_note_taken(struct spinlock *lock)
{
    struct cpu *cpu = cpu_this();

    lock->owner = cpu->id + 1;
    cpu->spin_depth++;
}

void spin_note_release(struct spinlock *lock)
{
    struct cpu *cpu = cpu_this();

    if (lock->owner != cpu->id + 1)
        panic("spinlock %p released by CPU %u, which does not hold it", (void *)lock, cpu->id);
    lock->owner = 0;
    cpu->spin_depth--;
}

bool spin_held(const struct spinlock *lock)
{
    if (!DEBUG_CHECKS)
        return atomic_load_explicit(&lock->locked, memory_order_relaxed) != 0;
    return lock->owner == cpu_this()->id + 1;
}
