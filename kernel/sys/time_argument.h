/*
 * Times that programs pass as timeouts.
 */
#ifndef SYS_TIME_ARGUMENT_H
#define SYS_TIME_ARGUMENT_H

#include "arch/address.h"
#include <linux/time_types.h>
#include <stdint.h>

/* A timeout in the future that the program may want to see the rest of. */
struct timeout {
    uint64_t deadline; /* clock_monotonic; WAIT_FOREVER; 0: do not wait at all */
};

/* Reads a struct timespec at `from` (null: for ever). 0, -EFAULT, -EINVAL (not a time). */
int timeout_read_timespec(struct timeout *timeout, struct uaddr from);
/* The same for a struct timeval, whose microseconds may exceed a second as select(2) allows. */
int timeout_read_timeval(struct timeout *timeout, struct uaddr from);
/* Milliseconds, negative: for ever. */
void timeout_from_milliseconds(struct timeout *timeout, int64_t milliseconds);
/* Writes what is left to the program's structure, if there was one. 0 or -EFAULT. */
int timeout_write_timespec(const struct timeout *timeout, struct uaddr to);
int timeout_write_timeval(const struct timeout *timeout, struct uaddr to);

#endif
