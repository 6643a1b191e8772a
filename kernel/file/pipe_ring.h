/*
 * The inside of a pipe, for the two files that make it up: pipe.c (life, opening, polling) and
 * pipe_transfer.c (moving bytes).
 */
#ifndef FILE_PIPE_RING_H
#define FILE_PIPE_RING_H

#include "arch/address.h"
#include "sched/mutex.h"
#include "sched/wait.h"
#include <stdbool.h>
#include <stdint.h>

struct file;
struct uio;

enum {
    PIPE_BUFFERS = 16, /* by default: 64 KiB */
    PIPE_SPARES = 2,   /* emptied pages kept for the next write */
};

/* A page of the ring: `length` unread bytes from `offset` on. */
struct pipe_buffer {
    uint8_t *page;
    uint32_t offset;
    uint32_t length;
    bool packet; /* written with O_DIRECT: a read takes it whole, and nothing is appended */
};

/*
 * Buffers tail … head - 1 (modulo capacity, a power of two) hold data. One mutex guards all but the
 * queues, which have their own locks; whoever changes what a sleeper waits for does so under the
 * mutex, and sleepers enter their queue under it, so that an empty queue needs no wake-up.
 */
struct pipe {
    struct mutex lock;
    uint32_t head, tail;                 /* lock: buffers ever filled and emptied */
    uint32_t capacity;                   /* lock: buffers */
    struct pipe_buffer *ring;            /* lock: capacity entries */
    uint8_t *spares[PIPE_SPARES];        /* lock: NULL or a page */
    uint32_t readers, writers;           /* lock: open descriptions */
    uint32_t reader_opens, writer_opens; /* lock: ever, for opening FIFOs and for POLLHUP */
    uint32_t files;        /* lock: descriptions that refer to the pipe; the last one frees it */
    _Atomic(void *) *slot; /* constant: the FIFO's place for this pipe, or NULL */
    struct wait_queue can_read, can_write;
    uint64_t number;   /* constant: st_ino */
    uint32_t uid, gid; /* constant: who made it */
    int64_t made;      /* constant: wall-clock nanoseconds */
};

static inline bool pipe_is_empty(const struct pipe *pipe)
{
    return pipe->head == pipe->tail;
}

static inline bool pipe_is_full(const struct pipe *pipe)
{
    return pipe->head - pipe->tail >= pipe->capacity;
}

static inline struct pipe_buffer *pipe_buffer_at(struct pipe *pipe, uint32_t index)
{
    return &pipe->ring[index & (pipe->capacity - 1)];
}

int64_t pipe_read(struct file *file, struct uio *uio, uint64_t *position);
int64_t pipe_write(struct file *file, struct uio *uio, uint64_t *position);

/* A page, spare or fresh; NULL: no memory. And back. Lock held. */
uint8_t *pipe_page_take(struct pipe *pipe);
void pipe_page_give(struct pipe *pipe, uint8_t *page);

/* Enters `queue`, gives up the lock, sleeps, takes the lock again: 0 or -ERESTARTSYS. */
int pipe_sleep(struct pipe *pipe, struct wait_queue *queue);
/* Wakes who sleeps on the queue, if anybody. */
void pipe_wake(struct wait_queue *queue, uint32_t events);

#endif
