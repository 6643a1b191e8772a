/*
 * fork, vfork and clone: one operation. See fork.c.
 */
#ifndef PROC_FORK_H
#define PROC_FORK_H

#include "arch/address.h"
#include <stdint.h>

/* clone3(2)'s arguments, already in the kernel. */
struct clone_request {
    uint64_t flags; /* CLONE_… without the exit signal */
    int32_t exit_signal;
    uint64_t stack; /* the child's stack pointer; 0: the parent's */
    uint64_t tls;   /* with CLONE_SETTLS */
    struct uaddr parent_tid, child_tid, pidfd;
};

/* Makes a child (or a thread) of the current task. Its number in the parent; the child returns 0 in
   its own registers. -EAGAIN, -ENOMEM, -EINVAL, -EFAULT as clone(2). */
int64_t process_clone(const struct clone_request *request);

#endif
