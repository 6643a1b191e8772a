/*
 * The four functions that the compiler calls by itself, for architectures that bring no faster
 * ones.
 *
 * Word by word where that is possible without a second thought: machines without unaligned access
 * are served by the byte loops.
 */
#include "lib/string.h"

#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) word;

static int both_aligned(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & (sizeof(word) - 1)) == 0;
}

static void copy_up(uint8_t *to, const uint8_t *from, size_t size)
{
    if (both_aligned(to, from)) {
        for (; size >= sizeof(word); size -= sizeof(word)) {
            *(word *)(void *)to = *(const word *)(const void *)from;
            to += sizeof(word);
            from += sizeof(word);
        }
    }
    while (size-- > 0)
        *to++ = *from++;
}

static void copy_down(uint8_t *to, const uint8_t *from, size_t size)
{
    to += size;
    from += size;
    if (both_aligned(to, from)) {
        for (; size >= sizeof(word); size -= sizeof(word)) {
            to -= sizeof(word);
            from -= sizeof(word);
            *(word *)(void *)to = *(const word *)(const void *)from;
        }
    }
    while (size-- > 0)
        *--to = *--from;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_up(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from >= size)
        copy_up(to, from, size);
    else
        copy_down(to, from, size);
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *p = to;

    if (both_aligned(p, p)) {
        word pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);

        for (; size >= sizeof(word); size -= sizeof(word)) {
            *(word *)(void *)p = pattern;
            p += sizeof(word);
        }
    }
    while (size-- > 0)
        *p++ = (uint8_t)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *p = a;
    const uint8_t *q = b;

    for (; size > 0; size--, p++, q++) {
        if (*p != *q)
            return *p - *q;
    }
    return 0;
}
