/*
 * Between devices, open and devtmpfs.
 */
#ifndef FS_DEVICE_INTERNAL_H
#define FS_DEVICE_INTERNAL_H

struct file;
struct inode;

/* Readies a description of a device's inode: -ENXIO without a driver, what the driver says. */
int device_open(struct inode *inode, struct file *file);
/* Registers devtmpfs and makes its instance; before any device. 0 or -errno. */
int devtmpfs_init(void);

#endif
