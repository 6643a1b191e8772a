/*
 * See p9_node.h. A regular file's node lives until both the inode's and the backing's last counts
 * are gone, since a mapping may outlive every name and description.
 */
#include "fs/p9_node.h"

#include "lib/errno.h"
#include "lib/hash.h"
#include "mem/slab.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

static struct slab_cache node_cache = SLAB_CACHE("p9_node", sizeof(struct p9_node));

/* --- pages --- */

static struct p9_node *node_of_backing(struct backing *backing)
{
    return container_of(backing, struct p9_node, backing);
}

/* backing.lock held. */
static int read_fid_open(struct p9_node *node)
{
    if (node->read_fid != P9_NOFID)
        return 0;
    if (!p9_instance_of(&node->inode)->loose)
        return p9_node_open(node, O_RDONLY, &node->read_fid);
    int error = p9_lopen(p9_client_of(&node->inode), node->fid, O_RDONLY);
    if (!error)
        node->read_fid = node->fid;
    return error;
}

int p9_node_open_pages(struct p9_node *node)
{
    mutex_lock(&node->backing.lock);
    int error = read_fid_open(node);
    mutex_unlock(&node->backing.lock);
    return error;
}

/* A reply ended inside a page: reads on until the page or the file ends. */
static int page_complete(struct p9_node *node, uint64_t index, uint8_t *page, uint32_t have)
{
    while (have < PAGE_SIZE) {
        int64_t count = p9_read(p9_client_of(&node->inode), node->read_fid,
                                (index << PAGE_SHIFT) + have, page + have, PAGE_SIZE - have);
        if (count <= 0)
            return count;
        have += count;
    }
    return 0;
}

static int backing_fill_range(struct backing *backing, uint64_t index, unsigned count,
                              struct frame **frames)
{
    struct p9_node *node = node_of_backing(backing);
    void *pages[BACKING_RANGE_MAX];
    int error = read_fid_open(node);
    if (error)
        return error;
    for (unsigned i = 0; i < count; i++)
        pages[i] = frame_address(frames[i]);
    int64_t done = p9_read_pages(p9_client_of(&node->inode), node->read_fid, index << PAGE_SHIFT,
                                 pages, count);
    if (done < 0)
        return done;
    unsigned whole = done >> PAGE_SHIFT;
    if (whole == count)
        return count;
    error = page_complete(node, index + whole, pages[whole], done & ~PAGE_MASK);
    return error && !whole ? error : (int)whole + !error;
}

static int backing_fill(struct backing *backing, uint64_t index, struct frame *frame)
{
    int64_t done = backing_fill_range(backing, index, 1, &frame);
    return done < 0 ? done : 0;
}

static void node_free(struct p9_node *node)
{
    struct p9_client *client = p9_client_of(&node->inode);
    if (node->read_fid != P9_NOFID && node->read_fid != node->fid)
        p9_clunk(client, node->read_fid);
    p9_clunk(client, node->fid);
    heap_free(atomic_load(&node->target));
    slab_free(&node_cache, node);
}

static void backing_released(struct backing *backing)
{
    backing_destroy(backing);
    node_free(node_of_backing(backing));
}

static const struct backing_ops node_backing_ops = {
    .fill = backing_fill,
    .fill_range = backing_fill_range,
    .release = backing_released,
};

int p9_node_open(struct p9_node *node, uint32_t flags, uint32_t *result)
{
    struct p9_client *client = p9_client_of(&node->inode);
    uint32_t fid;
    int error = p9_fid_alloc(client, &fid);
    if (error)
        return error;
    error = p9_walk(client, node->fid, fid, NULL, NULL);
    if (error) {
        p9_fid_free(client, fid);
        return error;
    }
    error = p9_lopen(client, fid, flags);
    if (error)
        p9_clunk(client, fid);
    else
        *result = fid;
    return error;
}

/* --- attributes --- */

bool p9_node_matches(const struct p9_node *node, const struct p9_attributes *attributes)
{
    return node->qid.path == attributes->qid.path && node->qid.type == attributes->qid.type &&
           (node->inode.mode & S_IFMT) == (attributes->mode & S_IFMT);
}

static void attributes_set(struct inode *inode, const struct p9_attributes *attributes)
{
    inode->mode = attributes->mode;
    inode->uid = attributes->uid;
    inode->gid = attributes->gid;
    inode->links = attributes->links;
    inode->size = attributes->size;
    inode->blocks = attributes->blocks;
    inode->atime = attributes->atime;
    inode->mtime = attributes->mtime;
    inode->ctime = attributes->ctime;
    inode->btime = attributes->btime;
}

void p9_node_update(struct p9_node *node, const struct p9_attributes *attributes)
{
    struct inode *inode = &node->inode;
    mutex_lock(&inode->lock);
    bool changed = inode->mtime != attributes->mtime || inode_size(inode) != attributes->size;
    if (changed && inode->backing) {
        backing_resize(inode->backing, attributes->size);
        backing_zap(inode->backing, 0, UINT64_MAX >> PAGE_SHIFT, false);
    }
    attributes_set(inode, attributes);
    mutex_unlock(&inode->lock);
}

int p9_node_refresh(struct p9_node *node)
{
    struct p9_attributes attributes;
    int error = p9_getattr(p9_client_of(&node->inode), node->fid, &attributes);
    if (!error && !p9_node_matches(node, &attributes))
        error = -ENOENT;
    if (!error)
        p9_node_update(node, &attributes);
    else if (error == -ENOENT)
        node->stale = true;
    return error;
}

/* --- the table of nodes --- */

/* In a loose instance everything must agree: see the header. */
static bool same_file(const struct p9_node *node, const struct p9_attributes *attributes,
                      bool loose)
{
    const struct inode *inode = &node->inode;
    if (!p9_node_matches(node, attributes) || node->stale)
        return false;
    return !loose || (inode->mode == attributes->mode && inode_size(inode) == attributes->size &&
                      inode->mtime == attributes->mtime && inode->ctime == attributes->ctime &&
                      inode->links == attributes->links);
}

/* A count, unless the last one has gone already. */
static bool inode_get_live(struct inode *inode)
{
    uint32_t refs = atomic_load(&inode->refs);
    while (refs && !atomic_compare_exchange_weak(&inode->refs, &refs, refs + 1))
        ;
    return refs != 0;
}

static unsigned bucket_of(const struct p9_qid *qid)
{
    return hash_u64(qid->path) % P9_NODE_BUCKETS;
}

static struct p9_node *node_find(struct p9_instance *instance,
                                 const struct p9_attributes *attributes)
{
    struct p9_node *node;
    spin_lock(&instance->lock);
    LIST_FOREACH (node, &instance->nodes[bucket_of(&attributes->qid)], link) {
        if (same_file(node, attributes, instance->loose) && inode_get_live(&node->inode))
            break;
    }
    spin_unlock(&instance->lock);
    return node;
}

static void node_enter(struct p9_instance *instance, struct p9_node *node)
{
    spin_lock(&instance->lock);
    LIST_INSERT_HEAD(&instance->nodes[bucket_of(&node->qid)], node, link);
    node->hashed = true;
    spin_unlock(&instance->lock);
}

void p9_node_release(struct inode *inode)
{
    struct p9_instance *instance = p9_instance_of(inode);
    struct p9_node *node = p9_node_of(inode);
    spin_lock(&instance->lock);
    if (node->hashed)
        LIST_REMOVE(node, link);
    spin_unlock(&instance->lock);
    if (inode->backing)
        backing_put(inode->backing);
    else
        node_free(node);
}

static const struct file_ops *file_ops_for(uint32_t mode, bool loose)
{
    if (S_ISDIR(mode))
        return &p9_directory_ops;
    if (S_ISREG(mode))
        return loose ? &p9_loose_file_ops : &p9_file_ops;
    return NULL;
}

static struct p9_node *node_create(struct filesystem *filesystem, uint32_t fid,
                                   const struct p9_attributes *attributes)
{
    struct p9_instance *instance = filesystem->private;
    struct p9_node *node = slab_alloc_zero(&node_cache);
    if (!node)
        return NULL;
    struct inode *inode = &node->inode;
    inode_init(inode, filesystem, &p9_inode_ops, attributes->mode, attributes->qid.path);
    attributes_set(inode, attributes);
    inode->rdev = attributes->rdev;
    inode->file_ops = file_ops_for(inode->mode, instance->loose);
    node->fid = fid;
    node->read_fid = P9_NOFID;
    node->qid = attributes->qid;
    if (S_ISREG(inode->mode)) {
        backing_init(&node->backing, &node_backing_ops);
        atomic_store(&node->backing.refs, 1);
        node->backing.size = attributes->size;
        inode->backing = &node->backing;
    }
    return node;
}

int p9_node_get(struct filesystem *filesystem, uint32_t fid, const struct p9_attributes *attributes,
                struct p9_node **result)
{
    struct p9_instance *instance = filesystem->private;
    bool shared = !S_ISDIR(attributes->mode) && (!instance->loose || attributes->links > 1);
    struct p9_node *node = shared ? node_find(instance, attributes) : NULL;
    if (node) {
        p9_clunk(instance->client, fid);
        p9_node_update(node, attributes);
    } else {
        node = node_create(filesystem, fid, attributes);
        if (!node) {
            p9_clunk(instance->client, fid);
            return -ENOMEM;
        }
        if (shared)
            node_enter(instance, node);
    }
    *result = node;
    return 0;
}
