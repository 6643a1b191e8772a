/*
 * The cache of names: hash table, counts and the list of unused dentries.
 *
 * Invariants: a hashed dentry can be found by (parent, name) and there is one for each such pair.
 * refs goes 1 → 0 and 0 → 1 only under the bucket's lock, so that whoever takes it to 0 there
 * decides alone whether it stays as cache or dies. A dentry on the idle list may have found users
 * again; the trimmer notices.
 *
 * Locks: tree lock, then bucket (two buckets by address), then idle list. dentry->bucket may be
 * read without a lock by holders of a count; it is checked again under the lock.
 *
 * Costs: a hit is one bucket. The table has a fixed number of buckets; the idle list is held at
 * IDLE_LIMIT.
 */
#include "fs/dentry_internal.h"
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/limits.h>
#include <linux/stat.h>

enum {
    BUCKETS = 8192,
    IDLE_LIMIT = 32768,
};

LIST_HEAD(dentry_list, dentry);
TAILQ_HEAD(dentry_queue, dentry);

struct dentry_bucket {
    struct spinlock lock;
    struct dentry_list list; /* lock */
};

static struct dentry_bucket buckets[BUCKETS];
static struct slab_cache dentry_cache = SLAB_CACHE("dentry", sizeof(struct dentry));
static struct spinlock tree_lock;
static struct spinlock idle_lock;
static struct dentry_queue idle_list = TAILQ_HEAD_INITIALIZER(idle_list); /* idle_lock */
static uint64_t idle_count;                                               /* idle_lock */

void dentry_tree_lock(void)
{
    spin_lock(&tree_lock);
}

void dentry_tree_unlock(void)
{
    spin_unlock(&tree_lock);
}

uint32_t dentry_bucket_of(const struct dentry *parent, uint32_t hash)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)parent ^ hash) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(mixed >> 40) % BUCKETS;
}

static void dentry_lock(struct dentry *dentry)
{
    for (;;) {
        uint32_t bucket = dentry->bucket;

        spin_lock(&buckets[bucket].lock);
        if (bucket == dentry->bucket)
            return;
        spin_unlock(&buckets[bucket].lock);
    }
}

static void dentry_unlock(struct dentry *dentry)
{
    spin_unlock(&buckets[dentry->bucket].lock);
}

void dentry_lock_buckets(uint32_t one, uint32_t other)
{
    spin_lock(&buckets[one < other ? one : other].lock);
    if (one != other)
        spin_lock(&buckets[one < other ? other : one].lock);
}

void dentry_unlock_buckets(uint32_t one, uint32_t other)
{
    spin_unlock(&buckets[one].lock);
    if (one != other)
        spin_unlock(&buckets[other].lock);
}

void dentry_hash_locked(struct dentry *dentry)
{
    LIST_INSERT_HEAD(&buckets[dentry->bucket].list, dentry, bucket_link);
    dentry->hashed = true;
}

void dentry_unhash_locked(struct dentry *dentry)
{
    if (!dentry->hashed)
        return;
    LIST_REMOVE(dentry, bucket_link);
    dentry->hashed = false;
}

static void dentry_idle_add(struct dentry *dentry)
{
    spin_lock(&idle_lock);
    if (!dentry->idle) {
        dentry->idle = true;
        TAILQ_INSERT_TAIL(&idle_list, dentry, idle_link);
        idle_count++;
    }
    spin_unlock(&idle_lock);
}

static void dentry_idle_remove_locked(struct dentry *dentry)
{
    TAILQ_REMOVE(&idle_list, dentry, idle_link);
    dentry->idle = false;
    idle_count--;
}

/* Bucket locked, so that the trimmer cannot be looking at it. */
static void dentry_idle_remove(struct dentry *dentry)
{
    if (!dentry->idle)
        return;
    spin_lock(&idle_lock);
    dentry_idle_remove_locked(dentry);
    spin_unlock(&idle_lock);
}

/* Frees a dentry without counts that nothing leads to; returns the parent, whose count is now the
 * caller's, or NULL. */
static struct dentry *dentry_free(struct dentry *dentry)
{
    struct dentry *parent = dentry->parent == dentry ? NULL : dentry->parent;

    inode_put(dentry_inode(dentry));
    if (dentry->name != dentry->inline_name)
        heap_free(dentry->name);
    slab_free(&dentry_cache, dentry);
    return parent;
}

struct dentry *dentry_get(struct dentry *dentry)
{
    atomic_fetch_add_explicit(&dentry->refs, 1, memory_order_relaxed);
    return dentry;
}

/* Gives up a count that is not the last: true. */
static bool dentry_put_fast(struct dentry *dentry)
{
    uint32_t refs = atomic_load_explicit(&dentry->refs, memory_order_relaxed);

    while (refs > 1)
        if (atomic_compare_exchange_weak_explicit(&dentry->refs, &refs, refs - 1,
                                                  memory_order_release, memory_order_relaxed))
            return true;
    return false;
}

/* Gives up what may be the last count; true: the dentry is ours to free. */
static bool dentry_put_last(struct dentry *dentry)
{
    bool dead;

    dentry_lock(dentry);
    if (atomic_fetch_sub_explicit(&dentry->refs, 1, memory_order_acq_rel) != 1) {
        dentry_unlock(dentry);
        return false;
    }
    dead = !dentry->hashed || (atomic_load(&dentry->flags) & DENTRY_UNCACHED);
    if (dead) {
        dentry_unhash_locked(dentry);
        dentry_idle_remove(dentry);
    } else if (!dentry->idle) {
        dentry_idle_add(dentry);
    }
    dentry_unlock(dentry);
    return dead;
}

void dentry_put(struct dentry *dentry)
{
    while (dentry && !dentry_put_fast(dentry)) {
        if (!dentry_put_last(dentry)) {
            if (idle_count > IDLE_LIMIT)
                dentry_cache_trim(IDLE_LIMIT - IDLE_LIMIT / 16);
            return;
        }
        dentry = dentry_free(dentry);
    }
}

/* A fresh dentry with one count, unhashed. NULL: no memory. */
static struct dentry *dentry_alloc(struct dentry *parent, const struct name *name)
{
    struct dentry *dentry = slab_alloc_zero(&dentry_cache);

    if (!dentry)
        return NULL;
    dentry->name = dentry->inline_name;
    if (name->length >= DENTRY_INLINE_NAME) {
        dentry->name = heap_alloc(name->length + 1);
        if (!dentry->name) {
            slab_free(&dentry_cache, dentry);
            return NULL;
        }
    }
    memcpy(dentry->name, name->text, name->length);
    dentry->name[name->length] = '\0';
    dentry->length = name->length;
    dentry->hash = name->hash;
    dentry->refs = 1;
    dentry->parent = parent ? dentry_get(parent) : dentry;
    dentry->bucket = dentry_bucket_of(dentry->parent, name->hash);
    return dentry;
}

struct dentry *dentry_root(struct filesystem *filesystem, struct inode *inode)
{
    struct name name = {"/", 1, 0};
    struct dentry *dentry = dentry_alloc(NULL, &name);

    if (!dentry)
        return NULL;
    dentry->filesystem = filesystem;
    atomic_store(&dentry->inode, inode);
    return dentry;
}

struct dentry *dentry_nameless(struct dentry *parent, struct inode *inode)
{
    char text[24];
    struct name name = {text, 0, 0};
    struct dentry *dentry;

    name.length = (uint32_t)format_text(text, sizeof text, "#%lu", (unsigned long)inode->number);
    dentry = dentry_alloc(parent, &name);
    if (!dentry)
        return NULL;
    dentry->filesystem = parent->filesystem;
    atomic_store(&dentry->inode, inode);
    return dentry;
}

struct dentry *dentry_find(struct dentry *parent, const struct name *name)
{
    struct dentry_bucket *bucket = &buckets[dentry_bucket_of(parent, name->hash)];
    struct dentry *dentry;

    spin_lock(&bucket->lock);
    LIST_FOREACH (dentry, &bucket->list, bucket_link) {
        if (dentry->hash != name->hash || dentry->parent != parent ||
            dentry->length != name->length || memcmp(dentry->name, name->text, name->length))
            continue;
        dentry_get(dentry);
        if (!(dentry->flags & DENTRY_USED))
            atomic_fetch_or(&dentry->flags, DENTRY_USED);
        break;
    }
    spin_unlock(&bucket->lock);
    return dentry;
}

struct dentry *dentry_find_valid(struct dentry *parent, const struct name *name)
{
    struct dentry *dentry = dentry_find(parent, name);
    const struct inode_ops *ops = dentry_inode(parent)->ops;

    if (!dentry || !ops->revalidate || ops->revalidate(dentry))
        return dentry;
    /* What is mounted on it keeps it reachable. */
    if (dentry->flags & DENTRY_MOUNTED)
        return dentry;
    dentry_forget(dentry);
    dentry_put(dentry);
    return NULL;
}

/* Asks the file system and remembers the answer. */
static int dentry_ask(struct dentry *parent, const struct name *name, struct dentry **child)
{
    struct inode *directory = dentry_inode(parent), *inode = NULL;
    struct dentry *dentry = dentry_alloc(parent, name);
    int error;

    if (!dentry)
        return -ENOMEM;
    dentry->filesystem = parent->filesystem;
    if (parent->filesystem->type->flags & FILESYSTEM_UNCACHED)
        dentry->flags = DENTRY_UNCACHED;
    error = directory->ops->lookup ? directory->ops->lookup(directory, name, &inode) : -ENOTDIR;
    if (error && (error != -ENOENT || (parent->filesystem->type->flags & FILESYSTEM_FIXED))) {
        dentry_put(dentry);
        return error;
    }
    atomic_store(&dentry->inode, inode);
    dentry_lock(dentry);
    dentry_hash_locked(dentry);
    dentry_unlock(dentry);
    *child = dentry;
    return 0;
}

int dentry_lookup_locked(struct dentry *parent, const struct name *name, struct dentry **child)
{
    debug_assert(mutex_held(&dentry_inode(parent)->lock));
    if (name->length > NAME_MAX)
        return -ENAMETOOLONG;
    *child = dentry_find_valid(parent, name);
    if (*child)
        return 0;
    /* A removed directory has no names; what is asked about it must not be remembered as if it had.
     */
    if (!dentry_inode(parent)->links)
        return -ENOENT;
    return dentry_ask(parent, name, child);
}

int dentry_lookup(struct dentry *parent, const struct name *name, struct dentry **child)
{
    struct inode *directory = dentry_inode(parent);
    int error;

    if (!S_ISDIR(directory->mode))
        return -ENOTDIR;
    if (name->length > NAME_MAX)
        return -ENAMETOOLONG;
    *child = dentry_find_valid(parent, name);
    if (*child)
        return 0;
    mutex_lock(&directory->lock);
    error = dentry_lookup_locked(parent, name, child);
    mutex_unlock(&directory->lock);
    return error;
}

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
    debug_assert(!dentry_inode(dentry));
    atomic_store_explicit(&dentry->inode, inode, memory_order_release);
}

void dentry_forget(struct dentry *dentry)
{
    dentry_lock(dentry);
    dentry_unhash_locked(dentry);
    dentry_unlock(dentry);
}

bool dentry_removed(const struct dentry *dentry)
{
    return !dentry->hashed && dentry->parent != dentry;
}

struct trim {
    struct filesystem *only; /* NULL: any */
    uint64_t keep;
    uint64_t freed;
};

/* Looks at one unused dentry, with the idle list locked; true: unhashed, ours to free, the list is
 * unlocked. */
static bool dentry_trim_one(struct dentry *dentry, struct trim *trim)
{
    uint32_t bucket = dentry->bucket;
    bool taken = false;

    TAILQ_REMOVE(&idle_list, dentry, idle_link);
    TAILQ_INSERT_TAIL(&idle_list, dentry, idle_link);
    if ((trim->only && trim->only != dentry->filesystem) || !spin_trylock(&buckets[bucket].lock))
        return false;
    if (bucket != dentry->bucket) {
        spin_unlock(&buckets[bucket].lock);
        return false;
    }
    if (atomic_load(&dentry->refs)) {
        dentry_idle_remove_locked(dentry);
    } else if ((dentry->flags & DENTRY_USED) && !trim->only) {
        atomic_fetch_and(&dentry->flags, ~(uint32_t)DENTRY_USED);
    } else {
        dentry_idle_remove_locked(dentry);
        dentry_unhash_locked(dentry);
        taken = true;
    }
    spin_unlock(&buckets[bucket].lock);
    return taken;
}

/* One round over the idle list. */
static void dentry_trim_round(struct trim *trim)
{
    uint64_t left;
    struct dentry *dentry;

    spin_lock(&idle_lock);
    left = idle_count;
    while (left-- && idle_count > trim->keep && (dentry = TAILQ_FIRST(&idle_list))) {
        if (!dentry_trim_one(dentry, trim))
            continue;
        spin_unlock(&idle_lock);
        trim->freed++;
        dentry_put(dentry_free(dentry));
        spin_lock(&idle_lock);
    }
    spin_unlock(&idle_lock);
}

uint64_t dentry_cache_trim(uint64_t keep)
{
    struct trim trim = {NULL, keep, 0};
    uint64_t before;
    int idle_rounds = 0;

    /* The first fruitless round may only have taken "used" marks away. */
    do {
        before = trim.freed;
        dentry_trim_round(&trim);
        idle_rounds = trim.freed == before ? idle_rounds + 1 : 0;
    } while (idle_count > keep && idle_rounds < 2);
    return trim.freed;
}

void dentry_cache_drop(struct filesystem *filesystem)
{
    struct trim trim = {filesystem, 0, 0};
    uint64_t before;

    do {
        before = trim.freed;
        dentry_trim_round(&trim);
    } while (trim.freed != before);
}
