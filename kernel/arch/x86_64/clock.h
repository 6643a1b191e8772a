/*
 * The clocks' start; the rest is in arch/time.h.
 */
#ifndef X86_64_CLOCK_H
#define X86_64_CLOCK_H

#include <stdint.h>

/* Finds out the frequency of the time stamp counter. The local APIC is on, interrupts are off. */
void clock_start(void);
/* Counter ticks as nanoseconds. */
uint64_t clock_ticks_to_ns(uint64_t ticks);
/* Ticks per second. */
uint64_t clock_frequency(void);
/* Seconds since 1970 by the CMOS clock; 0: there is none. */
uint64_t rtc_seconds(void);

#endif
