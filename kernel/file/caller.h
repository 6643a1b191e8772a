/*
 * What files and file systems ask about the process that calls them. Declared here, implemented by
 * proc, which stands above.
 */
#ifndef FILE_CALLER_H
#define FILE_CALLER_H

#include "arch/address.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cred;
struct file;
struct file_table;
struct fs_context;
struct signalfd_siginfo;
struct thread;
struct tty;
struct wait_queue;

/* Credentials of the current thread's process: valid until the thread next returns to user mode.
 * Never NULL (kernel threads: root). */
const struct cred *caller_cred(void);
/* Its open files, its root/working directory/umask (fs/context.h). NULL in kernel threads. */
struct file_table *caller_files(void);
struct fs_context *caller_fs(void);
/* Soft limit RLIMIT_…; RLIM_INFINITY is UINT64_MAX. */
uint64_t caller_limit(unsigned resource);
/* Ids as the process itself sees them; 0 in kernel threads. */
int32_t caller_pid(void);
int32_t caller_tid(void);
int32_t caller_group(void);
int32_t caller_session(void);
bool caller_is_session_leader(void);
/* Sends a signal to the calling thread (SIGPIPE, SIGXFSZ). */
void caller_signal(int number);
/* A signal that is unblocked and not ignored is pending / one that kills is pending. */
bool caller_interrupted(void);
bool caller_dying(void);
/* Would `number` be ignored or is it blocked by the caller (terminal job control's rule). */
bool caller_ignores(int number);

/* Job control: signals a process group (signal 0 only asks). 0, -ESRCH. */
int group_signal(int32_t group, int signal);
/* True when the group exists and belongs to the session; true when it is orphaned (POSIX 3.264). */
bool group_in_session(int32_t group, int32_t session);
bool group_orphaned(int32_t group);
/* The session's leader alone gets the signal (hang-ups). */
void session_leader_signal(int32_t session, int number);
/* The controlling terminal of the caller's session, with a count, or NULL; set (proc takes a count
   of its own, through its tty_hooks) or, with NULL, taken away (its count is given up) for a whole
   session. */
struct tty *caller_tty(void);
void session_set_tty(int32_t number, struct tty *tty);
/* What proc asks of terminals, which stand above it; set once at start-up by dev. session_set_tty
 * takes its own count. */
struct tty_hooks {
    void (*get)(struct tty *tty);
    void (*put)(struct tty *tty);
    /* The leader of the session whose terminal this is ended: hangs up, which signals the
     * foreground group. May sleep. */
    void (*leader_exited)(struct tty *tty);
    /* The terminal's device number and its foreground process group, for /proc. Any context. */
    void (*look)(const struct tty *tty, uint32_t *number, int32_t *foreground);
};
void caller_set_tty_hooks(const struct tty_hooks *given);
/* close_range(CLOSE_RANGE_UNSHARE): the caller gets a file table of its own if it shares one. 0 or
 * -ENOMEM. */
int caller_files_unshare(void);
/* Whether an owner of F_SETOWN_EX exists: type F_OWNER_TID, F_OWNER_PID, or F_OWNER_PGRP (then
 * owner is the group's number negated). */
bool owner_exists(int32_t owner, int type);
/* Signals owners of F_SETOWN: positive a process, negative a group. */
void owner_signal(int32_t owner, int number, int fd, uint32_t events);

/* The wall clock, nanoseconds since 1970 (CLOCK_REALTIME); time since boot for CLOCK_BOOTTIME is
   clock_monotonic. The queue that is woken when the wall clock is set. */
int64_t wall_clock_now(void);
struct wait_queue *wall_clock_changed(void);

/*
 * ppoll, pselect6, epoll_pwait: the caller's signal mask becomes the user's at `address` (size must
 * be 8; a null address changes nothing) until caller_mask_restore. 0, -EINVAL, -EFAULT.
 * `interrupted`: the call ends with -EINTR or a restart code, so the old mask comes back only when
 * the handler that now runs returns (or at the border to user mode when none runs); else it comes
 * back at once.
 */
int caller_mask_push(struct uaddr address, size_t size);
void caller_mask_restore(bool interrupted);

/* signalfd: whether a signal of `mask` (bit n - 1: signal n) is pending for the calling thread;
   takes one off and describes it: true if there was one; the queue that is woken when a signal
   comes for the calling thread or its process (lives as long as the caller, and as long as any
   file's poll registration: proc wakes it with EPOLLHUP | POLLFREE semantics by removing waiters
   when it goes). */
bool caller_signal_pending(uint64_t mask);
bool caller_signal_take(uint64_t mask, struct signalfd_siginfo *info);
struct wait_queue *caller_signal_queue(void);

/* pidfd: `handle` is proc's counted name of a process. Gives up a count; whether it ended (is a
   zombie or reaped); the queue that is woken with EPOLLIN when it ends; the number that the caller
   sees, -1 when reaped, 0 when not visible. */
void pid_handle_put(void *handle);
bool pid_handle_ended(void *handle);
bool pid_handle_reaped(void *handle);
struct wait_queue *pid_handle_queue(void *handle);
int32_t pid_handle_number(void *handle);

#endif
