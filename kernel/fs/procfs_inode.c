/*
 * The inodes of procfs. Each is made when its name is looked up and goes when nobody uses it; it
 * holds a node and thereby a count of the object. See procfs.h.
 */
#include "fs/dentry.h"
#include "fs/path.h"
#include "fs/procfs_internal.h"

#include "file/caller.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mem/slab.h"

static struct slab_cache inode_cache = SLAB_CACHE("proc_inode", sizeof(struct proc_inode));

static const struct inode_ops file_inode_ops, link_inode_ops, magic_inode_ops, directory_inode_ops;

const struct proc_node *proc_node_of(const struct inode *inode)
{
    return &container_of((struct inode *)inode, struct proc_inode, inode)->node;
}

static void node_drop(const struct proc_node *node)
{
    const struct proc_class *class = node->entry->class;
    if (node->object && class && class->drop)
        class->drop(node->object);
}

static bool node_alive(const struct proc_node *node)
{
    const struct proc_class *class = node->entry->class;
    return !class || !class->alive || class->alive(node);
}

int proc_node_check(const struct proc_node *node)
{
    if (node_alive(node))
        return 0;
    return node->entry->class->gone ? node->entry->class->gone : -ESRCH;
}

/* In 31 bits, as Linux's are, for programs built with 32-bit inode numbers. */
uint64_t proc_number(const struct inode *directory, const char *name, size_t length)
{
    return (hash_bytes(name, length, directory->number) & 0x7fffffff) | 2;
}

static int attributes_refresh(struct inode *inode)
{
    const struct proc_node *node = proc_node_of(inode);
    if (node->entry->class && node->entry->class->attributes)
        node->entry->class->attributes(node, inode);
    return 0;
}

static const struct inode_ops *ops_for(const struct proc_entry *entry)
{
    if (S_ISDIR(entry->mode))
        return &directory_inode_ops;
    if (S_ISLNK(entry->mode))
        return entry->follow ? &magic_inode_ops : &link_inode_ops;
    return &file_inode_ops;
}

static const struct file_ops *file_ops_for(const struct proc_entry *entry)
{
    if (S_ISDIR(entry->mode))
        return &proc_directory_ops;
    if (S_ISLNK(entry->mode))
        return NULL;
    return entry->file_ops ? entry->file_ops : &proc_file_ops;
}

int proc_inode_create(struct filesystem *filesystem, const struct proc_node *node, uint64_t number,
                      struct inode **result)
{
    struct proc_inode *made = slab_alloc_zero(&inode_cache);
    if (!made) {
        node_drop(node);
        return -ENOMEM;
    }
    made->node = *node;
    inode_init(&made->inode, filesystem, ops_for(node->entry), node->entry->mode, number);
    made->inode.file_ops = file_ops_for(node->entry);
    if (S_ISDIR(node->entry->mode))
        made->inode.links = 2;
    else if (S_ISREG(node->entry->mode))
        made->inode.size = proc_tree_of(filesystem)->file_size;
    attributes_refresh(&made->inode);
    *result = &made->inode;
    return 0;
}

static void inode_released(struct inode *inode)
{
    struct proc_inode *made = container_of(inode, struct proc_inode, inode);
    node_drop(&made->node);
    slab_free(&inode_cache, made);
}

static int directory_lookup(struct inode *directory, const struct name *name, struct inode **inode)
{
    const struct proc_node *node = proc_node_of(directory);
    struct proc_node child;
    if (!node_alive(node))
        return -ENOENT;
    int error = proc_child_find(node, name, &child);
    if (error)
        return error;
    return proc_inode_create(directory->filesystem, &child,
                             proc_number(directory, name->text, name->length), inode);
}

/* An absent name is asked for again each time: what it stands for may have come. */
static bool name_revalidate(struct dentry *dentry)
{
    struct inode *inode = dentry_inode(dentry);
    if (!inode || !node_alive(proc_node_of(inode)))
        return false;
    attributes_refresh(inode);
    return true;
}

/* What these files are is not for programs to change; a size is accepted, for O_TRUNC, and means
 * nothing. */
static int attributes_set(struct inode *inode, const struct inode_change *change)
{
    uint32_t fixed = INODE_CHANGE_MODE | INODE_CHANGE_UID | INODE_CHANGE_GID;
    return change->mask & fixed ? -EPERM : 0;
}

static int node_permission(struct inode *inode, unsigned may)
{
    const struct proc_node *node = proc_node_of(inode);
    const struct proc_class *class = node->entry->class;
    if (class && class->permission)
        return class->permission(node, inode, may);
    return inode_permission_generic(inode, may, caller_cred());
}

static int node_open(struct inode *inode, struct file *file)
{
    const struct proc_node *node = proc_node_of(inode);
    int error = proc_node_check(node);
    return !error && node->entry->open ? node->entry->open(node, file) : error;
}

static int64_t link_read(struct inode *inode, char *buffer, size_t size)
{
    const struct proc_node *node = proc_node_of(inode);
    struct text_buffer text = {0};
    if (!node->entry->read_link)
        return -EINVAL;
    int64_t result = proc_node_check(node);
    if (!result)
        result = node->entry->read_link(node, &text);
    if (!result && text.failed)
        result = -ENOMEM;
    if (!result) {
        result = min_size(text.size, size);
        memcpy(buffer, text.text, result);
    }
    text_buffer_drop(&text);
    return result;
}

static int link_follow(struct inode *inode, struct path *path)
{
    const struct proc_node *node = proc_node_of(inode);
    int error = proc_node_check(node);
    return error ? error : node->entry->follow(node, path);
}

static const struct inode_ops file_inode_ops = {
    .open = node_open,
    .get_attributes = attributes_refresh,
    .set_attributes = attributes_set,
    .permission = node_permission,
    .revalidate = name_revalidate,
    .release = inode_released,
};

static const struct inode_ops link_inode_ops = {
    .read_link = link_read,
    .get_attributes = attributes_refresh,
    .set_attributes = attributes_set,
    .permission = node_permission,
    .revalidate = name_revalidate,
    .release = inode_released,
};

static const struct inode_ops magic_inode_ops = {
    .read_link = link_read,
    .follow = link_follow,
    .get_attributes = attributes_refresh,
    .set_attributes = attributes_set,
    .permission = node_permission,
    .revalidate = name_revalidate,
    .release = inode_released,
};

static const struct inode_ops directory_inode_ops = {
    .open = node_open,
    .lookup = directory_lookup,
    .get_attributes = attributes_refresh,
    .set_attributes = attributes_set,
    .permission = node_permission,
    .revalidate = name_revalidate,
    .release = inode_released,
};
