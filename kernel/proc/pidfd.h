/*
 * Descriptors for processes (pidfd_open(2)): a name that is never reused. The file itself is
 * file/event.h's; here is what proc does with it.
 */
#ifndef PROC_PIDFD_H
#define PROC_PIDFD_H

#include "proc/process.h"

/* An opened description for a process; takes its own reference. flags: PIDFD_NONBLOCK. 0 or
 * -ENOMEM. */
int pidfd_create(struct pid *pid, uint32_t flags, struct file **file);
/* The number behind a descriptor of the caller, with a reference. 0, -EBADF. nonblocking (may be
 * NULL): the description says so. */
int pidfd_pid(int32_t fd, struct pid **pid, bool *nonblocking);

#endif
