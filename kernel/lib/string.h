/*
 * Bytes and strings: the standard functions under their standard names.
 *
 * The compiler itself emits calls to memcpy, memmove, memset and memcmp. These four are in mem.c,
 * apart from the others, so that an architecture can bring faster ones and the build chooses
 * between the files. Their meaning is that of ISO C; strlcpy is OpenBSD's. Each is O(bytes looked
 * at), takes no lock, and can be called in any context.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memchr(const void *bytes, int byte, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int byte);
char *strrchr(const char *text, int byte);
char *strstr(const char *text, const char *wanted);
size_t strspn(const char *text, const char *accepted);
size_t strcspn(const char *text, const char *rejected);

/*
 * Copies at most size-1 bytes of `from` and a zero byte (nothing if size is 0). Returns
 * strlen(from): the text was cut if that is >= size.
 */
size_t strlcpy(char *restrict to, const char *restrict from, size_t size);

#endif
