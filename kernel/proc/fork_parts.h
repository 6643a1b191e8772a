/*
 * What surrounds the making of a child (clone.c), for fork.c.
 */
#ifndef PROC_FORK_PARTS_H
#define PROC_FORK_PARTS_H

#include "proc/fork.h"
#include "proc/process.h"

/* A descriptor for the child that is reserved and not yet promised. */
struct clone_pidfd {
    int fd; /* -1: none */
};

/* Looks at the flags alone. 0 or -EINVAL. */
int clone_check(const struct clone_request *request, const struct task *parent);
/* Charges the child to the parent's user. 0, -EAGAIN, -ENOMEM. Undone with
 * identity_uncharge_process. */
int clone_charge(const struct task *parent);
/* Tells the parent's memory the number, and opens the pidfd. 0, -EFAULT, -EMFILE, -ENOMEM. */
int clone_announce(const struct clone_request *request, struct pid *child,
                   struct clone_pidfd *pidfd);
/* Takes the descriptor back. */
void clone_unannounce(const struct clone_pidfd *pidfd);
/* Lets a committed child run, before or after its parent. */
void clone_start(struct task *child, enum fork_first first);
/* Sleeps until the child has exec'ed or ended; only a fatal signal ends it before. The caller holds
 * a reference on the child. */
void vfork_wait(struct vfork_wait *wait, struct process *child);

#endif
