/*
 * The byte queue of bytes.h. Taking everything resets the queue to its front, which is the common
 * case and makes moving rare.
 */
#include "bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_FIRST_CAPACITY = 4096 };

static void bytes_compact(struct bytes *bytes)
{
    if (bytes->start == 0)
        return;
    memmove(bytes->data, bytes_front(bytes), bytes_count(bytes));
    bytes->end -= bytes->start;
    bytes->start = 0;
}

uint8_t *bytes_reserve(struct bytes *bytes, size_t count)
{
    if (bytes->capacity - bytes->end >= count && bytes->data != NULL)
        return bytes->data + bytes->end;
    bytes_compact(bytes);
    size_t capacity = bytes->capacity ? bytes->capacity : BYTES_FIRST_CAPACITY;
    while (capacity - bytes->end < count)
        capacity *= 2;
    if (capacity != bytes->capacity) {
        uint8_t *data = realloc(bytes->data, capacity);
        if (data == NULL)
            return NULL;
        bytes->data = data;
        bytes->capacity = capacity;
    }
    return bytes->data + bytes->end;
}

void bytes_grow(struct bytes *bytes, size_t count)
{
    bytes->end += count;
}

int bytes_append(struct bytes *bytes, const void *data, size_t count)
{
    if (count == 0)
        return 0;
    uint8_t *room = bytes_reserve(bytes, count);
    if (room == NULL)
        return -ENOMEM;
    memcpy(room, data, count);
    bytes_grow(bytes, count);
    return 0;
}

void bytes_take(struct bytes *bytes, size_t count)
{
    bytes->start += count;
    if (bytes->start == bytes->end)
        bytes->start = bytes->end = 0;
}

void bytes_drop(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}
