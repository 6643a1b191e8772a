/*
 * The kernel's command line. Words that nobody knows go to process 1's environment or are somebody
 * else's (virtio_mmio.device=…); a known word with a bad value is said in the log and does nothing.
 *
 *   init=PATH                     the first program instead of /init
 *   fork_depth=root|tables|pages  how deep fork copies (design.md, "The depth dial")
 *   fork_first=any|parent|child   who runs first after fork
 *   huge=always|madvise|never     2 MiB pages for anonymous memory
 *   seed=N                        the random generator starts from N instead of from the machine
 *   strace=1                      system calls of programs go to /dev/strace as text
 */
#ifndef BOOT_PARAMETERS_H
#define BOOT_PARAMETERS_H

#include "proc/process.h"

struct parameters {
    char init[128];
    enum fork_depth fork_depth;
    enum fork_first fork_first;
};

extern struct parameters parameters;

/* Reads the line and applies what belongs to other layers. */
void parameters_read(const char *line);

#endif
