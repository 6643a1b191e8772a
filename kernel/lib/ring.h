/*
 * A ring of bytes in a buffer that the caller supplies: terminals, the log, small pipes.
 *
 * `head` and `tail` count bytes ever written and read, so that full and empty differ and the size
 * may be any power of two up to 2^31. Zeroed is a legal ring that is both empty and full (no
 * buffer). No locks: the owner serialises. Cost: O(bytes moved).
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    uint8_t *bytes;
    uint32_t size; /* a power of two, or 0 */
    uint32_t head; /* bytes ever written, modulo 2^32 */
    uint32_t tail; /* bytes ever read, modulo 2^32 */
};

/* An empty ring in `bytes`, which the caller goes on owning. `size` is a power of two <= 2^31. */
void ring_init(struct ring *ring, void *bytes, uint32_t size);

static inline uint32_t ring_used(const struct ring *ring)
{
    return ring->head - ring->tail;
}

static inline uint32_t ring_free(const struct ring *ring)
{
    return ring->size - ring_used(ring);
}

static inline void ring_clear(struct ring *ring)
{
    ring->tail = ring->head;
}

/* Appends as much as fits; returns how many bytes that was. */
size_t ring_write(struct ring *ring, const void *bytes, size_t size);

/* Appends all; the oldest bytes are lost if it does not fit. For logs. Does nothing in a ring
 * without buffer. */
void ring_write_over(struct ring *ring, const void *bytes, size_t size);

/* Removes up to `size` bytes into `bytes` (NULL: drops them); returns how many. */
size_t ring_read(struct ring *ring, void *bytes, size_t size);

/* Copies up to `size` bytes that lie `skip` bytes after the oldest; removes nothing. */
size_t ring_peek(const struct ring *ring, size_t skip, void *bytes, size_t size);

/* Takes back the newest byte (for erasing in a terminal). False if the ring is empty. */
bool ring_unwrite(struct ring *ring, uint8_t *byte);

/*
 * The largest contiguous part that can be read (or written) at once, for copies without a second
 * buffer: returns its size and its address in *bytes; what was really moved is told with
 * ring_consume (ring_produce).
 */
size_t ring_read_span(const struct ring *ring, uint8_t **bytes);
size_t ring_write_span(const struct ring *ring, uint8_t **bytes);
void ring_consume(struct ring *ring, size_t size);
void ring_produce(struct ring *ring, size_t size);

#endif
