/*
 * Small hashes for the kernel's own tables. Not for secrets: whoever can choose keys can make
 * collisions.
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Mixes all bits of a number into all bits of the result. The finaliser of SplitMix64 (Steele, Lea,
 * Flood, "Fast splittable pseudorandom number generators", 2014).
 */
static inline uint64_t hash_u64(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static inline uint64_t hash_pointer(const void *pointer)
{
    return hash_u64((uint64_t)(uintptr_t)pointer);
}

/* FNV-1a (Fowler, Noll, Vo), then mixed; `seed` chains several strings into one hash. O(size). */
static inline uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    const uint8_t *p = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash_u64(hash);
}

#endif
