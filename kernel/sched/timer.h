/*
 * Kernel timers: a callback at a time. Per CPU a red-black tree by deadline; the hardware timer is
 * armed for the earliest and for the end of the running thread's time slice only (tickless
 * otherwise).
 */
#ifndef SCHED_TIMER_H
#define SCHED_TIMER_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Zeroed is an idle timer. The owner keeps it alive until timer_cancel returned. */
struct timer {
    RB_ENTRY(timer) link;
    uint64_t deadline; /* clock_monotonic nanoseconds */
    void (*expire)(
        struct timer *timer); /* with interrupts off, no locks held; may start the timer again */
    struct cpu *cpu;          /* where it is queued, NULL when idle */
};

/* Starts (or moves) the timer. Any context. */
void timer_start(struct timer *timer, uint64_t deadline);
/* Stops it; true if it was pending. After it returned, expire is not running on any CPU. Not from
 * expire itself. */
bool timer_cancel(struct timer *timer);

/* From the architecture's timer interrupt. */
void timer_interrupt(void);

#endif
