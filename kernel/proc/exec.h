/*
 * execve: a new program in an old process.
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "arch/address.h"
#include <stdint.h>

/* execveat(2) of the current process: path in kernel memory, argv and envp arrays of user pointers
   (NULL: empty). Does not return to the old program on success: the trap frame is the new one's and
   0 is returned. -errno: the old program goes on unharmed. */
int process_exec(int dirfd, const char *path, struct uaddr argv, struct uaddr envp, unsigned flags);
/* The same for the first process: arguments in kernel memory, both lists end with NULL. */
int process_exec_kernel(const char *path, const char *const *argv, const char *const *envp);

#endif
