/*
 * Inodes of the memory file system: made, and taken apart. A directory that dies with entries (the
 * instance ends) is put on the instance's list and emptied by whoever drains it, so that deep trees
 * need no deep stack.
 */
#include "fs/memory.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/reclaim.h"
#include "mem/slab.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

static struct slab_cache memory_cache = SLAB_CACHE("memory_inode", sizeof(struct memory_inode));

static int memory_setup_link(struct memory_inode *node, const char *target)
{
    node->target = heap_string(target);
    node->inode.size = strlen(target);
    node->inode.ops = &memory_link_ops;
    return node->target ? 0 : -ENOMEM;
}

static int memory_setup(struct memory_inode *node, const struct inode_new *new_inode)
{
    struct inode *inode = &node->inode;

    if (S_ISREG(inode->mode)) {
        inode->ops = &memory_regular_ops;
        inode->file_ops = &memory_regular_file_ops;
        inode->backing = &node->regular.backing;
        backing_init(inode->backing, &memory_backing_ops);
        inode->backing->seals = F_SEAL_SEAL;
    } else if (S_ISDIR(inode->mode)) {
        inode->ops = &memory_directory_ops;
        inode->file_ops = &memory_directory_file_ops;
        inode->links = 2;
        inode->size = 40;
        node->directory.next_cookie = 2;
    } else if (S_ISLNK(inode->mode)) {
        return memory_setup_link(node, new_inode->target);
    }
    return 0;
}

/* Counts the inode in the instance. */
static int memory_charge_inode(struct memory_filesystem *instance)
{
    uint64_t used = atomic_fetch_add(&instance->inodes_used, 1);

    if (!instance->inode_limit || used < instance->inode_limit)
        return 0;
    atomic_fetch_sub(&instance->inodes_used, 1);
    return -ENOSPC;
}

int memory_inode_create(struct filesystem *filesystem, const struct inode_new *new_inode,
                        uint64_t number, struct memory_inode **inode)
{
    struct memory_filesystem *instance = filesystem->private;
    struct memory_inode *node;
    int error = number || reclaim_files_may_grow() ? memory_charge_inode(instance) : -ENOSPC;

    if (error)
        return error;
    node = slab_alloc_zero(&memory_cache);
    if (!node) {
        atomic_fetch_sub(&instance->inodes_used, 1);
        return -ENOMEM;
    }
    inode_init(&node->inode, filesystem, &memory_special_ops, new_inode->mode, number);
    node->inode.uid = new_inode->uid;
    node->inode.gid = new_inode->gid;
    node->inode.rdev = new_inode->rdev;
    error = memory_setup(node, new_inode);
    if (error) {
        inode_put(&node->inode);
        return error;
    }
    *inode = node;
    return 0;
}

static void memory_free(struct memory_inode *node)
{
    dentry_put(node->lower);
    slab_free(&memory_cache, node);
}

static void memory_backing_release(struct backing *backing)
{
    struct memory_inode *node =
        (void *)((char *)backing - offsetof(struct memory_inode, regular.backing));

    backing_destroy(backing);
    memory_free(node);
}

const struct backing_ops memory_backing_ops = {
    .release = memory_backing_release,
};

/* Frees a directory and its entries; what they counted may join the list. */
static void memory_free_directory(struct memory_inode *directory)
{
    struct memory_entry *entry;

    while ((entry = memory_entry_any(directory))) {
        struct inode *inode = entry->inode;

        memory_entry_drop(directory, entry);
        inode_put(inode);
    }
    memory_free(directory);
}

static void memory_drain(struct memory_filesystem *instance, struct memory_inode *directory)
{
    spin_lock(&instance->lock);
    SLIST_INSERT_HEAD(&instance->dying, directory, directory.dying_link);
    while (!instance->draining && (directory = SLIST_FIRST(&instance->dying))) {
        SLIST_REMOVE_HEAD(&instance->dying, directory.dying_link);
        instance->draining = true;
        spin_unlock(&instance->lock);
        memory_free_directory(directory);
        spin_lock(&instance->lock);
        instance->draining = false;
    }
    spin_unlock(&instance->lock);
}

void memory_release(struct inode *inode)
{
    struct memory_inode *node = memory_of(inode);
    struct memory_filesystem *instance = memory_instance_of(inode);

    overlay_forget(node);
    memory_drop_xattrs(node);
    atomic_fetch_sub(&instance->inodes_used, 1);
    if (S_ISDIR(inode->mode)) {
        memory_drain(instance, node);
    } else if (inode->backing) {
        atomic_fetch_sub(&instance->pages_used, node->regular.charged);
        backing_put(inode->backing);
    } else {
        if (S_ISLNK(inode->mode))
            heap_free(node->target);
        memory_free(node);
    }
}
