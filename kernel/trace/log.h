/*
 * The kernel's log: formatted lines, kept in a ring for /dev/kmsg and syslog(2), and written to the
 * console.
 */
#ifndef TRACE_LOG_H
#define TRACE_LOG_H

#include <stdarg.h>
#include <stddef.h>

enum {
    LOG_RING_SIZE = 1 << 16, /* bytes; older lines are overwritten */
    LOG_LINE_SIZE = 256,
};

/* Where lines go besides the ring; set once at boot. */
void log_set_sink(void (*write)(const char *bytes, size_t count));
/* One line, without the newline; cut to LOG_LINE_SIZE bytes. Any context, no locks. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Copies what the ring holds from position *position (bytes since boot) on; returns bytes copied,
   moves *position. What was overwritten meanwhile is skipped. */
size_t log_read(size_t *position, char *buffer, size_t size);

/* A broken invariant of the kernel: prints reason, registers, backtrace; ends the machine with a
 * failure. */
struct trap_frame;
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void panic_at(const struct trap_frame *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Set at boot by the architecture: prints a backtrace, ends the machine. (trace stands below arch.)
 */
struct panic_hooks {
    void (*backtrace)(const struct trap_frame *frame, void (*print)(const char *line));
    void (*end)(void); /* does not return */
    void (*stop_others)(void);
    void (*write)(const char *bytes,
                  size_t count); /* besides the log's sink: the earliest console */
};
void panic_set_hooks(const struct panic_hooks *hooks);

#endif
