/*
 * What whoever watches programs from above (--strace) is told by the process layer.
 */
#ifndef PROC_PROCESS_TRACE_H
#define PROC_PROCESS_TRACE_H

#include <asm/siginfo.h>
#include <stdint.h>

/* Set once at boot; members may be NULL. Called by the task that it is about, without locks. */
struct process_trace {
    /* A signal was taken off the queue, before its action. */
    void (*signal)(int number, const siginfo_t *info);
    /* The task ends; status as wait encodes it. */
    void (*ended)(int32_t status);
};

extern struct process_trace process_trace;

#endif
