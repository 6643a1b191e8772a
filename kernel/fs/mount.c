/*
 * The table of mounts: where each hangs, and the ways across their borders.
 *
 * Invariants: a mount in the tree is in `all` and, unless it is the root of all, in the hash table
 * under (parent, mountpoint); it then counts both, and the table counts it. DENTRY_MOUNTED is set
 * on every dentry that is a mountpoint (and may stay set a little too long).
 *
 * Locks: tree_mutex, then table_lock (a spinlock) for every change of the links; readers take
 * either. Crossing a border is one hash look-up, done only where DENTRY_MOUNTED is set.
 */
#include "fs/mount.h"
#include "fs/dentry.h"
#include "fs/filesystem.h"
#include "fs/filesystem_internal.h"
#include "fs/mount_internal.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "mem/slab.h"

enum { MOUNT_BUCKETS = 256 };

LIST_HEAD(mount_bucket, mount);
TAILQ_HEAD(mount_list, mount);

static struct mount_bucket table[MOUNT_BUCKETS];                          /* table_lock */
static struct mount_list all_mounts = TAILQ_HEAD_INITIALIZER(all_mounts); /* table_lock */
static struct mount *root_mount;                                          /* table_lock */
static struct spinlock table_lock;
static struct mutex tree_mutex;
static _Atomic uint32_t next_id = 20;
static struct slab_cache mount_cache = SLAB_CACHE("mount", sizeof(struct mount));

void mount_lock_tree(void)
{
    mutex_lock(&tree_mutex);
}

void mount_unlock_tree(void)
{
    mutex_unlock(&tree_mutex);
}

void mount_table_lock(void)
{
    spin_lock(&table_lock);
}

void mount_table_unlock(void)
{
    spin_unlock(&table_lock);
}

static struct mount_bucket *mount_bucket_of(const struct mount *parent,
                                            const struct dentry *mountpoint)
{
    return &table[(hash_pointer(parent) ^ hash_pointer(mountpoint) >> 7) % MOUNT_BUCKETS];
}

struct mount *mount_get(struct mount *mount)
{
    atomic_fetch_add_explicit(&mount->refs, 1, memory_order_relaxed);
    return mount;
}

/* A mount in the tree is counted by the table, so the last count finds it detached, without a
 * parent. */
void mount_put(struct mount *mount)
{
    if (!mount || atomic_fetch_sub_explicit(&mount->refs, 1, memory_order_acq_rel) != 1)
        return;
    dentry_put(mount->root);
    filesystem_put(mount->filesystem);
    heap_free(mount->source);
    slab_free(&mount_cache, mount);
}

struct mount *mount_root_get(void)
{
    struct mount *mount;

    spin_lock(&table_lock);
    mount = mount_get(root_mount);
    spin_unlock(&table_lock);
    return mount;
}

struct mount *mount_alloc(struct filesystem *filesystem, struct dentry *root, const char *source,
                          uint32_t flags)
{
    struct mount *mount = slab_alloc_zero(&mount_cache);

    if (!mount)
        return NULL;
    mount->source = heap_string(source);
    if (!mount->source) {
        slab_free(&mount_cache, mount);
        return NULL;
    }
    mount->refs = 1;
    mount->flags = flags & MOUNT_FLAGS;
    mount->filesystem = filesystem_get(filesystem);
    mount->root = dentry_get(root);
    mount->id = atomic_fetch_add(&next_id, 1);
    return mount;
}

int mount_root(const char *type)
{
    struct filesystem *filesystem;
    struct mount *mount;
    int error = filesystem_make(type, "rootfs", "", &filesystem);

    if (error)
        return error;
    mount = mount_alloc(filesystem, filesystem->root, "rootfs", 0);
    filesystem_put(filesystem);
    if (!mount)
        return -ENOMEM;
    mount_lock_tree();
    mount_become_root(mount);
    mount_unlock_tree();
    return 0;
}

void mount_become_root(struct mount *mount)
{
    spin_lock(&table_lock);
    mount->parent = mount;
    mount->mountpoint = NULL;
    root_mount = mount;
    TAILQ_INSERT_HEAD(&all_mounts, mount, list_link);
    spin_unlock(&table_lock);
}

struct mount *mount_on(const struct mount *parent, const struct dentry *mountpoint)
{
    struct mount *mount;

    LIST_FOREACH (mount, mount_bucket_of(parent, mountpoint), hash_link)
        if (mount->parent == parent && mount->mountpoint == mountpoint)
            return mount;
    return NULL;
}

static bool mountpoint_used(const struct dentry *mountpoint)
{
    struct mount *mount;

    TAILQ_FOREACH (mount, &all_mounts, list_link)
        if (mount->mountpoint == mountpoint)
            return true;
    return false;
}

void mount_attach(struct mount *mount, const struct path *where)
{
    path_get(where);
    spin_lock(&table_lock);
    mount->parent = where->mount;
    mount->mountpoint = where->dentry;
    atomic_fetch_or(&where->dentry->flags, DENTRY_MOUNTED);
    LIST_INSERT_HEAD(mount_bucket_of(mount->parent, mount->mountpoint), mount, hash_link);
    TAILQ_INSERT_TAIL(&all_mounts, mount, list_link);
    spin_unlock(&table_lock);
}

void mount_detach(struct mount *mount)
{
    struct path was = {mount->parent, mount->mountpoint};

    spin_lock(&table_lock);
    TAILQ_REMOVE(&all_mounts, mount, list_link);
    mount->parent = NULL;
    mount->mountpoint = NULL;
    if (was.dentry) {
        LIST_REMOVE(mount, hash_link);
        if (!mountpoint_used(was.dentry))
            atomic_fetch_and(&was.dentry->flags, ~(uint32_t)DENTRY_MOUNTED);
    }
    spin_unlock(&table_lock);
    if (was.dentry)
        path_put(&was);
}

void mount_relocate(struct mount *mount, const struct path *where)
{
    mount_detach(mount);
    mount_attach(mount, where);
}

bool mount_below(const struct mount *mount, const struct mount *ancestor)
{
    while (mount && mount != ancestor && mount->parent != mount)
        mount = mount->parent;
    return mount == ancestor;
}

void mount_cross_down(struct path *path)
{
    struct mount *mount;

    while (atomic_load_explicit(&path->dentry->flags, memory_order_relaxed) & DENTRY_MOUNTED) {
        spin_lock(&table_lock);
        mount = mount_on(path->mount, path->dentry);
        if (mount)
            mount_get(mount);
        spin_unlock(&table_lock);
        if (!mount)
            return;
        path_put(path);
        path->mount = mount;
        path->dentry = dentry_get(mount->root);
    }
}

bool mount_cross_up(struct path *path)
{
    struct path up;

    if (path->dentry != path->mount->root)
        return false;
    spin_lock(&table_lock);
    up.mount = path->mount->parent;
    up.dentry = path->mount->mountpoint;
    if (up.dentry)
        path_get(&up);
    spin_unlock(&table_lock);
    if (!up.dentry)
        return false;
    path_put(path);
    *path = up;
    return true;
}

bool mount_read_only(const struct mount *mount)
{
    return (mount->flags & MS_RDONLY) || mount->filesystem->read_only;
}

int mount_write_begin(struct mount *mount)
{
    /* Announced before the check, so that remounting read-only sees the writer or the writer sees
     * the flag. */
    atomic_fetch_add(&mount->writers, 1);
    if (!mount_read_only(mount))
        return 0;
    mount_write_end(mount);
    return -EROFS;
}

void mount_write_end(struct mount *mount)
{
    atomic_fetch_sub(&mount->writers, 1);
}

struct mount *mount_next(struct mount *previous)
{
    return previous ? TAILQ_NEXT(previous, list_link) : TAILQ_FIRST(&all_mounts);
}
