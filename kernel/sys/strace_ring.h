/*
 * Where --strace's lines wait for whoever reads /dev/strace.
 */
#ifndef SYS_STRACE_RING_H
#define SYS_STRACE_RING_H

#include <stddef.h>

/* At boot, if calls are shown: the buffer and /dev/strace. */
void strace_ring_start(void);
/* Appends whole lines. The oldest lines are lost if there is no room. Does not sleep. */
void strace_ring_write(const char *text, size_t size);

#endif
