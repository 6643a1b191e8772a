/*
 * The poll table of a thread that waits for many files at once, as poll and select do.
 */
#ifndef FILE_POLLER_H
#define FILE_POLLER_H

#include "file/poll.h"
#include <stdbool.h>

enum { POLLER_INLINE = 6 };

struct poller;

/* One registration on one queue. */
struct poller_entry {
    struct waiter waiter;
    struct poller *poller;
    struct file *file; /* counted: keeps the queue alive */
    uint32_t events;   /* what wakes */
};

struct poller_chunk;

/* On the waiting thread's stack. */
struct poller {
    struct poll_table table;
    struct wait_queue queue;     /* the thread sleeps here */
    _Atomic bool triggered;      /* some file has news since the last poller_sleep */
    int error;                   /* -ENOMEM: a registration was lost */
    uint32_t events;             /* EPOLL… of the next registrations, set before each file_poll */
    unsigned count;              /* of the inline entries */
    struct poller_chunk *chunks; /* more entries, on the heap */
    struct poller_entry entries[POLLER_INLINE];
};

void poller_init(struct poller *poller);
/* Sleeps until a registered file has news: 0, -EINTR, or -ETIMEDOUT at the deadline
 * (clock_monotonic). */
int poller_sleep(struct poller *poller, uint64_t deadline);
/* Takes all registrations back. */
void poller_drop(struct poller *poller);

#endif
