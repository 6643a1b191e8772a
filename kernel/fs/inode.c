/*
 * The part of inodes that all file systems share: counts, times, sizes and plain changes of
 * attributes. Everything is O(1) except what release does.
 */
#include "fs/inode.h"
#include "file/caller.h"
#include "fs/filesystem.h"
#include "fs/lock.h"
#include "lib/assert.h"
#include "mem/backing.h"
#include <linux/stat.h>

int64_t inode_time(void)
{
    return wall_clock_now();
}

void inode_init(struct inode *inode, struct filesystem *filesystem, const struct inode_ops *ops,
                uint32_t mode, uint64_t number)
{
    int64_t now = inode_time();

    atomic_store_explicit(&inode->refs, 1, memory_order_relaxed);
    inode->mode = mode;
    inode->links = 1;
    inode->ops = ops;
    inode->filesystem = filesystem;
    inode->number = number ? number : atomic_fetch_add(&filesystem->next_number, 1);
    inode->atime = inode->mtime = inode->ctime = inode->btime = now;
}

void inode_get(struct inode *inode)
{
    atomic_fetch_add_explicit(&inode->refs, 1, memory_order_relaxed);
}

void inode_put(struct inode *inode)
{
    if (!inode || atomic_fetch_sub_explicit(&inode->refs, 1, memory_order_acq_rel) != 1)
        return;
    lock_drop_inode(inode);
    if (inode->special_release)
        inode->special_release(inode);
    inode->ops->release(inode);
}

uint64_t inode_size(const struct inode *inode)
{
    return inode->backing ? inode->backing->size : inode->size;
}

int inode_change_apply(struct inode *inode, const struct inode_change *change)
{
    uint32_t mask = change->mask;

    debug_assert(mutex_held(&inode->lock));
    if (mask & INODE_CHANGE_MODE)
        inode->mode = (inode->mode & S_IFMT) | (change->mode & 07777);
    if (mask & INODE_CHANGE_UID)
        inode->uid = change->uid;
    if (mask & INODE_CHANGE_GID)
        inode->gid = change->gid;
    if (mask & INODE_CHANGE_ATIME)
        inode->atime = change->atime;
    if (mask & INODE_CHANGE_MTIME)
        inode->mtime = change->mtime;
    if (mask & INODE_CHANGE_CTIME)
        inode->ctime = change->ctime;
    if (!(mask & INODE_CHANGE_SIZE))
        return 0;
    if (inode->backing)
        backing_resize(inode->backing, change->size);
    else
        inode->size = change->size;
    return 0;
}

void inode_changed(struct inode *directory)
{
    directory->mtime = directory->ctime = inode_time();
    directory->version++;
}
