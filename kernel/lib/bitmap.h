/*
 * Bits in an array of 64-bit words: bit n is bit n % 64 of word n / 64.
 *
 * No locks, nothing allocated. `bits` is the number of valid bits; those past it in the last word
 * are never looked at. Searches are O(bits / 64), the rest O(1) or O(length of the run / 64).
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words that hold this many bits; for array sizes. */
#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
    return (map[bit / 64] >> (bit % 64)) & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit)
{
    map[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static inline void bitmap_clear(uint64_t *map, size_t bit)
{
    map[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
}

/* Sets or clears `count` bits from `first` on. */
void bitmap_set_run(uint64_t *map, size_t first, size_t count);
void bitmap_clear_run(uint64_t *map, size_t first, size_t count);

/* The first set (or clear) bit >= from, or `bits` if there is none. */
size_t bitmap_next_set(const uint64_t *map, size_t bits, size_t from);
size_t bitmap_next_clear(const uint64_t *map, size_t bits, size_t from);

/*
 * The first run of `count` > 0 clear bits whose start is >= from and a multiple of `align` (a power
 * of two), or `bits` if there is none.
 */
size_t bitmap_find_clear_run(const uint64_t *map, size_t bits, size_t from, size_t count,
                             size_t align);

/* The number of set bits. */
size_t bitmap_count(const uint64_t *map, size_t bits);

#endif
