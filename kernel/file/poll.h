/*
 * Polling: how poll, select and epoll wait on many files at once. A file's poll operation calls
 * poll_wait() for each wait queue that will be woken when its answer may change, then returns what
 * is ready now. Whoever makes something ready calls wait_wake_events(queue, EPOLL…) (sched/wait.h),
 * which also wakes plain sleepers.
 */
#ifndef FILE_POLL_H
#define FILE_POLL_H

#include "sched/wait.h"
#include <linux/eventpoll.h>
#include <stdint.h>

struct file;

struct poll_table {
    /* Called by poll_wait; NULL table or NULL function: only the current state is asked for. */
    void (*add)(struct poll_table *table, struct file *file, struct wait_queue *queue);
};

static inline void poll_wait(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
    if (table && table->add)
        table->add(table, file, queue);
}

#endif
