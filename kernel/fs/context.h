/*
 * What a process remembers about file systems: its root, its working directory and its umask.
 *
 * Two levels: struct fs_context is what CLONE_FS shares (a change is seen by all sharers); behind
 * it struct fs_places is what fork shares (one reference; whoever changes it installs a copy). Fork
 * copies no path.
 */
#ifndef FS_CONTEXT_H
#define FS_CONTEXT_H

#include "file/file.h"
#include "sched/spin.h"

/* Immutable once published. */
struct fs_places {
    _Atomic uint32_t refs;
    struct path root, cwd; /* counted */
};

struct fs_context {
    _Atomic uint32_t refs; /* sharers (CLONE_FS) */
    _Atomic uint32_t umask;
    struct spinlock lock;
    struct fs_places *places; /* lock: counted */
};

/* The first context: root and working directory are the root of all, umask 022. NULL: no memory. */
struct fs_context *fs_context_create(void);
/* For a child without CLONE_FS: equal, independent. Constant time. NULL: no memory. */
struct fs_context *fs_context_fork(struct fs_context *parent);
/* For a child with CLONE_FS. */
struct fs_context *fs_context_get(struct fs_context *context);
/* Pairs with all three; fs_context_drop(NULL) is legal. */
void fs_context_drop(struct fs_context *context);

/* A counted view of root and cwd. context NULL (kernel threads): the root of all; only then it may
 * be NULL: no memory. */
struct fs_places *fs_places_get(struct fs_context *context);
void fs_places_put(struct fs_places *places);

/* Takes own counts of the path. 0 or -ENOMEM. */
int fs_context_set_cwd(struct fs_context *context, const struct path *path);
int fs_context_set_root(struct fs_context *context, const struct path *path);
/* Sets the umask (07777 & 0777 used) and returns the old one. */
uint32_t fs_context_set_umask(struct fs_context *context, uint32_t umask);

#endif
