/*
 * System calls as text, as strace(1) prints them, from the table of calls: `furca run --strace`.
 * Lines go into a ring that /dev/strace reads.
 */
#ifndef SYS_STRACE_H
#define SYS_STRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trap_frame;

/* Set at boot by strace=1. */
extern bool strace_on;

/* Around each call of a program. enter remembers what the arguments look like before the call
 * changes memory. */
void strace_enter(const struct trap_frame *frame, uint64_t number);
void strace_leave(uint64_t number, int64_t result);
void strace_start(void);

#endif
