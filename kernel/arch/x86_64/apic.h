/*
 * The local interrupt controller of each CPU (Intel SDM volume 3, chapter 11), by memory or, where
 * there is x2APIC, by MSRs.
 */
#ifndef X86_64_APIC_H
#define X86_64_APIC_H

#include <stdint.h>

/* Turns the running CPU's controller on. The first call finds out which kind there is. */
void apic_start(void);
/* The end of an interrupt's handling. */
void apic_acknowledge(void);
/* Raises `vector` on CPU `id`. */
void apic_interrupt(unsigned id, unsigned vector);
/* The timer counts down once from `count` at the bus clock, then interrupts; 0 stops it. */
void apic_timer_set(uint32_t count);
uint32_t apic_timer_left(void);
/* Chooses between counting down and MSR_TSC_DEADLINE. */
void apic_timer_use_deadline(void);

#endif
