/*
 * What furca says on standard error: always one line, "furca: ...", made of printf(3) arguments.
 */
#ifndef HOST_FAIL_H
#define HOST_FAIL_H

#include <stddef.h>

enum exit_status {
    EXIT_TIMEOUT = 124,
    EXIT_FURCA = 125,
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNAL = 128, /* plus the signal's number */
};

/* Says the line and exits with the status; exit handlers run, so the terminal is put back. */
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says the line. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc(3)-like calls of a short-lived command: these never return NULL. */
void *must_allocate(size_t size);
void *must_reallocate(void *old, size_t size);
char *must_copy(const char *text);
char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
