/*
 * Start-up of the file systems, and the archive that fills the first one.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include "arch/machine.h"

/* Registers the types of this directory and mounts an empty rootfs. Before anything else of fs is
 * used. Panics without memory. */
void fs_init(void);
/* Unpacks a newc archive (cpio(5), concatenated ones too) into the root. 0, -EINVAL (not an
   archive), -ENOMEM, or what making a file said. */
int initramfs_unpack(struct machine_range archive);

#endif
