/*
 * Regular files, symbolic links and special files in memory, and the count of pages against the
 * instance's limit.
 *
 * The count follows what is resident: it is brought up to date after each write, truncation and
 * allocation. Before a write near the limit, missing pages are counted one by one.
 */
#include "fs/memory.h"
#include "fs/regular.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/uio.h"
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

void memory_charge(struct memory_inode *node)
{
    struct memory_filesystem *instance = memory_instance_of(&node->inode);
    uint64_t now = node->lower ? 0 : node->regular.backing.resident;

    atomic_fetch_add(&instance->pages_used, now - node->regular.charged);
    node->regular.charged = now;
}

/* How many of `count` bytes at `offset` find room. */
static uint64_t memory_room(struct memory_inode *node, uint64_t offset, uint64_t count)
{
    struct memory_filesystem *instance = memory_instance_of(&node->inode);
    struct backing *backing = &node->regular.backing;
    uint64_t used = atomic_load(&instance->pages_used), free, index;

    if (!instance->page_limit || node->lower)
        return count;
    free = used < instance->page_limit ? instance->page_limit - used : 0;
    if (free >= count / PAGE_SIZE + 2)
        return count;
    mutex_lock(&backing->lock);
    for (index = offset >> PAGE_SHIFT; index < divide_up(offset + count, PAGE_SIZE); index++)
        if (!slot_tree_get(&backing->pages, index) && free-- == 0)
            break;
    mutex_unlock(&backing->lock);
    if (index << PAGE_SHIFT >= offset + count)
        return count;
    return index << PAGE_SHIFT > offset ? (index << PAGE_SHIFT) - offset : 0;
}

static void memory_settle(struct inode *inode)
{
    mutex_lock(&inode->lock);
    memory_charge(memory_of(inode));
    mutex_unlock(&inode->lock);
}

static int64_t memory_write(struct file *file, struct uio *uio, uint64_t *position)
{
    uint64_t offset = *position, room;
    int64_t done;

    if (!uio->left)
        return 0;
    if (file->flags & O_APPEND)
        offset = inode_size(file->inode);
    room = memory_room(memory_of(file->inode), offset, uio->left);
    if (!room)
        return -ENOSPC;
    uio->left = min_size(uio->left, room);
    done = regular_write(file, uio, position);
    memory_settle(file->inode);
    return done == -ENOMEM ? -ENOSPC : done;
}

static int memory_allocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    int error;

    if (!(mode & FALLOC_FL_PUNCH_HOLE) &&
        memory_room(memory_of(file->inode), offset, length) < length)
        return -ENOSPC;
    error = regular_allocate(file, mode, offset, length);
    memory_settle(file->inode);
    return error;
}

static int memory_file_map(struct file *file, uint64_t prot, uint64_t flags,
                           struct backing **backing)
{
    memory_settle(file->inode);
    return regular_map(file, prot, flags, backing);
}

int memory_get_attributes(struct inode *inode)
{
    struct memory_inode *node = memory_of(inode);
    uint64_t blocks = node->regular.backing.resident * (PAGE_SIZE / 512);

    if (node->lower)
        blocks = max_u64(blocks, dentry_inode(node->lower)->blocks);
    inode->blocks = blocks;
    return 0;
}

int memory_set_attributes(struct inode *inode, const struct inode_change *change)
{
    struct memory_inode *node = memory_of(inode);
    int error;

    overlay_pin(node);
    if (!inode->backing || !(change->mask & INODE_CHANGE_SIZE))
        return inode_change_apply(inode, change);
    mutex_lock(&inode->backing->lock);
    node->regular.lower_end = min_u64(node->regular.lower_end, change->size);
    mutex_unlock(&inode->backing->lock);
    error = inode_change_apply(inode, change);
    memory_charge(node);
    return error;
}

int memory_open(struct inode *inode, struct file *file)
{
    if (!(file->mode & FILE_WRITE) || !memory_of(inode)->lower)
        return 0;
    mutex_lock(&inode->lock);
    overlay_pin(memory_of(inode));
    mutex_unlock(&inode->lock);
    return 0;
}

static int64_t memory_read_link(struct inode *inode, char *buffer, size_t size)
{
    size_t length = min_size(inode->size, size);

    memcpy(buffer, memory_of(inode)->target, length);
    return (int64_t)length;
}

const struct inode_ops memory_regular_ops = {
    .get_attributes = memory_get_attributes,
    .set_attributes = memory_set_attributes,
    .open = memory_open,
    .get_xattr = memory_get_xattr,
    .set_xattr = memory_set_xattr,
    .list_xattr = memory_list_xattr,
    .remove_xattr = memory_remove_xattr,
    .release = memory_release,
};

const struct inode_ops memory_link_ops = {
    .read_link = memory_read_link,
    .set_attributes = memory_set_attributes,
    .get_xattr = memory_get_xattr,
    .set_xattr = memory_set_xattr,
    .list_xattr = memory_list_xattr,
    .remove_xattr = memory_remove_xattr,
    .release = memory_release,
};

/* FIFOs, sockets and devices. */
const struct inode_ops memory_special_ops = {
    .set_attributes = memory_set_attributes,
    .get_xattr = memory_get_xattr,
    .set_xattr = memory_set_xattr,
    .list_xattr = memory_list_xattr,
    .remove_xattr = memory_remove_xattr,
    .release = memory_release,
};

const struct file_ops memory_regular_file_ops = {
    .read = regular_read,
    .write = memory_write,
    .seek = regular_seek,
    .map = memory_file_map,
    .sync = regular_sync,
    .allocate = memory_allocate,
};
