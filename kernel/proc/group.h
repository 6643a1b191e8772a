/*
 * Process groups and sessions (credentials(7)): job control's sets of processes.
 */
#ifndef PROC_GROUP_H
#define PROC_GROUP_H

#include "proc/process.h"

/* setpgid(2), getpgid(2), setsid(2), getsid(2) of the current process; 0 as pid means itself. */
int group_set(int32_t pid, int32_t group);
int32_t group_get(int32_t pid);
int32_t session_create(void);
int32_t session_get_id(int32_t pid);

/* No member has a parent outside the group but in the session (POSIX 3.264). `leaving` (may be
 * NULL) is not counted. tree_lock held. */
bool group_orphaned_locked(const struct pid *group, const struct process *leaving);
/* The process's own group, asked without the lock. */
bool group_is_orphaned(struct process *process);
/* `process` ends or loses its parent `parent`: a group with stopped members that it leaves orphaned
   gets SIGHUP and SIGCONT. tree_lock held. */
void group_abandon_locked(struct process *process, const struct process *parent, bool leaving);

/* Moves a process (unpublished, or with tree_lock held) into a group and session; takes references.
 */
void group_join_locked(struct process *process, struct pid *group, struct session *session);
/* Takes it out; the references are kept in the process for process_drop(). */
void group_leave_locked(struct process *process);

struct session *session_get(struct session *session);
/* NULL is legal. Not with a spinlock held. */
void session_put(struct session *session);
/* A session of its own for process 1, led by `pid`. NULL: no memory. */
struct session *session_alloc(struct pid *pid);

/* The number of its terminal's device and that terminal's foreground group; 0 without one.
 * tree_lock held. */
void session_tty_look_locked(const struct session *session, uint32_t *number, int32_t *foreground);

/* The session's leader ends: hangs up the terminal and takes it from the session. No lock held. */
void session_leader_exit(struct process *leader);

#endif
