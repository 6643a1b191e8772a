/*
 * Directories in memory: names looked up, made, removed, moved and listed. Each change first gets
 * the memory it needs (entries, inodes), then cannot fail. In a directory with a lower one, what is
 * removed leaves a whiteout if the lower directory has the name, and the directory itself is pinned
 * with its first change.
 *
 * Called with the locks that inode_ops promises.
 */
#include "fs/directory.h"
#include "fs/memory.h"
#include "fs/regular.h"
#include "lib/errno.h"
#include "lib/string.h"
#include <linux/fs.h>
#include <linux/stat.h>

enum { ENTRY_SIZE = 20 }; /* what a name adds to a directory's st_size, as on Linux */

static int memory_lookup(struct inode *directory, const struct name *name, struct inode **inode)
{
    struct memory_inode *node = memory_of(directory);
    struct memory_entry *entry = memory_entry_find(node, name);

    if (!entry)
        return node->lower ? overlay_lookup(node, name, inode) : -ENOENT;
    if (!entry->inode)
        return -ENOENT;
    inode_get(entry->inode);
    *inode = entry->inode;
    return 0;
}

/* The entry to fill in for a name: what is there, or a fresh whiteout. NULL: no memory. */
static struct memory_entry *entry_reserve(struct memory_inode *directory, const struct name *name)
{
    struct memory_entry *entry = memory_entry_find(directory, name);

    return entry ? entry : memory_entry_add(directory, name);
}

/* Gives the entry an inode, with a count of its own. */
static void entry_fill(struct memory_inode *directory, struct memory_entry *entry,
                       struct inode *inode)
{
    inode_get(inode);
    if (entry->inode)
        inode_put(entry->inode);
    else
        directory->inode.size += ENTRY_SIZE;
    entry->inode = inode;
}

/* Takes the inode out; the entry stays as a whiteout if the lower directory has the name. */
static void entry_empty(struct memory_inode *directory, struct memory_entry *entry, bool whiteout)
{
    struct inode *inode = entry->inode;

    if (inode)
        directory->inode.size -= ENTRY_SIZE;
    entry->inode = NULL;
    if (!whiteout)
        memory_entry_drop(directory, entry);
    inode_put(inode);
}

static void directory_changed(struct inode *directory)
{
    inode_changed(directory);
    overlay_pin(memory_of(directory));
}

static int memory_make(struct inode *directory, const struct name *name,
                       const struct inode_new *new_inode, struct inode **inode)
{
    struct memory_inode *parent = memory_of(directory), *node;
    struct memory_entry *entry;
    int error = memory_inode_create(directory->filesystem, new_inode, 0, &node);

    if (error)
        return error;
    entry = entry_reserve(parent, name);
    if (!entry) {
        inode_put(&node->inode);
        return -ENOMEM;
    }
    entry_fill(parent, entry, &node->inode);
    if (S_ISDIR(new_inode->mode))
        directory->links++;
    directory_changed(directory);
    *inode = &node->inode;
    return 0;
}

static int memory_make_temporary(struct inode *directory, const struct inode_new *new_inode,
                                 struct inode **inode)
{
    struct memory_inode *node;
    int error = memory_inode_create(directory->filesystem, new_inode, 0, &node);

    if (error)
        return error;
    node->inode.links = 0;
    *inode = &node->inode;
    return 0;
}

static int memory_link(struct inode *directory, const struct name *name, struct inode *inode)
{
    struct memory_entry *entry = entry_reserve(memory_of(directory), name);

    if (!entry)
        return -ENOMEM;
    entry_fill(memory_of(directory), entry, inode);
    inode->links++;
    inode->ctime = inode_time();
    directory_changed(directory);
    return 0;
}

/* 0, -ENOTEMPTY or another error for what is to vanish. */
static int victim_check(struct inode *victim)
{
    struct memory_inode *node = memory_of(victim);
    struct memory_entry *entry;
    int empty;

    if (!S_ISDIR(victim->mode))
        return 0;
    for (uint64_t cookie = 0; (entry = memory_entry_from(node, cookie)); cookie = entry->cookie + 1)
        if (entry->inode)
            return -ENOTEMPTY;
    empty = node->lower ? overlay_empty(node) : 1;
    return empty < 0 ? empty : empty ? 0 : -ENOTEMPTY;
}

/* A subdirectory less. File systems below may not count subdirectories at all; 0 would mean
 * removed. */
static void directory_links_drop(struct inode *directory)
{
    if (directory->links > 2)
        directory->links--;
}

/* A name of the inode is gone from the directory. */
static void victim_unlink(struct inode *directory, struct inode *victim)
{
    if (S_ISDIR(victim->mode)) {
        victim->links = 0;
        directory_links_drop(directory);
    } else {
        victim->links--;
    }
    victim->ctime = inode_time();
    if (victim->links)
        overlay_pin(memory_of(victim));
    else
        overlay_unpin(memory_of(victim));
}

/* The entry that will hide or hold `name` once its inode is taken away; *whiteout: it must stay. */
static int entry_for_removal(struct memory_inode *directory, const struct name *name,
                             struct memory_entry **entry, bool *whiteout)
{
    int has = directory->lower ? overlay_has(directory, name) : 0;

    if (has < 0)
        return has;
    *whiteout = has;
    *entry = entry_reserve(directory, name);
    return *entry ? 0 : -ENOMEM;
}

static int memory_remove(struct inode *directory, const struct name *name, struct inode *victim)
{
    struct memory_entry *entry;
    bool whiteout;
    int error = victim_check(victim);

    error = error ?: entry_for_removal(memory_of(directory), name, &entry, &whiteout);
    if (error)
        return error;
    entry_empty(memory_of(directory), entry, whiteout);
    victim_unlink(directory, victim);
    directory_changed(directory);
    return 0;
}

/* Directories carry their ".." along: counts of links follow. */
static void move_links(struct inode *inode, struct inode *from, struct inode *to)
{
    if (!S_ISDIR(inode->mode) || from == to)
        return;
    directory_links_drop(from);
    to->links++;
}

static int memory_exchange(struct inode *from_directory, const struct name *from,
                           struct inode *inode, struct inode *to_directory, const struct name *to,
                           struct inode *other)
{
    struct memory_entry *one = entry_reserve(memory_of(from_directory), from);
    struct memory_entry *two = one ? entry_reserve(memory_of(to_directory), to) : NULL;

    if (!two) {
        if (one && !one->inode)
            memory_entry_drop(memory_of(from_directory), one);
        return -ENOMEM;
    }
    inode_get(inode);
    entry_fill(memory_of(from_directory), one, other);
    entry_fill(memory_of(to_directory), two, inode);
    inode_put(inode);
    move_links(inode, from_directory, to_directory);
    move_links(other, to_directory, from_directory);
    inode->ctime = other->ctime = inode_time();
    directory_changed(from_directory);
    directory_changed(to_directory);
    return 0;
}

static int memory_rename(struct inode *from_directory, const struct name *from, struct inode *inode,
                         struct inode *to_directory, const struct name *to, struct inode *victim,
                         unsigned flags)
{
    struct memory_entry *source, *target;
    bool whiteout;
    int error;

    if (flags & RENAME_EXCHANGE)
        return memory_exchange(from_directory, from, inode, to_directory, to, victim);
    error = victim ? victim_check(victim) : 0;
    error = error ?: entry_for_removal(memory_of(from_directory), from, &source, &whiteout);
    if (error)
        return error;
    target = entry_reserve(memory_of(to_directory), to);
    if (!target) {
        if (!source->inode)
            memory_entry_drop(memory_of(from_directory), source);
        return -ENOMEM;
    }
    entry_fill(memory_of(to_directory), target, inode);
    entry_empty(memory_of(from_directory), source, whiteout);
    if (victim)
        victim_unlink(to_directory, victim);
    move_links(inode, from_directory, to_directory);
    inode->ctime = inode_time();
    directory_changed(from_directory);
    directory_changed(to_directory);
    return 0;
}

static int memory_read_directory(struct file *file, struct directory_reader *reader)
{
    struct memory_inode *directory = memory_of(file->inode);
    struct memory_entry *entry;
    int error = 0;

    if (!directory_add_dots(reader, file))
        return 0;
    mutex_lock(&file->inode->lock);
    while (!(file->position >> OVERLAY_BASE_BIT) &&
           (entry = memory_entry_from(directory, file->position))) {
        if (!entry->inode)
            file->position = entry->cookie + 1;
        else if (!directory_add(reader, file, entry->text, entry->length, entry->inode->number,
                                entry->inode->mode & S_IFMT, entry->cookie + 1))
            break;
    }
    if (directory->lower &&
        (file->position >> OVERLAY_BASE_BIT || !memory_entry_from(directory, file->position)))
        error = overlay_read_directory(file, reader);
    mutex_unlock(&file->inode->lock);
    return error;
}

static void memory_directory_release(struct file *file)
{
    overlay_directory_release(file);
}

const struct inode_ops memory_directory_ops = {
    .lookup = memory_lookup,
    .make = memory_make,
    .make_temporary = memory_make_temporary,
    .link = memory_link,
    .remove = memory_remove,
    .rename = memory_rename,
    .set_attributes = memory_set_attributes,
    .get_xattr = memory_get_xattr,
    .set_xattr = memory_set_xattr,
    .list_xattr = memory_list_xattr,
    .remove_xattr = memory_remove_xattr,
    .release = memory_release,
};

const struct file_ops memory_directory_file_ops = {
    .seek = directory_seek,
    .read_directory = memory_read_directory,
    .sync = regular_sync,
    .release = memory_directory_release,
};
