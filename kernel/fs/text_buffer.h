/*
 * Text that grows as it is written: what a file of /proc shows. Zeroed is a legal empty buffer.
 * Running out of memory is remembered and told at the end, so that writers need not check. No lock:
 * a buffer has one owner.
 */
#ifndef FS_TEXT_BUFFER_H
#define FS_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct text_buffer {
    char *text; /* heap; not NUL-terminated */
    size_t size, capacity;
    bool failed; /* memory ran out: the text is not complete */
};

/* Appends formatted text (lib/format.h) / bytes as they are / one byte. */
void text_put(struct text_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_put_bytes(struct text_buffer *buffer, const void *bytes, size_t size);
void text_put_char(struct text_buffer *buffer, char character);
/* Appends a name with each byte of `special`, and the backslash, as \ooo (three octal digits). */
void text_put_escaped(struct text_buffer *buffer, const char *text, const char *special);
/* Frees the text; the buffer is empty again. */
void text_buffer_drop(struct text_buffer *buffer);

#endif
