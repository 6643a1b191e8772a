/*
 * Descriptors for events that are not files: counters (eventfd), timers (timerfd), signals
 * (signalfd), processes (pidfd).
 */
#ifndef FILE_EVENT_H
#define FILE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

struct file;

/* A counter. NULL: no memory. flags: O_NONBLOCK. */
struct file *eventfd_make(uint32_t initial, bool semaphore, uint32_t flags);

/* Nanoseconds; a value of 0 is a stopped timer. */
struct timerfd_times {
    uint64_t value, interval;
};

/* clock: CLOCK_… that timerfd_create(2) knows (checked by the caller). */
struct file *timerfd_make(int clock, uint32_t flags);
/* flags: TFD_TIMER_…; new_times->value is absolute with TFD_TIMER_ABSTIME. old (what was left) may
   not be NULL. 0 or -EINVAL: not a timerfd. */
int timerfd_set(struct file *file, uint32_t flags, const struct timerfd_times *new_times,
                struct timerfd_times *old);
int timerfd_get(struct file *file, struct timerfd_times *times);

/* mask: bit n - 1 is signal n, without SIGKILL and SIGSTOP. */
struct file *signalfd_make(uint64_t mask, uint32_t flags);
/* Another mask for an existing one: 0, or -EINVAL: not a signalfd. */
int signalfd_set(struct file *file, uint64_t mask);

/* Consumes a count of `handle` (file/caller.h), also on failure: NULL, no memory. flags:
 * O_NONBLOCK. */
struct file *pidfd_make(void *handle, uint32_t flags);
/* The handle behind a description, not counted, or NULL: not a pidfd. */
void *pidfd_handle(struct file *file);

#endif
