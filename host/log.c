/*
 * See log.h.
 */
#define _GNU_SOURCE
#include "log.h"

#include "fail.h"
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOG_KEPT = 65536, LOG_READ = 16384, PANIC_LINES = 40 };

void log_open(struct log *log, const char *target)
{
    *log = (struct log){.fd = -1};
    if (target == NULL)
        return;
    log->owned = strcmp(target, "-") != 0;
    log->fd =
        log->owned ? open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDERR_FILENO;
    if (log->fd < 0)
        fail(EXIT_FURCA, "--log %s: %s", target, strerror(errno));
}

void log_drop(struct log *log)
{
    if (log->owned && log->fd >= 0)
        close(log->fd);
    bytes_drop(&log->kept);
}

void log_restart(struct log *log)
{
    log->any = false;
    bytes_take(&log->kept, bytes_count(&log->kept));
}

int log_pump(struct log *log, int serial)
{
    char text[LOG_READ];
    ssize_t count = read(serial, text, sizeof(text));
    if (count < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    log->any |= count > 0;
    if (log->fd >= 0 && write(log->fd, text, (size_t)count) < 0 && errno != EAGAIN)
        log->fd = -1;
    bytes_append(&log->kept, text, (size_t)count);
    if (bytes_count(&log->kept) > LOG_KEPT)
        bytes_take(&log->kept, bytes_count(&log->kept) - LOG_KEPT);
    return (int)count;
}

/* The start of the line with the panic, or NULL. */
static const char *panic_find(const char *text, size_t size)
{
    const char *panic = memmem(text, size, "panic", 5);
    while (panic != NULL && panic > text && panic[-1] != '\n')
        panic--;
    return panic;
}

bool log_show_panic(const struct log *log)
{
    const char *text = (const char *)bytes_front(&log->kept);
    size_t size = bytes_count(&log->kept);
    const char *at = size ? panic_find(text, size) : NULL;
    if (at == NULL)
        return false;
    for (int line = 0; line < PANIC_LINES && at < text + size; line++) {
        const char *newline = memchr(at, '\n', (size_t)(text + size - at));
        const char *end = newline != NULL ? newline : text + size;
        bool carriage_return = end > at && end[-1] == '\r';
        note("| %.*s", (int)(end - at - carriage_return), at);
        at = end + 1;
    }
    return true;
}

char *log_save(const struct log *log)
{
    char *folder = parts_cache();
    char *name = must_format("%s/kernel-log.XXXXXX", folder != NULL ? folder : "/tmp");
    free(folder);
    int fd = mkostemp(name, O_CLOEXEC);
    ssize_t count = fd >= 0 ? write(fd, bytes_front(&log->kept), bytes_count(&log->kept)) : -1;
    if (fd >= 0)
        close(fd);
    if (count >= 0)
        return name;
    free(name);
    return NULL;
}
