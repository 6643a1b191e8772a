/*
 * The processes in the root of /proc.
 */
#ifndef PROC_PROC_PROCESS_H
#define PROC_PROC_PROCESS_H

#include "fs/procfs.h"

/* lookup and next of the root (fs/procfs.h): numbers of processes. */
int proc_process_lookup(const struct proc_node *directory, const struct name *name,
                        struct proc_node *child);
bool proc_process_next(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name);

#endif
