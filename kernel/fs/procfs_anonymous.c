/*
 * Where the links in /proc/PID/fd lead when the open description has no place in the tree of names:
 * to a proxy, an inode without a name that counts the description, shows its attributes, and whose
 * opening asks the description's owner for another one (file_ops.reopen). Proxies live in an
 * instance of their own that is mounted nowhere.
 *
 * A memfd has an inode of its own but no name: it is given a nameless one.
 */
#include "fs/dentry.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/procfs_internal.h"

#include "lib/errno.h"
#include "mem/slab.h"
#include "trace/log.h"

struct proxy {
    struct inode inode;
    struct file *file; /* counted */
};

static struct slab_cache proxy_cache = SLAB_CACHE("proc_proxy", sizeof(struct proxy));
static struct filesystem_type proxy_type = {.name = "anon_inodefs", .flags = FILESYSTEM_UNCACHED};
static struct mount proxy_mount = {.refs = 1};

static void proxy_release(struct inode *inode)
{
    struct proxy *proxy = container_of(inode, struct proxy, inode);
    if (proxy->file)
        file_put(proxy->file);
    slab_free(&proxy_cache, proxy);
}

/* The new description is as nameless as the old one. */
static int proxy_reopen(struct inode *inode, struct file *fresh)
{
    struct file *file = container_of(inode, struct proxy, inode)->file;
    if (!file || !file->ops->reopen)
        return -ENXIO;
    int error = file->ops->reopen(file, fresh);
    if (error)
        return error;
    path_put(&fresh->path);
    inode_put(fresh->inode);
    fresh->path = (struct path){NULL, NULL};
    fresh->inode = NULL;
    return 0;
}

static const struct inode_ops proxy_ops = {.reopen = proxy_reopen, .release = proxy_release};

static struct inode *proxy_create(struct filesystem *filesystem, struct file *file, uint32_t mode)
{
    struct proxy *proxy = slab_alloc_zero(&proxy_cache);
    if (!proxy)
        return NULL;
    inode_init(&proxy->inode, filesystem, &proxy_ops, mode, 0);
    proxy->file = file ? file_get(file) : NULL;
    return &proxy->inode;
}

static struct inode *proxy_for(struct file *file)
{
    struct file_status status;
    file_status_get(file, &status);
    struct inode *inode = proxy_create(proxy_mount.filesystem, file, status.mode);
    if (!inode)
        return NULL;
    inode->number = status.inode;
    inode->links = status.links;
    inode->uid = status.uid;
    inode->gid = status.gid;
    inode->size = status.size;
    return inode;
}

int procfs_follow_file(struct file *file, struct path *path)
{
    if (file->path.dentry) {
        *path = file->path;
        path_get(path);
        return 0;
    }
    struct inode *inode = file->inode;
    if (inode)
        inode_get(inode);
    else
        inode = proxy_for(file);
    if (!inode)
        return -ENOMEM;
    path->dentry = dentry_nameless(proxy_mount.root, inode);
    if (!path->dentry) {
        inode_put(inode);
        return -ENOMEM;
    }
    path->mount = mount_get(&proxy_mount);
    return 0;
}

void procfs_anonymous_init(void)
{
    struct filesystem *filesystem = filesystem_create(&proxy_type);
    struct inode *root = filesystem ? proxy_create(filesystem, NULL, S_IFDIR | 0500) : NULL;
    proxy_mount.filesystem = filesystem;
    proxy_mount.root = root ? dentry_root(filesystem, root) : NULL;
    if (!proxy_mount.root)
        panic("procfs: no memory");
    filesystem->root = proxy_mount.root;
}
