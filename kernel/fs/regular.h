/*
 * Regular files whose contents are the pages of inode->backing: the file operations that such file systems share (memory,
 * overlay, 9p). Reading and writing move bytes between the pages and the caller; mapping hands out the same pages.
 */
#ifndef FS_REGULAR_H
#define FS_REGULAR_H

#include "file/file.h"

extern const struct file_ops regular_file_ops;

/* The members, for file systems that replace some of them. */
int64_t regular_read(struct file *file, struct uio *uio, uint64_t *position);
int64_t regular_write(struct file *file, struct uio *uio, uint64_t *position);
int64_t regular_seek(struct file *file, int64_t offset, int whence);
int regular_map(struct file *file, uint64_t prot, uint64_t flags, struct backing **backing);

/* SEEK_SET, SEEK_CUR, SEEK_END (end: what it refers to) on the description's position; limit: the largest legal offset. position_lock
   held. The new position, -EINVAL, -EOVERFLOW. */
int64_t seek_in(struct file *file, int64_t offset, int whence, uint64_t end, uint64_t limit);

/* truncate(2) and its kin on an inode that may be written: limits, seals, set-id bits, times. -EFBIG (with SIGXFSZ), -EINVAL,
   -EPERM, -ETXTBSY. */
int regular_truncate(struct inode *inode, uint64_t size);
/* A write through any way: mtime, ctime, set-id bits. Lock held / not held. */
void regular_written(struct inode *inode);
/* atime by the rules of the mount and the description (relatime). */
void file_accessed(struct file *file);

#endif
