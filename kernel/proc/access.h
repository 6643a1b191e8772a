/*
 * Who may look into another process, and who may change it (ptrace(2), "Ptrace access mode
 * checking").
 */
#ifndef PROC_ACCESS_H
#define PROC_ACCESS_H

#include <stdbool.h>

struct process;
struct space;

/* May the caller look into the process? PTRACE_MODE_READ with the fsuid, as /proc asks. */
bool process_may_look(struct process *process);
/* May the caller take it over? PTRACE_MODE_ATTACH with the real uid, as calls ask. */
bool process_may_attach(struct process *process);
/* The address space of the process with a count, or NULL when it has none any more. */
struct space *process_space(struct process *process);

#endif
