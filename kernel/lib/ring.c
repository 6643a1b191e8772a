/*
 * A ring of bytes: every transfer is at most two contiguous copies.
 */
#include "lib/ring.h"

#include "lib/assert.h"
#include "lib/container.h"
#include "lib/string.h"

void ring_init(struct ring *ring, void *bytes, uint32_t size)
{
    kernel_assert(is_power_of_two(size) && size <= UINT32_C(1) << 31);
    *ring = (struct ring){.bytes = bytes, .size = size};
}

/* Where the byte number `position` lies, and how many lie behind it before the buffer ends. */
static uint8_t *ring_at(const struct ring *ring, uint32_t position, size_t *contiguous)
{
    uint32_t offset = position & (ring->size - 1);

    *contiguous = ring->size - offset;
    return ring->bytes + offset;
}

size_t ring_read_span(const struct ring *ring, uint8_t **bytes)
{
    size_t contiguous = 0;

    *bytes = ring->size > 0 ? ring_at(ring, ring->tail, &contiguous) : NULL;
    return min_size(contiguous, ring_used(ring));
}

size_t ring_write_span(const struct ring *ring, uint8_t **bytes)
{
    size_t contiguous = 0;

    *bytes = ring->size > 0 ? ring_at(ring, ring->head, &contiguous) : NULL;
    return min_size(contiguous, ring_free(ring));
}

void ring_consume(struct ring *ring, size_t size)
{
    debug_assert(size <= ring_used(ring));
    ring->tail += (uint32_t)size;
}

void ring_produce(struct ring *ring, size_t size)
{
    debug_assert(size <= ring_free(ring));
    ring->head += (uint32_t)size;
}

size_t ring_write(struct ring *ring, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    size_t written = 0;

    while (written < size) {
        uint8_t *to;
        size_t part = min_size(ring_write_span(ring, &to), size - written);

        if (part == 0)
            break;
        memcpy(to, from + written, part);
        ring_produce(ring, part);
        written += part;
    }
    return written;
}

void ring_write_over(struct ring *ring, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;

    if (size > ring->size) {
        from += size - ring->size;
        size = ring->size;
    }
    if (size > ring_free(ring))
        ring_consume(ring, size - ring_free(ring));
    (void)ring_write(ring, from, size);
}

size_t ring_peek(const struct ring *ring, size_t skip, void *bytes, size_t size)
{
    struct ring view = *ring;

    ring_consume(&view, min_size(skip, ring_used(&view)));
    return ring_read(&view, bytes, size);
}

size_t ring_read(struct ring *ring, void *bytes, size_t size)
{
    uint8_t *to = bytes;
    size_t done = 0;

    while (done < size) {
        uint8_t *from;
        size_t part = min_size(ring_read_span(ring, &from), size - done);

        if (part == 0)
            break;
        if (to != NULL)
            memcpy(to + done, from, part);
        ring_consume(ring, part);
        done += part;
    }
    return done;
}

bool ring_unwrite(struct ring *ring, uint8_t *byte)
{
    size_t contiguous;

    if (ring_used(ring) == 0)
        return false;
    ring->head--;
    *byte = *ring_at(ring, ring->head, &contiguous);
    return true;
}
