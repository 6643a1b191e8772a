/*
 * Time for the host command.
 */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <time.h>

/* Seconds of the monotonic clock. */
static inline double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
