/*
 * Regular files whose contents are the pages of inode->backing: the file operations that such file
 * systems share (memory, overlay, 9p). Reading and writing move bytes between the pages and the
 * caller; mapping hands out the same pages.
 */
#ifndef FS_REGULAR_H
#define FS_REGULAR_H

#include "file/file.h"

struct inode;
struct mount;

extern const struct file_ops regular_file_ops;

/* The members, for file systems that replace some of them. */
int64_t regular_read(struct file *file, struct uio *uio, uint64_t *position);
int64_t regular_write(struct file *file, struct uio *uio, uint64_t *position);
int64_t regular_seek(struct file *file, int64_t offset, int whence);
int regular_map(struct file *file, uint64_t prot, uint64_t flags, struct backing **backing);
int regular_sync(struct file *file, bool data_only); /* nothing to write back: 0 */
/* fallocate(2): KEEP_SIZE, PUNCH_HOLE, ZERO_RANGE; others -EOPNOTSUPP. -EPERM (seals), -ENOSPC,
 * -EFBIG, -EINTR (killed). */
int regular_allocate(struct file *file, int mode, uint64_t offset, uint64_t length);

/* truncate(2) and its kin on an inode that may be written: limits, seals, set-id bits, times.
   -EFBIG (with SIGXFSZ), -EINVAL, -EPERM, -ETXTBSY. */
int regular_truncate(struct inode *inode, uint64_t size);
/* A write through any way: mtime, ctime, set-id bits. Lock not held. */
void regular_written(struct inode *inode);
/* atime by the rules of the mount and the description (relatime). */
void file_accessed(struct file *file);
/* The same for an inode that was reached through a mount. */
void inode_accessed(struct inode *inode, struct mount *mount);

#endif
