/*
 * Names made, removed and moved, with all of Linux's checks: what mkdir(2), mknod(2), symlink(2),
 * link(2), unlink(2), rmdir(2) and rename(2) do once their paths are resolved up to the last
 * component.
 *
 * Locks: each takes those of the directories; the caller holds none.
 */
#ifndef FS_ENTRY_H
#define FS_ENTRY_H

#include "fs/path.h"

/* Makes a file of any type but a regular file being opened. wanted: mode (after umask), rdev,
   target; owner and group are decided here. made (may be NULL): its dentry, counted. -EEXIST,
   -ENOENT, -EROFS, -EACCES, -EPERM, … */
int entry_make(const struct path_last *last, const struct inode_new *wanted, struct dentry **made);
/* The core of it: the name is known to be free (negative dentry), the directory's lock is held,
 * rights are checked. */
int entry_make_locked(struct inode *directory, struct dentry *child,
                      const struct inode_new *wanted);
/* Without any check of rights, by the kernel itself: owner as given. -EEXIST: *child is what is
 * there. child may be NULL. */
int entry_make_plain(struct dentry *parent, const char *text, size_t length,
                     const struct inode_new *wanted, struct dentry **child);
int entry_link(const struct path *from, const struct path_last *to);
/* directory: rmdir(2), else unlink(2). */
int entry_remove(const struct path_last *last, bool directory);
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE; others -EINVAL. */
int entry_rename(const struct path_last *from, const struct path_last *to, unsigned flags);

#endif
