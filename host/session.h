/*
 * One program in one guest, from the start of QEMU to the exit status.
 */
#ifndef HOST_SESSION_H
#define HOST_SESSION_H

#include "options.h"
#include "parts.h"
#include "standard.h"
#include "terminal.h"

#include <stdbool.h>

struct session_input {
    const struct options *options;
    const struct parts *parts;
    const struct standard *standard;
    struct terminal *terminal;
    int image;    /* the initramfs */
    double begin; /* when furca was started, on clock_seconds() */
};

/* Runs the guest, relays the streams, and returns furca's exit status. What went wrong has been
 * said. */
int session_run(const struct session_input *input);

#endif
