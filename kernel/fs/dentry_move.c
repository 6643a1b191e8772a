/*
 * Dentries that change places (rename), and ways upwards, which must not meet a rename half done.
 * Both take the tree's lock; a move also locks the buckets that lose and gain the name, so that a
 * search sees the old or the new place.
 */
#include "fs/dentry_internal.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"

/* Gives the dentry a name whose text is already in place (`storage`: heap, or NULL for the inline
 * one). */
static char *dentry_rename_locked(struct dentry *dentry, const struct name *name, char *storage)
{
    char *old = dentry->name == dentry->inline_name ? NULL : dentry->name;

    dentry->name = storage ? storage : dentry->inline_name;
    memcpy(dentry->name, name->text, name->length);
    dentry->name[name->length] = '\0';
    dentry->length = name->length;
    dentry->hash = name->hash;
    return old;
}

int dentry_move(struct dentry *dentry, struct dentry *parent, const struct name *name,
                struct dentry *over)
{
    struct dentry *old_parent;
    uint32_t from = dentry->bucket, to = dentry_bucket_of(parent, name->hash);
    char *storage = NULL, *old_name;

    if (name->length >= DENTRY_INLINE_NAME && !(storage = heap_alloc(name->length + 1)))
        return -ENOMEM;
    dentry_get(parent);
    dentry_tree_lock();
    dentry_lock_buckets(from, to);
    dentry_unhash_locked(dentry);
    if (over)
        dentry_unhash_locked(over);
    old_name = dentry_rename_locked(dentry, name, storage);
    old_parent = dentry->parent;
    dentry->parent = parent;
    dentry->bucket = to;
    dentry_hash_locked(dentry);
    dentry_unlock_buckets(from, to);
    dentry_tree_unlock();
    heap_free(old_name);
    dentry_put(old_parent);
    return 0;
}

/* Exchanges the names' texts, wherever they are stored. */
static void names_exchange(struct dentry *one, struct dentry *other)
{
    char *one_heap = one->name == one->inline_name ? NULL : one->name;
    char *other_heap = other->name == other->inline_name ? NULL : other->name;
    char kept[DENTRY_INLINE_NAME];
    uint32_t length = one->length, hash = one->hash;

    memcpy(kept, one->inline_name, sizeof kept);
    memcpy(one->inline_name, other->inline_name, sizeof kept);
    memcpy(other->inline_name, kept, sizeof kept);
    one->name = other_heap ? other_heap : one->inline_name;
    other->name = one_heap ? one_heap : other->inline_name;
    one->length = other->length;
    one->hash = other->hash;
    other->length = length;
    other->hash = hash;
}

void dentry_exchange(struct dentry *one, struct dentry *other)
{
    uint32_t one_bucket = one->bucket, other_bucket = other->bucket;
    struct dentry *parent;

    dentry_tree_lock();
    dentry_lock_buckets(one_bucket, other_bucket);
    dentry_unhash_locked(one);
    dentry_unhash_locked(other);
    names_exchange(one, other);
    parent = one->parent;
    one->parent = other->parent;
    other->parent = parent;
    one->bucket = other_bucket;
    other->bucket = one_bucket;
    dentry_hash_locked(one);
    dentry_hash_locked(other);
    dentry_unlock_buckets(one_bucket, other_bucket);
    dentry_tree_unlock();
}

struct dentry *dentry_parent(struct dentry *dentry)
{
    struct dentry *parent;

    dentry_tree_lock();
    parent = dentry_get(dentry->parent);
    dentry_tree_unlock();
    return parent;
}

bool dentry_below(struct dentry *dentry, const struct dentry *ancestor)
{
    bool below;

    dentry_tree_lock();
    while (dentry != ancestor && dentry->parent != dentry)
        dentry = dentry->parent;
    below = dentry == ancestor;
    dentry_tree_unlock();
    return below;
}
