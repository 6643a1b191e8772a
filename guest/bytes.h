/*
 * A queue of bytes: appended at the end, taken from the front.
 *
 * Invariant: start <= end <= capacity. A zeroed queue is a legal empty one. Appending is amortised
 * O(1) per byte; the storage is moved to its front only when the end reaches the capacity, so that
 * each byte is moved O(1) times. No locks: a queue has one owner.
 */
#ifndef GUEST_BYTES_H
#define GUEST_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data;
    size_t start;
    size_t end;
    size_t capacity;
};

/* The number of bytes in the queue. */
static inline size_t bytes_count(const struct bytes *bytes)
{
    return bytes->end - bytes->start;
}

/* The first byte; valid until the next append. NULL is possible when the queue is empty. */
static inline uint8_t *bytes_front(const struct bytes *bytes)
{
    return bytes->data + bytes->start;
}

/*
 * Makes room for `count` more bytes and returns where they go, or NULL when memory is short
 * (nothing has changed then). bytes_grow() adds what was written there to the queue.
 */
uint8_t *bytes_reserve(struct bytes *bytes, size_t count);
void bytes_grow(struct bytes *bytes, size_t count);

/* Appends a copy. Returns 0 or -ENOMEM, and then nothing was appended. */
int bytes_append(struct bytes *bytes, const void *data, size_t count);

/* Removes `count` bytes, at most bytes_count(), from the front. */
void bytes_take(struct bytes *bytes, size_t count);

/* Releases the storage and leaves an empty queue. */
void bytes_drop(struct bytes *bytes);

#endif
