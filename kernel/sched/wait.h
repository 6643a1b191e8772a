/*
 * Wait queues: how a thread sleeps until something happens, and how whoever makes it happen says
 * so.
 *
 *     struct waiter self;
 *     waiter_init(&self);
 *     for (;;) {
 *         wait_enter(&queue, &self);            // from here on a wake-up is not lost
 *         if (condition)
 *             break;
 *         error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
 *         if (error)
 *             break;
 *     }
 *     wait_leave(&queue, &self);
 *
 * The condition's writer changes it, then calls wait_wake*(). Wake-ups may come from interrupts. A
 * waiter may also carry a callback instead of a thread (polling); the callback runs with the
 * queue's lock held and interrupts off.
 */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include "sched/spin.h"
#include <bsd/sys/queue.h>
#include <stddef.h>
#include <stdint.h>

struct thread;
struct waiter;
TAILQ_HEAD(waiter_list, waiter);

/* Zeroed is a legal empty queue (the list head is made on first use). */
struct wait_queue {
    struct spinlock lock;
    struct waiter_list waiters;
};

struct waiter {
    TAILQ_ENTRY(waiter) link;
    struct wait_queue *queue; /* the queue it is on, or NULL */
    struct thread *thread;    /* woken, unless wake is set */
    /* Called instead of waking the thread; `events` is what wait_wake_events was given, all bits
       from the others. True: it counts as a wake-up of an exclusive waiter. */
    bool (*wake)(struct waiter *waiter, uint32_t events);
    bool exclusive; /* at the queue's end; wait_wake_one stops after one of these */
};

enum wait_mode {
    WAIT_UNINTERRUPTIBLE, /* never -EINTR; shown as D */
    WAIT_KILLABLE,        /* -EINTR when a fatal signal is pending */
    WAIT_INTERRUPTIBLE,   /* -EINTR when any unblocked signal is pending */
};

#define WAIT_FOREVER UINT64_MAX

/* A woken thread's waiter leaves the queue; wait_enter puts it back. */
void waiter_init(struct waiter *self);
/* Puts the waiter on the queue (if it is not yet) and marks the current thread as about to sleep.
 */
void wait_enter(struct wait_queue *queue, struct waiter *self);
/* The same, exclusively: wait_wake_one wakes only one of these. */
void wait_enter_exclusive(struct wait_queue *queue, struct waiter *self);
/* Sleeps until woken. deadline: clock_monotonic nanoseconds or WAIT_FOREVER. Returns 0 (woken,
   perhaps spuriously), -EINTR by mode, -ETIMEDOUT. No spinlock held. */
int wait_sleep(enum wait_mode mode, uint64_t deadline);
/* Takes the waiter off the queue and makes the thread runnable again. */
void wait_leave(struct wait_queue *queue, struct waiter *self);
/* Waiters with a callback: put on / taken off without touching the thread's state. */
void wait_add(struct wait_queue *queue, struct waiter *waiter);
void wait_remove(struct waiter *waiter);

/* Calls or wakes those on a queue that is not empty, until `exclusives` exclusive waiters were
   woken; returns how many threads. For the functions below. */
unsigned wait_wake_some(struct wait_queue *queue, uint32_t events, unsigned exclusives);

/* Whether anybody waits. A caller that has just changed a condition uses wait_wake*() instead. */
static inline bool wait_empty(struct wait_queue *queue)
{
    return __atomic_load_n(&queue->waiters.tqh_first, __ATOMIC_RELAXED) == NULL;
}

/* Wakes all non-exclusive waiters and one exclusive one, passing poll events to callbacks. Returns
   how many threads it woke. Nobody there, the usual case, costs a barrier: the condition was
   changed before the queue is looked at, as a waiter joins the queue before it looks at the
   condition. */
static inline unsigned wait_wake_events(struct wait_queue *queue, uint32_t events)
{
    atomic_thread_fence(memory_order_seq_cst);
    return wait_empty(queue) ? 0 : wait_wake_some(queue, events, 1);
}

/* The same without particular events. */
static inline unsigned wait_wake_one(struct wait_queue *queue)
{
    return wait_wake_events(queue, UINT32_MAX);
}

/* Wakes everybody. */
static inline unsigned wait_wake_all(struct wait_queue *queue)
{
    atomic_thread_fence(memory_order_seq_cst);
    return wait_empty(queue) ? 0 : wait_wake_some(queue, UINT32_MAX, UINT32_MAX);
}

#endif
