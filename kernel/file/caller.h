/*
 * What files and file systems ask about the process that calls them. Declared here, implemented by proc, which stands above.
 */
#ifndef FILE_CALLER_H
#define FILE_CALLER_H

#include <stdbool.h>
#include <stdint.h>

struct cred;
struct file_table;
struct fs_context;
struct thread;
struct tty;

/* Credentials of the current thread's process: valid until the thread next returns to user mode. Never NULL (kernel threads: root). */
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

/* Job control: signals a process group (number 0 only asks). 0, -ESRCH. */
int group_signal(int32_t group, int number);
/* True when the group exists and belongs to the session; true when it is orphaned (POSIX 3.264). */
bool group_in_session(int32_t group, int32_t session);
bool group_orphaned(int32_t group);
/* The controlling terminal of the caller's session, with a count, or NULL; set / taken away for a whole session. */
struct tty *caller_tty(void);
void session_set_tty(int32_t session, struct tty *tty);
/* Signals owners of F_SETOWN: positive a process, negative a group. */
void owner_signal(int32_t owner, int number, int fd, uint32_t events);

#endif
