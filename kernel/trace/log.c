/*
 * The log's ring.
 *
 * Lines may come from any context, an interrupt in the middle of another line included, so that
 * there is no lock: a writer reserves its bytes by one atomic addition and then fills them. A
 * reader that overtakes a writer sees the bytes that were there before; for a log that is preferred
 * to waiting.
 */
#include "log.h"
#include "lib/format.h"
#include "lib/string.h"
#include <stdatomic.h>
#include <stdint.h>

static char ring[LOG_RING_SIZE];
static _Atomic size_t ring_end; /* bytes ever written */
static void (*_Atomic log_sink)(const char *bytes, size_t count);

void log_set_sink(void (*write)(const char *bytes, size_t count))
{
    atomic_store(&log_sink, write);
}

static void ring_write(const char *bytes, size_t count)
{
    size_t position = atomic_fetch_add(&ring_end, count);

    for (size_t i = 0; i < count; i++)
        ring[(position + i) % LOG_RING_SIZE] = bytes[i];
}

void log_line(const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    void (*sink)(const char *, size_t) = atomic_load(&log_sink);
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = (size_t)format_text_list(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    if (length > sizeof(line) - 2)
        length = sizeof(line) - 2;
    line[length++] = '\n';
    ring_write(line, length);
    if (sink != NULL)
        sink(line, length);
}

size_t log_read(size_t *position, char *buffer, size_t size)
{
    size_t end = atomic_load(&ring_end), count;

    if (end - *position > LOG_RING_SIZE)
        *position = end - LOG_RING_SIZE;
    count = end - *position < size ? end - *position : size;
    for (size_t i = 0; i < count; i++)
        buffer[i] = ring[(*position + i) % LOG_RING_SIZE];
    *position += count;
    return count;
}
