/*
 * The invariants of what a process holds, asserted at the borders of system calls in debug kernels.
 */
#ifndef SYS_CHECK_H
#define SYS_CHECK_H

/* At the end of a system call of the current task: no lock is held, and every so many calls the
   trees of its process are sound. May sleep. Panics otherwise. */
void border_check(void);

#endif
