/*
 * A CPU's run queue: who wants to run here, when the timer must ring, and what the CPU's time went
 * to.
 *
 * The running thread is not queued, but counted. The lock is held across a switch: taken by the
 * thread that leaves, released in sched_switched by the one that comes. Order: wait queue, run
 * queue, timers.
 */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include "arch/cpu.h"
#include "sched/spin.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

enum {
    REALTIME_LEVELS = 100,
    SCHED_SLICE = 4000000, /* ns that a thread may run while others of its kind wait */
};

RB_HEAD(fair_tree, thread);
RB_HEAD(timer_tree, timer);
TAILQ_HEAD(realtime_list, thread);

/* By virtual time; the one that had least of its share runs next. */
struct fair_queue {
    struct fair_tree tree;
    uint64_t least; /* virtual time that has passed for everybody: new and waking threads start
                       about here */
    unsigned count;
};

struct realtime_queue {
    struct realtime_list level[REALTIME_LEVELS]; /* by priority */
    uint64_t used[2];                            /* bit per level */
    unsigned count;
};

struct timer_queue {
    struct spinlock lock;
    struct timer_tree tree;
    struct timer *running; /* whose expire is being called */
    uint64_t armed;        /* what the hardware timer is set to; UINT64_MAX: not */
};

struct run_queue {
    struct spinlock lock;
    struct cpu *cpu;
    struct realtime_queue realtime;
    struct fair_queue fair;
    unsigned runnable; /* queued or running, without the idle thread */
    unsigned waiting;  /* threads in THREAD_WAITING that ran here: they count as load */
    void (*reap)(struct thread *thread);
    uint64_t switches, idle_time, user_time, system_time;
    uint64_t load[3], load_next; /* next sample, clock_monotonic */
    struct timer_queue timers;
};

/* Charges the thread that runs on this queue's CPU up to `now`. Queue locked. */
void account_charge(struct run_queue *queue, struct thread *thread, uint64_t now);
/* Takes the load samples that are due. Queue locked. */
void account_load(struct run_queue *queue, uint64_t now);

/* Sets the hardware timer if it would ring too late for the earliest timer or for `slice_end`
   (UINT64_MAX: no competition). Interrupts off. */
void timer_program(struct run_queue *queue, uint64_t slice_end);

/* From timer_interrupt: the running thread's slice. Returns when it must be looked at next.
 * Interrupts off. */
uint64_t sched_tick(struct run_queue *queue);

#endif
