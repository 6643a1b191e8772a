/*
 * Opening: from a path and O_ flags to an open file description.
 */
#ifndef FS_OPEN_H
#define FS_OPEN_H

#include "file/file.h"
#include <linux/openat2.h>

/* openat2(2) with the text in kernel memory. flags as the program gave them; those that openat()
   ignores were taken out by the caller. 0 and a description with one reference, or -errno as
   open(2). */
int open_at(int dirfd, const char *text, const struct open_how *how, struct file **file);
/* For exec: opened for reading, checked: a regular file, executable, on a mount without noexec;
   -EACCES, -ELOOP and those of path_resolve. flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. */
int open_program(int dirfd, const char *text, unsigned flags, struct file **file);
/* A description of an inode that was already found: access mode and flags in `flags` (O_…);
   permission is not asked. For magic links of procfs, pseudo terminals. Takes own counts of path.
 */
int open_path(const struct path *path, uint32_t flags, struct file **result);

/* Counts a writer of an inode's contents (mount may be NULL) for as long as it may write: 0,
 * -EROFS, -ETXTBSY. */
int file_write_begin(struct mount *mount, struct inode *inode);
void file_write_end(struct mount *mount, struct inode *inode);

#endif
