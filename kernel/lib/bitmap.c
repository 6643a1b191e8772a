/*
 * Bitmaps: word by word, with the first and the last word masked.
 */
#include "lib/bitmap.h"

#include "lib/container.h"

/* The bits [first, last) of one word; first < last <= 64. */
static uint64_t word_mask(size_t first, size_t last)
{
    return UINT64_MAX << first & UINT64_MAX >> (64 - last);
}

void bitmap_set_run(uint64_t *map, size_t first, size_t count)
{
    while (count > 0) {
        size_t part = min_size(count, 64 - first % 64);

        map[first / 64] |= word_mask(first % 64, first % 64 + part);
        first += part;
        count -= part;
    }
}

void bitmap_clear_run(uint64_t *map, size_t first, size_t count)
{
    while (count > 0) {
        size_t part = min_size(count, 64 - first % 64);

        map[first / 64] &= ~word_mask(first % 64, first % 64 + part);
        first += part;
        count -= part;
    }
}

/* The first bit >= from that is set in map with every word xor-ed with `flip`. */
static size_t next_bit(const uint64_t *map, size_t bits, size_t from, uint64_t flip)
{
    while (from < bits) {
        uint64_t word = (map[from / 64] ^ flip) & UINT64_MAX << from % 64;

        if (word != 0)
            return min_size(bits, from / 64 * 64 + (size_t)__builtin_ctzll(word));
        from = (from / 64 + 1) * 64;
    }
    return bits;
}

size_t bitmap_next_set(const uint64_t *map, size_t bits, size_t from)
{
    return next_bit(map, bits, from, 0);
}

size_t bitmap_next_clear(const uint64_t *map, size_t bits, size_t from)
{
    return next_bit(map, bits, from, UINT64_MAX);
}

size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t from, size_t count,
                             size_t align)
{
    while (from < bits) {
        size_t start = align_up(bitmap_next_clear(map, bits, from), align);
        size_t end;

        if (start >= bits || bits - start < count)
            return bits;
        end = bitmap_next_set(map, start + count, start);
        if (end == start + count)
            return start;
        from = end;
    }
    return bits;
}

size_t bitmap_count(const uint64_t *map, size_t bits)
{
    size_t count = 0;

    for (size_t i = 0; i < bits / 64; i++)
        count += (size_t)__builtin_popcountll(map[i]);
    if (bits % 64 != 0)
        count += (size_t)__builtin_popcountll(map[bits / 64] & word_mask(0, bits % 64));
    return count;
}
