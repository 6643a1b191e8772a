/*
 * Start-up of the file systems, in the order in which they need one another.
 */
#include "fs/fs.h"
#include "fs/dentry.h"
#include "fs/device_internal.h"
#include "fs/entry.h"
#include "fs/memfd_internal.h"
#include "fs/memory.h"
#include "fs/mount.h"
#include "mem/reclaim.h"
#include "trace/log.h"
#include <linux/stat.h>

/* What the first program finds even in an empty root: /dev/console, so that it has somewhere to
 * write. */
static int first_nodes(void)
{
    static const struct inode_new directory = {.mode = S_IFDIR | 0755};
    const struct inode_new console = {.mode = S_IFCHR | 0600, .rdev = device_number(5, 1)};
    struct mount *mount = mount_root_get();
    struct dentry *dev;
    int error = entry_make_plain(mount->root, "dev", 3, &directory, &dev);

    if (!error) {
        error = entry_make_plain(dev, "console", 7, &console, NULL);
        dentry_put(dev);
    }
    mount_put(mount);
    return error;
}

enum { DENTRIES_KEPT = 64 };

/* Inodes that nobody uses go with their names. */
static uint64_t dentries_shrink(void)
{
    return dentry_cache_trim(DENTRIES_KEPT);
}

static struct shrinker dentry_shrinker = {.shrink = dentries_shrink};

void fs_init(void)
{
    reclaim_register(&dentry_shrinker);
    memory_register();
    if (mount_root("rootfs") || devtmpfs_init() || memfd_init() || first_nodes())
        panic("no memory for the first file systems");
}
