/*
 * What a lower directory tree adds to the memory file system: names that memory does not know are
 * looked up below and become memory inodes with a lower dentry; their pages are filled from the
 * lower file when first touched. Nothing is copied up: a write makes pages in memory, a truncation
 * lowers the bound up to which the lower file shows.
 *
 * An inode that came from below is found again by the lower inode's number (so hard links below
 * stay one file). While memory knows nothing that lower does not, it lives as long as somebody uses
 * it and can be made again; with its first change it is pinned by a count on itself. Its number is
 * the lower one; inodes born in memory are numbered from OVERLAY_NUMBERS on.
 *
 * Locks: instance->lock (spin) guards the table. An inode in it may be dying (no counts): it is
 * passed over.
 */
#include "fs/dentry.h"
#include "fs/memory.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

static struct memory_lower_list *lower_bucket(struct memory_filesystem *instance, uint64_t number)
{
    return &instance->lower_table[hash_u64(number) % MEMORY_LOWER_BUCKETS];
}

/* One more count, unless there is none left. */
static bool inode_get_live(struct inode *inode)
{
    uint32_t refs = atomic_load(&inode->refs);

    while (refs)
        if (atomic_compare_exchange_weak(&inode->refs, &refs, refs + 1))
            return true;
    return false;
}

/* The inode of this lower number, counted, or NULL. Table locked. */
static struct memory_inode *lower_find_locked(struct memory_filesystem *instance, uint64_t number)
{
    struct memory_inode *node;

    LIST_FOREACH (node, lower_bucket(instance, number), lower_link)
        if (node->inode.number == number && inode_get_live(&node->inode))
            return node;
    return NULL;
}

static void lower_copy_attributes(struct memory_inode *node, struct inode *lower)
{
    struct inode *inode = &node->inode;

    inode->links = lower->links;
    inode->size = inode_size(lower);
    inode->blocks = lower->blocks;
    inode->atime = lower->atime;
    inode->mtime = lower->mtime;
    inode->ctime = lower->ctime;
    inode->btime = lower->btime;
    if (!S_ISREG(inode->mode))
        return;
    inode->backing->ops = &overlay_backing_ops;
    inode->backing->size = inode_size(lower);
    node->regular.lower_end = inode_size(lower);
}

/* The target of a symbolic link below, on the heap. */
static int lower_target(struct inode *lower, char **target)
{
    int64_t length;

    *target = heap_alloc(PATH_MAX);
    if (!*target)
        return -ENOMEM;
    length = lower->ops->read_link ? lower->ops->read_link(lower, *target, PATH_MAX - 1) : -EINVAL;
    if (length < 0) {
        heap_free(*target);
        return (int)length;
    }
    (*target)[length] = '\0';
    return 0;
}

/* A fresh inode for what the lower dentry leads to; takes an own count of it. */
static int lower_instantiate(struct filesystem *filesystem, struct dentry *dentry,
                             struct memory_inode **node)
{
    struct inode *lower = dentry_inode(dentry);
    struct inode_new wanted = {lower->mode, lower->uid, lower->gid, lower->rdev, NULL};
    char *target = NULL;
    int error = lower->ops->get_attributes ? lower->ops->get_attributes(lower) : 0;

    if (!error && S_ISLNK(lower->mode))
        error = lower_target(lower, &target);
    wanted.target = target;
    error = error ?: memory_inode_create(filesystem, &wanted, lower->number, node);
    heap_free(target);
    if (error)
        return error;
    (*node)->lower = dentry_get(dentry);
    lower_copy_attributes(*node, lower);
    return 0;
}

/* Enters a fresh inode into the table, or finds that another one was quicker and gives that
 * instead. */
static struct memory_inode *lower_enter(struct memory_filesystem *instance,
                                        struct memory_inode *fresh)
{
    struct memory_inode *found;

    spin_lock(&instance->lock);
    found = lower_find_locked(instance, fresh->inode.number);
    if (!found)
        LIST_INSERT_HEAD(lower_bucket(instance, fresh->inode.number), fresh, lower_link);
    spin_unlock(&instance->lock);
    if (!found)
        return fresh;
    inode_put(&fresh->inode);
    return found;
}

static int lower_inode(struct filesystem *filesystem, struct dentry *dentry,
                       struct memory_inode **node)
{
    struct memory_filesystem *instance = filesystem->private;
    int error;

    spin_lock(&instance->lock);
    *node = lower_find_locked(instance, dentry_inode(dentry)->number);
    spin_unlock(&instance->lock);
    if (*node)
        return 0;
    error = lower_instantiate(filesystem, dentry, node);
    if (!error)
        *node = lower_enter(instance, *node);
    return error;
}

int overlay_lookup(struct memory_inode *directory, const struct name *name, struct inode **inode)
{
    struct memory_inode *node;
    struct dentry *lower;
    int error = dentry_lookup(directory->lower, name, &lower);

    if (error)
        return error;
    error = dentry_inode(lower) ? lower_inode(directory->inode.filesystem, lower, &node) : -ENOENT;
    dentry_put(lower);
    if (!error)
        *inode = &node->inode;
    return error;
}

int overlay_has(struct memory_inode *directory, const struct name *name)
{
    struct dentry *lower;
    int result = dentry_lookup(directory->lower, name, &lower);

    if (result)
        return result == -ENOENT ? 0 : result;
    result = dentry_inode(lower) != NULL;
    dentry_put(lower);
    return result;
}

void overlay_pin(struct memory_inode *node)
{
    if (!node->lower || node->pinned || !node->inode.links)
        return;
    node->pinned = true;
    inode_get(&node->inode);
}

void overlay_unpin(struct memory_inode *node)
{
    if (!node->pinned)
        return;
    node->pinned = false;
    inode_put(&node->inode);
}

void overlay_forget(struct memory_inode *node)
{
    struct memory_filesystem *instance = memory_instance_of(&node->inode);

    if (!node->lower)
        return;
    spin_lock(&instance->lock);
    /* A fresh one that lost the race was never entered. */
    if (node->lower_link.le_prev)
        LIST_REMOVE(node, lower_link);
    spin_unlock(&instance->lock);
}

/* Some pinned inode of the table with one more count, or NULL. */
static struct memory_inode *overlay_pinned(struct memory_filesystem *instance)
{
    struct memory_inode *node;

    for (size_t i = 0; i < MEMORY_LOWER_BUCKETS; i++)
        LIST_FOREACH (node, &instance->lower_table[i], lower_link)
            if (node->pinned && inode_get_live(&node->inode))
                return node;
    return NULL;
}

void overlay_drain(struct memory_filesystem *instance)
{
    struct memory_inode *node;

    for (;;) {
        spin_lock(&instance->lock);
        node = overlay_pinned(instance);
        spin_unlock(&instance->lock);
        if (!node)
            return;
        overlay_unpin(node);
        inode_put(&node->inode);
    }
}

/* --- pages --- */

/* Copies `count` pages of the lower file out of its own pages. */
static int fill_from_pages(struct inode *lower, uint64_t index, unsigned count,
                           struct frame **frames)
{
    struct frame *page;
    int error;

    for (unsigned i = 0; i < count; i++) {
        error = backing_page(lower->backing, index + i, false, &page);
        if (error)
            return i ? (int)i : error;
        memcpy(frame_address(frames[i]), frame_address(page), PAGE_SIZE);
        frame_put(page);
    }
    return (int)count;
}

/* Reads them from the source in one request. */
static int fill_direct(struct inode *lower, uint64_t index, unsigned count, struct frame **frames)
{
    char *bounce = count > 1 ? heap_alloc((size_t)count * PAGE_SIZE) : NULL;
    int64_t done;

    if (!bounce) {
        done = lower->ops->read_direct(lower, index << PAGE_SHIFT, frame_address(frames[0]),
                                       PAGE_SIZE);
        return done < 0 ? (int)done : 1;
    }
    done = lower->ops->read_direct(lower, index << PAGE_SHIFT, bounce, (size_t)count * PAGE_SIZE);
    for (unsigned i = 0; done > 0 && i < count && (int64_t)i * PAGE_SIZE < done; i++)
        memcpy(frame_address(frames[i]), bounce + (size_t)i * PAGE_SIZE,
               min_size(PAGE_SIZE, (size_t)done - (size_t)i * PAGE_SIZE));
    heap_free(bounce);
    return done < 0 ? (int)done : (int)count;
}

/* Zeroes what the pages show beyond the bound of the lower file. */
static void fill_cut(uint64_t offset, uint64_t end, unsigned count, struct frame **frames)
{
    for (unsigned i = 0; i < count; i++, offset += PAGE_SIZE)
        if (offset < end && end - offset < PAGE_SIZE)
            memset((char *)frame_address(frames[i]) + (end - offset), 0,
                   (size_t)(PAGE_SIZE - (end - offset)));
}

static int overlay_fill(struct backing *backing, uint64_t index, unsigned count,
                        struct frame **frames)
{
    struct memory_inode *node =
        (void *)((char *)backing - offsetof(struct memory_inode, regular.backing));
    struct inode *lower = dentry_inode(node->lower);
    uint64_t offset = index << PAGE_SHIFT, end = node->regular.lower_end;
    int filled;

    if (offset >= end)
        return (int)count;
    count = (unsigned)min_u64(count, divide_up(end - offset, PAGE_SIZE));
    if (lower->ops->read_direct)
        filled = fill_direct(lower, index, count, frames);
    else
        filled = lower->backing ? fill_from_pages(lower, index, count, frames) : -EIO;
    if (filled > 0)
        fill_cut(offset, end, (unsigned)filled, frames);
    return filled;
}

static void overlay_release(struct backing *backing)
{
    memory_backing_ops.release(backing);
}

const struct backing_ops overlay_backing_ops = {
    .fill_range = overlay_fill,
    .release = overlay_release,
};

/* --- the type --- */

enum { OVERLAY_NUMBERS = 48 };

static int overlay_lower_option(struct memory_filesystem *instance, const char *options)
{
    char *text = heap_string(options), *cursor = text, *key, *value;
    int error = text ? 0 : -ENOMEM;

    while (!error && filesystem_option(&cursor, &key, &value)) {
        if (strcmp(key, "lowerdir") || !value || !*value || instance->lower_text)
            error = -EINVAL;
        else if (!(instance->lower_text = heap_string(value)))
            error = -ENOMEM;
    }
    heap_free(text);
    if (!error && !instance->lower_text)
        error = -EINVAL;
    return error
               ?: path_resolve(AT_FDCWD, instance->lower_text, PATH_FOLLOW | PATH_DIRECTORY,
                               &instance->lower);
}

static int overlay_root(struct filesystem *filesystem)
{
    struct memory_filesystem *instance = filesystem->private;
    struct memory_inode *node;
    int error = lower_inode(filesystem, instance->lower.dentry, &node);

    if (error)
        return error;
    filesystem->root = dentry_root(filesystem, &node->inode);
    if (filesystem->root)
        return 0;
    inode_put(&node->inode);
    return -ENOMEM;
}

int overlay_make_filesystem(struct filesystem_type *type, const char *source, const char *options,
                            struct filesystem **result)
{
    struct filesystem *filesystem;
    struct memory_filesystem *instance;
    int error = memory_instance(type, &filesystem);

    (void)source;
    if (error)
        return error;
    instance = filesystem->private;
    filesystem->next_number = UINT64_C(1) << OVERLAY_NUMBERS;
    instance->lower_table =
        heap_alloc_zero(sizeof(struct memory_lower_list) * MEMORY_LOWER_BUCKETS);
    error = instance->lower_table ? overlay_lower_option(instance, options) : -ENOMEM;
    error = error ?: overlay_root(filesystem);
    if (error) {
        filesystem_put(filesystem);
        return error;
    }
    *result = filesystem;
    return 0;
}
