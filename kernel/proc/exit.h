/*
 * The end of processes, as exit and wait divide it.
 */
#ifndef PROC_EXIT_H
#define PROC_EXIT_H

#include "proc/process.h"

/* The last task's part of exit: gives up what the process holds, hands its children on, becomes a
   zombie and tells the parent. Only the task itself is left to be freed. exit_process.c */
void process_end(struct task *task);
/* Takes a zombie out of all lists and of the table of numbers: it is reaped. tree_lock held; then
 * process_reaped() without it. */
void process_unlink_locked(struct process *process);
/* Gives up the tree's reference to a process that was unlinked. No lock held. */
void process_reaped(struct process *process);
/* A task other than the last ended: its children hear of it (PR_SET_PDEATHSIG). tree_lock held. */
void process_children_bereaved_locked(struct process *process, int32_t tid);

#endif
