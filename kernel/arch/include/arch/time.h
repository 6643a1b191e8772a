/*
 * Clocks. All times are nanoseconds in 64 bits.
 */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <stdint.h>

/* Nanoseconds since boot: monotonic, the same on all CPUs, cheap (x86_64: the time stamp counter).
 */
uint64_t clock_monotonic(void);
/* Wall-clock at boot in nanoseconds since 1970, from the machine's real-time clock; 0 if it has
 * none. */
uint64_t clock_wall_at_boot(void);

/* Makes this CPU's timer interrupt once at `deadline` (clock_monotonic); UINT64_MAX: never.
   Interrupts off. The interrupt calls timer_interrupt() (sched/timer.h). */
void timer_arm(uint64_t deadline);

#endif
