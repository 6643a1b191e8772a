/*
 * The inode operations of 9p: names and attributes. Finding a name costs two round trips (walk,
 * attributes), knowing that it is absent one; in a loose instance only the first time. See
 * p9_node.h.
 */
#include "fs/dentry.h"
#include "fs/p9_node.h"

#include "file/file.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

/* A fid for `name` and what it is. */
static int name_walk(struct inode *directory, const struct name *name, uint32_t *fid,
                     struct p9_attributes *attributes)
{
    struct p9_client *client = p9_client_of(directory);
    int error = p9_fid_alloc(client, fid);
    if (error)
        return error;
    error = p9_walk(client, p9_node_of(directory)->fid, *fid, name, NULL);
    if (error) {
        p9_fid_free(client, *fid);
        return error;
    }
    error = p9_getattr(client, *fid, attributes);
    if (error)
        p9_clunk(client, *fid);
    return error;
}

static int p9_lookup(struct inode *directory, const struct name *name, struct inode **inode)
{
    struct p9_attributes attributes;
    struct p9_node *node;
    uint32_t fid;
    int error = name_walk(directory, name, &fid, &attributes);
    if (!error)
        error = p9_node_get(directory->filesystem, fid, &attributes, &node);
    if (!error)
        *inode = &node->inode;
    return error;
}

/* A fid is bound to one of a file's names, so a file with several is asked for by the name in
 * question. */
static bool name_leads_to(struct dentry *dentry, struct p9_node *node)
{
    char text[NAME_MAX + 1];
    struct p9_attributes attributes;
    uint32_t fid;
    dentry_tree_lock();
    struct inode *directory = dentry_inode(dentry->parent);
    struct name name = {text, dentry->length, dentry->hash};
    memcpy(text, dentry->name, name.length);
    inode_get(directory);
    dentry_tree_unlock();

    bool same = name_walk(directory, &name, &fid, &attributes) == 0;
    if (same) {
        p9_clunk(p9_client_of(directory), fid);
        same = p9_node_matches(node, &attributes);
    }
    if (same)
        p9_node_update(node, &attributes);
    inode_put(directory);
    return same;
}

static bool p9_revalidate(struct dentry *dentry)
{
    struct inode *inode = dentry_inode(dentry);
    if (p9_instance_of(dentry_inode(dentry->parent))->loose)
        return true;
    if (!inode)
        return false;
    if (!S_ISDIR(inode->mode) && inode->links > 1)
        return name_leads_to(dentry, p9_node_of(inode));
    return p9_node_refresh(p9_node_of(inode)) == 0;
}

/* A file whose name is gone keeps the attributes that are known. */
static int p9_get_attributes(struct inode *inode)
{
    if (p9_instance_of(inode)->loose)
        return 0;
    int error = p9_node_refresh(p9_node_of(inode));
    return error == -ENOENT ? 0 : error;
}

static int p9_set_attributes(struct inode *inode, const struct inode_change *change)
{
    uint32_t mask = change->mask & ~(uint32_t)INODE_CHANGE_CTIME;
    int error = mask ? p9_setattr(p9_client_of(inode), p9_node_of(inode)->fid, change) : 0;
    return error ? error : inode_change_apply(inode, change);
}

/* The server made the file as whoever it runs as; if it may, it gives it to the caller. If it may
   not, its word stands, as with every network file system. */
static void owner_set(struct p9_node *node, const struct inode_new *new_inode)
{
    struct inode_change change = {
        .uid = new_inode->uid, .gid = new_inode->gid, .ctime = inode_time()};
    if (node->inode.uid != new_inode->uid)
        change.mask |= INODE_CHANGE_UID;
    if (node->inode.gid != new_inode->gid)
        change.mask |= INODE_CHANGE_GID;
    if (!change.mask || p9_setattr(p9_client_of(&node->inode), node->fid, &change))
        return;
    mutex_lock(&node->inode.lock);
    inode_change_apply(&node->inode, &change);
    mutex_unlock(&node->inode.lock);
}

static int p9_make_inode(struct inode *directory, const struct name *name,
                         const struct inode_new *new_inode, struct inode **inode)
{
    int error = p9_make(p9_client_of(directory), p9_node_of(directory)->fid, name, new_inode);
    if (!error)
        error = p9_lookup(directory, name, inode);
    if (error)
        return error;
    owner_set(p9_node_of(*inode), new_inode);
    inode_changed(directory);
    return 0;
}

static int p9_link_inode(struct inode *directory, const struct name *name, struct inode *inode)
{
    int error =
        p9_link(p9_client_of(directory), p9_node_of(directory)->fid, p9_node_of(inode)->fid, name);
    if (error)
        return error;
    inode->links++;
    inode->ctime = inode_time();
    inode_changed(directory);
    return 0;
}

static void name_lost(struct inode *inode)
{
    if (S_ISDIR(inode->mode))
        inode->links = 0;
    else if (inode->links)
        inode->links--;
    inode->ctime = inode_time();
}

static int p9_remove(struct inode *directory, const struct name *name, struct inode *inode)
{
    int error = p9_unlinkat(p9_client_of(directory), p9_node_of(directory)->fid, name,
                            S_ISDIR(inode->mode));
    if (error)
        return error;
    name_lost(inode);
    inode_changed(directory);
    return 0;
}

/* The protocol knows no flags; Linux's 9p answers them so. */
static int p9_rename(struct inode *from_directory, const struct name *from, struct inode *inode,
                     struct inode *to_directory, const struct name *to, struct inode *victim,
                     unsigned flags)
{
    if (flags)
        return -EINVAL;
    int error = p9_renameat(p9_client_of(from_directory), p9_node_of(from_directory)->fid, from,
                            p9_node_of(to_directory)->fid, to);
    if (error)
        return error;
    if (victim)
        name_lost(victim);
    inode->ctime = inode_time();
    inode_changed(from_directory);
    inode_changed(to_directory);
    return 0;
}

/* Keeps the target of a loose instance's link, if there is memory for it. */
static void target_keep(struct p9_node *node, const char *text, size_t length)
{
    char *copy = heap_alloc(length + 1), *none = NULL;
    if (!copy)
        return;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (!atomic_compare_exchange_strong(&node->target, &none, copy))
        heap_free(copy);
}

static int64_t p9_read_link(struct inode *inode, char *buffer, size_t size)
{
    struct p9_node *node = p9_node_of(inode);
    const char *target = atomic_load(&node->target);
    if (!S_ISLNK(inode->mode))
        return -EINVAL;
    if (target) {
        size_t length = min_size(strlen(target), size);
        memcpy(buffer, target, length);
        return length;
    }
    int64_t length = p9_readlink(p9_client_of(inode), node->fid, buffer, size);
    if (length >= 0 && (size_t)length < size && p9_instance_of(inode)->loose)
        target_keep(node, buffer, length);
    return length;
}

/* Descriptions of a loose instance share the node's fid; otherwise each has its own in
 * file->private. */
static int p9_open(struct inode *inode, struct file *file)
{
    struct p9_node *node = p9_node_of(inode);
    uint32_t fid;
    if (S_ISREG(inode->mode) && p9_instance_of(inode)->loose)
        return p9_node_open_pages(node);
    if (!S_ISREG(inode->mode) && !S_ISDIR(inode->mode))
        return 0;
    uint32_t access = !(file->mode & FILE_WRITE)  ? O_RDONLY
                      : !(file->mode & FILE_READ) ? O_WRONLY
                                                  : O_RDWR;
    uint32_t passed = file->flags & (O_DIRECTORY | O_NOATIME | O_DSYNC | O_SYNC);
    int error = p9_node_open(node, access | passed, &fid);
    if (!error)
        file->private = (void *)(uintptr_t)fid;
    return error;
}

const struct inode_ops p9_inode_ops = {
    .lookup = p9_lookup,
    .revalidate = p9_revalidate,
    .make = p9_make_inode,
    .link = p9_link_inode,
    .remove = p9_remove,
    .rename = p9_rename,
    .read_link = p9_read_link,
    .get_attributes = p9_get_attributes,
    .set_attributes = p9_set_attributes,
    .open = p9_open,
    .get_xattr = p9_get_xattr,
    .set_xattr = p9_set_xattr,
    .list_xattr = p9_list_xattr,
    .remove_xattr = p9_remove_xattr,
    .release = p9_node_release,
};
