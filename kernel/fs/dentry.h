/*
 * Dentries: names that were looked up, as a tree in memory. A dentry leads to an inode or says that
 * there is none (negative). It is found by (parent, name) in one hash table. Without a count it
 * stays as cache, within a limit, unless its file system does not want that (FILESYSTEM_UNCACHED)
 * or its name was removed.
 *
 * Each dentry counts its parent and its inode. Its inode goes from NULL to an inode once and never
 * changes again: a removed name is taken out of the hash table and keeps its inode for those who
 * hold it. File systems see dentries only in revalidate and when they give their root.
 *
 * Locks: b: the lock of the dentry's hash bucket; t: the tree's lock (renames, walks upwards),
 * taken before b. Directory contents and dentries agree because both change under the directory's
 * inode lock.
 */
#ifndef FS_DENTRY_H
#define FS_DENTRY_H

#include "fs/inode.h"
#include <bsd/sys/queue.h>

enum { DENTRY_INLINE_NAME = 40 };

/* dentry.flags */
enum {
    DENTRY_MOUNTED = 1,  /* some mount is on it: ask the mount table */
    DENTRY_USED = 2,     /* found since the cache last looked */
    DENTRY_UNCACHED = 4, /* dies with its last count */
};

struct dentry {
    _Atomic uint32_t refs;          /* 1 → 0 and 0 → 1 only with b */
    _Atomic uint32_t flags;         /* a DENTRY_… */
    uint32_t hash;                  /* b t of the name */
    uint32_t length;                /* b t of the name, bytes */
    char *name;                     /* b t NUL-terminated; inline_name or heap */
    struct dentry *parent;          /* t counted; itself for a root */
    _Atomic(struct inode *) inode;  /* counted; NULL: negative */
    struct filesystem *filesystem;  /* c not counted */
    LIST_ENTRY(dentry) bucket_link; /* b */
    uint32_t bucket;                /* b t which bucket's lock guards it */
    bool hashed;                    /* b can be found by name */
    bool idle;                      /* the cache's lock: on the list of unused ones */
    TAILQ_ENTRY(dentry) idle_link;
    char inline_name[DENTRY_INLINE_NAME];
};

/* A name's hash, built up byte by byte while its end is looked for (FNV-1a, 32 bits); the bucket's
 * number mixes it further. */
enum { NAME_HASH_START = 0x811c9dc5 };
static inline uint32_t name_hash_add(uint32_t hash, char c)
{
    return (hash ^ (uint8_t)c) * UINT32_C(0x01000193);
}
static inline uint32_t name_hash(const char *text, size_t length)
{
    uint32_t hash = NAME_HASH_START;

    for (size_t i = 0; i < length; i++)
        hash = name_hash_add(hash, text[i]);
    return hash;
}

/* A root of a file system: consumes the count of inode. NULL: no memory (the count is still the
 * caller's). */
struct dentry *dentry_root(struct filesystem *filesystem, struct inode *inode);

/* A dentry for an inode without a name (O_TMPFILE), shown as #NUMBER (deleted); consumes the count
 * of inode. NULL: no memory. */
struct dentry *dentry_nameless(struct dentry *parent, struct inode *inode);

static inline struct inode *dentry_inode(const struct dentry *dentry)
{
    return atomic_load_explicit(&dentry->inode, memory_order_acquire);
}

struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);

/* The child `name` of a directory, counted, from the cache or the file system; it may be negative.
   0, -ENOTDIR, -ENOMEM, -ENAMETOOLONG, or what lookup said. No lock on parent's inode held / held.
 */
int dentry_lookup(struct dentry *parent, const struct name *name, struct dentry **child);
int dentry_lookup_locked(struct dentry *parent, const struct name *name, struct dentry **child);

/* Turns a negative dentry positive; consumes the count of inode. Parent's inode lock held. */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/* Takes the name out of the cache: it was removed, or can no longer be trusted. */
void dentry_forget(struct dentry *dentry);
/* Gives the dentry another place / swaps two dentries. Memory for long names is got before anything
   changes: 0 or -ENOMEM. Both directories' locks held. `over`: the dentry at the new place,
   forgotten; may be NULL. */
int dentry_move(struct dentry *dentry, struct dentry *parent, const struct name *name,
                struct dentry *over);
void dentry_exchange(struct dentry *one, struct dentry *other);

/* The parent, counted. */
struct dentry *dentry_parent(struct dentry *dentry);
/* True when `dentry` is `ancestor` or below it. */
bool dentry_below(struct dentry *dentry, const struct dentry *ancestor);
/* The name of this dentry was removed (shown as " (deleted)"). */
bool dentry_removed(const struct dentry *dentry);

/* Locks the tree against renames, for walks upwards (fs/path_text.c). */
void dentry_tree_lock(void);
void dentry_tree_unlock(void);

/* Frees unused dentries: all but `keep` of them (returns how many) / all of one file system. */
uint64_t dentry_cache_trim(uint64_t keep);
void dentry_cache_drop(struct filesystem *filesystem);

#endif
