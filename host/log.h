/*
 * The kernel's log, as it comes from the serial port: passed on to where --log says, and its last
 * part kept for the case of a panic.
 */
#ifndef HOST_LOG_H
#define HOST_LOG_H

#include "bytes.h"

#include <stdbool.h>

struct log {
    int fd; /* where to write it, or -1 */
    bool owned;
    bool any; /* something has come: the kernel lives */
    struct bytes kept;
};

/* `target` is a file's name, "-" for standard error, or NULL. Exits with one line when the file
 * cannot be written. */
void log_open(struct log *log, const char *target);
void log_drop(struct log *log);

/* Forgets what a failed start has left. */
void log_restart(struct log *log);

/* Reads what is there. Returns the number of bytes, 0 at the end, or a negative errno. */
int log_pump(struct log *log, int serial);

/* Shows the lines of a panic on standard error. False when there is none in the log. */
bool log_show_panic(const struct log *log);

/* Writes the kept part into a fresh file of the cache folder. Returns its name, which the caller
 * frees, or NULL. */
char *log_save(const struct log *log);

#endif
