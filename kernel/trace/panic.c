/*
 * The kernel's last words. A panic inside a panic ends the machine at once.
 */
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/string.h"
#include "trace/log.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

static struct panic_hooks panic_hooks;
static atomic_bool panicking;

void panic_set_hooks(const struct panic_hooks *hooks)
{
    panic_hooks = *hooks;
}

/* To the log, and to the earliest console if the log goes elsewhere: there may be nobody left to
 * forward it. */
static void panic_print(const char *line)
{
    log_set_sink(NULL);
    log_line("%s", line);
    if (panic_hooks.write != NULL) {
        panic_hooks.write(line, strlen(line));
        panic_hooks.write("\n", 1);
    }
}

static _Noreturn void panic_end(void)
{
    if (panic_hooks.end != NULL)
        panic_hooks.end();
    for (;;)
        ;
}

static _Noreturn void panic_list(const struct trap_frame *frame, const char *format,
                                 va_list arguments)
{
    char line[LOG_LINE_SIZE];
    int start;

    if (atomic_exchange(&panicking, true))
        panic_end();
    if (panic_hooks.stop_others != NULL)
        panic_hooks.stop_others();
    start = format_text(line, sizeof(line), "panic: ");
    format_text_list(line + start, sizeof(line) - (size_t)start, format, arguments);
    panic_print(line);
    if (panic_hooks.backtrace != NULL)
        panic_hooks.backtrace(frame, panic_print);
    panic_end();
}

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    panic_list(NULL, format, arguments);
}

_Noreturn void panic_at(const struct trap_frame *frame, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    panic_list(frame, format, arguments);
}

_Noreturn void assert_failed(const char *expression, const char *file, int line,
                             const char *function)
{
    panic("%s:%d: %s: assertion failed: %s", file, line, function, expression);
}
