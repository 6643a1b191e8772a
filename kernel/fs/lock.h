/*
 * File locks: flock(2), POSIX record locks and open-file-description locks (fcntl_locking(2)). All
 * locks of an inode hang in one list; an owner is a file table (POSIX) or a description (flock,
 * OFD).
 *
 * Locks: one spinlock for all lists and for the search for deadlocks; waits happen on the inode's
 * list's queue.
 */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include <linux/fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct file_table;
struct inode;

/* flock(2): operation LOCK_SH, LOCK_EX, LOCK_UN, perhaps with LOCK_NB. 0, -EINVAL, -EAGAIN,
 * -ERESTARTSYS, -ENOLCK. */
int lock_flock(struct file *file, int operation);
/* F_GETLK, F_OFD_GETLK: fills *given with what is in the way, or l_type F_UNLCK. 0, -EINVAL,
 * -EOVERFLOW. */
int lock_record_test(struct file *file, struct flock *given, bool ofd);
/* F_SETLK(W), F_OFD_SETLK(W). 0, -EAGAIN, -EDEADLK, -EBADF (mode of the description), -EINVAL,
   -EOVERFLOW, -ENOLCK, -ERESTARTSYS. */
int lock_record_set(struct file *file, const struct flock *given, bool ofd, bool wait);

/* A descriptor of table for this inode was closed. */
void lock_drop_table(struct file_table *table, struct inode *inode);
/* The description is gone. */
void lock_drop_file(struct file *file);
/* The inode is gone (its list is empty). */
void lock_drop_inode(struct inode *inode);

/* Lines of /proc/locks: formats the one with `index`; 0: there is none. As snprintf. */
int lock_describe(uint64_t index, char *buffer, size_t size);

#endif
