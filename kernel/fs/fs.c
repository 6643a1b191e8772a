/*
 * Start-up of the file systems, in the order in which they need one another.
 */
#include "fs/fs.h"
#include "fs/device_internal.h"
#include "fs/memfd_internal.h"
#include "fs/memory.h"
#include "fs/mount.h"
#include "trace/log.h"

void fs_init(void)
{
    memory_register();
    if (mount_root("rootfs") || devtmpfs_init() || memfd_init())
        panic("no memory for the first file systems");
}
