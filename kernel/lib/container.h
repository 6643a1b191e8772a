/*
 * Small arithmetic and the way from a member back to its structure.
 *
 * Everything is a function where C allows it, so that arguments are evaluated once and have a type.
 * All costs are O(1); nothing here touches memory.
 */
#ifndef LIB_CONTAINER_H
#define LIB_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The structure of `type` whose `member` is at `pointer`. */
#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(1 ? (pointer) : &((type *)0)->member) - offsetof(type, member)))

/* The number of elements of an array; a pointer does not compile. */
#define array_size(array)                                                                 \
    (sizeof(array) / sizeof((array)[0]) +                                                 \
     0 * sizeof(struct {                                                                  \
         unsigned int must_be_array                                                       \
             : !__builtin_types_compatible_p(__typeof__(array), __typeof__(&(array)[0])); \
     }))

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* `align` is a power of two in these three; align_up wraps to 0 past the last multiple. */
static inline uint64_t align_down(uint64_t value, uint64_t align)
{
    return value & ~(align - 1);
}

static inline uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static inline bool is_aligned(uint64_t value, uint64_t align)
{
    return (value & (align - 1)) == 0;
}

/* ceil(value / unit); unit is not 0. */
static inline uint64_t divide_up(uint64_t value, uint64_t unit)
{
    return value / unit + (value % unit != 0);
}

/* The largest n with 2^n <= value; value is not 0. */
static inline unsigned int log2_floor(uint64_t value)
{
    return 63u - (unsigned int)__builtin_clzll(value);
}

/* The smallest n with 2^n >= value; value is not 0. */
static inline unsigned int log2_ceil(uint64_t value)
{
    return value == 1 ? 0 : log2_floor(value - 1) + 1;
}

#endif
