/*
 * See text_buffer.h. The capacity doubles, so that writing n bytes costs O(n).
 */
#include "fs/text_buffer.h"

#include "lib/container.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"

enum { CAPACITY_FIRST = 1024 };

static bool buffer_reserve(struct text_buffer *buffer, size_t more)
{
    size_t capacity = max_size(buffer->capacity, CAPACITY_FIRST);
    if (buffer->failed)
        return false;
    if (buffer->capacity - buffer->size >= more)
        return true;
    while (capacity - buffer->size < more)
        capacity *= 2;
    char *text = heap_alloc(capacity);
    if (!text) {
        buffer->failed = true;
        return false;
    }
    memcpy(text, buffer->text, buffer->size);
    heap_free(buffer->text);
    buffer->text = text;
    buffer->capacity = capacity;
    return true;
}

void text_put_bytes(struct text_buffer *buffer, const void *bytes, size_t size)
{
    if (!buffer_reserve(buffer, size))
        return;
    memcpy(buffer->text + buffer->size, bytes, size);
    buffer->size += size;
}

static void put_piece(void *context, const char *bytes, size_t size)
{
    text_put_bytes(context, bytes, size);
}

void text_put(struct text_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_write(put_piece, buffer, format, arguments);
    va_end(arguments);
}

void text_put_char(struct text_buffer *buffer, char character)
{
    text_put_bytes(buffer, &character, 1);
}

void text_put_escaped(struct text_buffer *buffer, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\\' || strchr(special, *text))
            text_put(buffer, "\\%03o", (unsigned char)*text);
        else
            text_put_char(buffer, *text);
    }
}

void text_buffer_drop(struct text_buffer *buffer)
{
    heap_free(buffer->text);
    *buffer = (struct text_buffer){0};
}
