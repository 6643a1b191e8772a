/*
 * What the files of the dentry cache share with one another and with the path walk.
 */
#ifndef FS_DENTRY_INTERNAL_H
#define FS_DENTRY_INTERNAL_H

#include "fs/dentry.h"

/* The cached child, counted, or NULL; without / with asking whether it is still true. */
struct dentry *dentry_find(struct dentry *parent, const struct name *name);
struct dentry *dentry_find_valid(struct dentry *parent, const struct name *name);

uint32_t dentry_bucket_of(const struct dentry *parent, uint32_t hash);
/* Both (perhaps the same), in order. */
void dentry_lock_buckets(uint32_t one, uint32_t other);
void dentry_unlock_buckets(uint32_t one, uint32_t other);
/* Puts it into its bucket / takes it out if it is there. Bucket locked. */
void dentry_hash_locked(struct dentry *dentry);
void dentry_unhash_locked(struct dentry *dentry);

#endif
