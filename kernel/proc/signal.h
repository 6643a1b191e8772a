/*
 * Sending and delivering signals (signal(7)).
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "proc/process.h"

struct trap_frame;

/* Sends to a process (any task may take it) or to one task. info NULL: SI_KERNEL-less plain kill from the kernel (SI_USER of pid 0).
   Real-time signals queue, others once. 0, or -EAGAIN (RLIMIT_SIGPENDING, real-time by sigqueue). Any context; takes signal_lock. */
int signal_process(struct process *process, int number, const siginfo_t *info);
int signal_task(struct task *task, int number, const siginfo_t *info);
/* Sends to every process of a group. tree_lock held. */
void signal_group_locked(struct pid *group, int number, const siginfo_t *info);
/* A synchronous fault of the current task: unblocks and resets the handler if it is blocked or ignored. */
void signal_force(int number, const siginfo_t *info);
/* May the current task signal that process (kill(2))? 0, -EPERM. */
int signal_permitted(struct process *target, int number);

/* The work at the border to user mode: stops, group exit, delivery of handlers and default actions. Interrupts on. restart handling of
   the interrupted call included. */
void signal_deliver(struct trap_frame *frame);

/* fork: an unpublished child's actions (one reference). exec: caught become default. */
struct signal_actions *signal_actions_get(struct signal_actions *actions);
void signal_actions_put(struct signal_actions *actions);
int signal_actions_exec(struct process *process);
/* The process's own writable actions. signal_lock held is not needed by the caller; 0 or -ENOMEM. */
int signal_actions_own(struct process *process);
/* Empties a queue; used by drop and exit. */
void signal_queue_flush(struct signal_queue *queue);
/* Sets the current task's mask and looks for what it uncovers. */
void signal_set_mask(uint64_t mask);
/* Recomputes thread->pending from what is pending and blocked. signal_lock held. */
void signal_recalculate_locked(struct task *task);
/* Tells the parent that `process` stopped, continued or ended. tree_lock held. */
void signal_parent_locked(struct process *process, int code);

#endif
