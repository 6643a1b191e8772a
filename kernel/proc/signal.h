/*
 * Sending and delivering signals (signal(7)).
 *
 * A signal for a process waits in process->pending, one for a task in task->pending; both are
 * guarded by the process's signal_lock, as are actions, masks and stops. thread->pending summarises
 * them for the way back to user mode: others only set its bits, the task itself clears them
 * (signal_recalculate_locked), so that an interrupted call always passes through signal_deliver().
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "proc/process.h"

struct trap_frame;

#define SIGNAL_SET_STOP \
    (signal_bit(SIGSTOP) | signal_bit(SIGTSTP) | signal_bit(SIGTTIN) | signal_bit(SIGTTOU))
#define SIGNAL_SET_IGNORED \
    (signal_bit(SIGCHLD) | signal_bit(SIGCONT) | signal_bit(SIGWINCH) | signal_bit(SIGURG))
#define SIGNAL_SET_CORE                                                                     \
    (signal_bit(SIGQUIT) | signal_bit(SIGILL) | signal_bit(SIGTRAP) | signal_bit(SIGABRT) | \
     signal_bit(SIGFPE) | signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGSYS) |   \
     signal_bit(SIGXCPU) | signal_bit(SIGXFSZ))
#define SIGNAL_SET_SYNCHRONOUS                                                             \
    (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | signal_bit(SIGTRAP) | \
     signal_bit(SIGFPE) | signal_bit(SIGSYS))
#define SIGNAL_SET_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))

/* --- sending: signal_send.c --- */

/* Sends to a process (any task may take it) or to one task. info NULL: from the kernel (SI_KERNEL
   of pid 0). Real-time signals queue, others once. 0 (also to a zombie), or -EAGAIN
   (RLIMIT_SIGPENDING, real-time by sigqueue). Any context; takes signal_lock. */
int signal_process(struct process *process, int number, const siginfo_t *info);
int signal_task(struct task *task, int number, const siginfo_t *info);
/* The same with signal_lock held. task NULL: to the process. discarded (may be NULL): set when it
 * was ignored at once. */
int signal_send_locked(struct process *process, struct task *task, int number,
                       const siginfo_t *info, bool *discarded);
/* Sends to every process of a group. tree_lock held. */
void signal_group_locked(struct pid *group, int number, const siginfo_t *info);
/* Makes all tasks of a process end with `status` as wait encodes it. signal_lock held. */
void signal_group_exit_locked(struct process *process, int32_t status);
/* Tells a task that its thread->pending may have changed. signal_lock held. */
void signal_notice_locked(struct task *task);
/* Fills in what kill(2) sends from the current process: SI_USER or another code. */
void signal_info_user(siginfo_t *info, int number, int code);
/* A synchronous fault of the current task: unblocks and resets the handler if it is blocked or
 * ignored. `fatal`: resets it always. */
void signal_force(int number, const siginfo_t *info, bool fatal);
/* May the current task signal that process (kill(2))? 0, -EPERM. */
int signal_permitted(struct process *target, int number);
/* Tells the parent that `process` stopped, continued or ended (CLD_…). tree_lock held. For an end:
   true when nobody will wait for it, so that it is to be reaped at once. */
bool signal_parent_locked(struct process *process, int code);

/* --- queues: signal_queue.c --- */

struct queued_signal {
    TAILQ_ENTRY(queued_signal) link;
    siginfo_t info;
    uint32_t uid;            /* whose RLIMIT_SIGPENDING it counts against */
    int32_t timer;           /* the posix timer that sent it, or -1 */
    uint32_t timer_sequence; /* its generation at that time */
};

/* Adds a signal. limit: RLIMIT_SIGPENDING of the receiver, UINT64_MAX: none. Without memory or
   beyond the limit only the bit is set: then NULL. */
struct queued_signal *signal_queue_add(struct signal_queue *queue, int number,
                                       const siginfo_t *info, uint32_t uid, uint64_t limit);
/* Takes the next of `number` off. Without an entry: SI_USER of pid 0. timer, sequence: of the
 * entry, or -1. */
void signal_queue_take(struct signal_queue *queue, int number, siginfo_t *info, int32_t *timer,
                       uint32_t *sequence);
/* Removes every signal of `set`. */
void signal_queue_remove(struct signal_queue *queue, uint64_t set);
/* Empties a queue; used by drop and exit. */
void signal_queue_flush(struct signal_queue *queue);
/* Takes the signal of `mask` (those that may come) that is delivered first to the current task:
   synchronous ones, then the lowest number, the task's own before the process's. Its number, or 0.
   signal_lock held. */
int signal_dequeue_locked(struct task *task, uint64_t mask, siginfo_t *info);

/* --- delivery: signal_deliver.c, signal_stop.c --- */

/* The work at the border to user mode: stops, group exit, delivery of handlers and default actions.
   Interrupts on. restart handling of the interrupted call included. */
void signal_deliver(struct trap_frame *frame);
/* Starts a group stop for a stop signal that the current task took; signal_lock held with `saved`,
 * released on return. */
void signal_stop_start(int number, uint64_t saved);
/* Takes part in the stop that was requested; signal_lock held with `saved`, released on return. */
void signal_stop_join(uint64_t saved);
/* A task has left (process->task_count is down): the stop may be complete now. signal_lock held;
 * true: tell the parent. */
bool signal_stop_left_locked(struct process *process);

/* --- state: signal.c --- */

/* fork: an unpublished child's actions: one reference, or a copy when they are common. NULL: no
 * memory. */
struct signal_actions *signal_actions_fork(struct process *parent);
/* CLONE_SIGHAND: the parent's actions with another reference, common from now on. NULL: no memory.
 */
struct signal_actions *signal_actions_share(struct process *parent);
struct signal_actions *signal_actions_create(void);
struct signal_actions *signal_actions_get(struct signal_actions *actions);
void signal_actions_put(struct signal_actions *actions);
/* exec: caught become default, all flags are reset. Takes over `fresh` (of signal_actions_create).
 */
void signal_actions_exec(struct process *process, struct signal_actions *fresh);
/* The process's own writable actions. signal_lock held is not needed by the caller; 0 or -ENOMEM.
 */
int signal_actions_own(struct process *process);
int signal_actions_own_locked(struct process *process);
/* rt_sigaction: new or old may be NULL. 0, -EINVAL, -ENOMEM. */
int signal_action_set(int number, const struct signal_action *action, struct signal_action *old);
/* Sets the current task's mask and looks for what it uncovers. */
void signal_set_mask(uint64_t mask);
/* Recomputes thread->pending from what is pending and blocked: sets bits; clears them only for the
 * current task. signal_lock held. */
void signal_recalculate_locked(struct task *task);
/* Wakes other tasks for signals of the process that `task` will not take any more: those in `set`.
 * signal_lock held. */
void signal_retarget_locked(struct task *task, uint64_t set);
/* True when the action means that the signal does nothing. signal_lock held. */
bool signal_ignored_locked(const struct process *process, int number);
/* Until signal_mask_end(interrupted) the mask is `mask` (sigsuspend, ppoll). */
void signal_mask_begin(uint64_t mask);
void signal_mask_end(bool interrupted);
/* What is pending for the current task. */
uint64_t signal_pending_set(void);
/* sigaltstack: sp is the user stack pointer, minimum the smallest size. 0, -EPERM, -EINVAL,
 * -ENOMEM. */
int signal_stack_set(const stack_t *stack, uint64_t sp, size_t minimum);
/* The alternate stack as sigaltstack reports it. */
void signal_stack_get(stack_t *stack, uint64_t sp);
/* Whether sp lies on the alternate stack. */
bool signal_stack_on(const stack_t *stack, uint64_t sp);
/* sigtimedwait: the number taken, -EAGAIN (deadline, clock_monotonic), -EINTR. */
int signal_wait(uint64_t set, siginfo_t *info, uint64_t deadline);

#endif
