/*
 * Strings, byte by byte: the kernel's are short, and being right is worth more here than being
 * fast.
 */
#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

void *memchr(const void *bytes, int byte, size_t size)
{
    const uint8_t *p = bytes;

    for (; size > 0; size--, p++) {
        if (*p == (uint8_t)byte)
            return (void *)(uintptr_t)p;
    }
    return NULL;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end != '\0')
        end++;
    return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t limit)
{
    size_t size = 0;

    while (size < limit && text[size] != '\0')
        size++;
    return size;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (; limit > 0; limit--, a++, b++) {
        if (*a != *b || *a == '\0')
            return (uint8_t)*a - (uint8_t)*b;
    }
    return 0;
}

char *strchr(const char *text, int byte)
{
    for (;; text++) {
        if (*text == (char)byte)
            return (char *)(uintptr_t)text;
        if (*text == '\0')
            return NULL;
    }
}

char *strrchr(const char *text, int byte)
{
    const char *found = NULL;

    for (;; text++) {
        if (*text == (char)byte)
            found = text;
        if (*text == '\0')
            return (char *)(uintptr_t)found;
    }
}

char *strstr(const char *text, const char *wanted)
{
    size_t size = strlen(wanted);

    for (;; text++) {
        if (strncmp(text, wanted, size) == 0)
            return (char *)(uintptr_t)text;
        if (*text == '\0')
            return NULL;
    }
}

/* The length of the longest start of text whose bytes all are (or all are not) in set. */
static size_t span(const char *text, const char *set, bool in_set)
{
    size_t size = 0;

    while (text[size] != '\0' && (strchr(set, text[size]) != NULL) == in_set)
        size++;
    return size;
}

size_t strspn(const char *text, const char *accepted)
{
    return span(text, accepted, true);
}

size_t strcspn(const char *text, const char *rejected)
{
    return span(text, rejected, false);
}

size_t strlcpy(char *restrict to, const char *restrict from, size_t size)
{
    size_t length = strlen(from);

    if (size > 0) {
        size_t copied = length < size ? length : size - 1;

        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}
