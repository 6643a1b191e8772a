/*
 * Formatted text in a buffer: snprintf for a kernel.
 *
 * Conversions: d i u x X o c s p %, with flags - 0 + space #, width and precision (also *), and the
 * lengths hh h l ll z j t. %p prints 0x and hexadecimal digits. There is no floating point and no
 * %n. Reentrant, takes no lock, allocates nothing; O(length of the result).
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most size-1 bytes and a zero byte to `buffer` (nothing if size is 0, then buffer may be
 * NULL). Returns the length that the whole text has without its zero byte, which is >= size if it
 * was cut.
 */
int format_text(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int format_text_list(char *buffer, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/*
 * The same with the text handed out piece by piece: `write` gets each piece (not zero-terminated)
 * and `context`. Returns the length of the whole text.
 */
int format_write(void (*write)(void *context, const char *bytes, size_t size), void *context,
                 const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

#endif
