/*
 * A path walk in progress, for the callers that must act at the last component (open with O_CREAT).
 * See path.h for the others.
 *
 *     error = walk_begin(&walk, dirfd, text, flags);
 *     do {
 *         error = error ? error : walk_to_last(&walk);
 *         error = error ? error : walk_last(&walk);
 *     } while (error == WALK_AGAIN);
 *     ... walk.path ...
 *     walk_end(&walk);
 */
#ifndef FS_WALK_H
#define FS_WALK_H

#include "fs/context.h"
#include "fs/path.h"

enum { WALK_AGAIN = 1 }; /* a symbolic link brought new text: go on to its last component */

struct walk {
    struct path path; /* counted: where the walk is */
    struct path root; /* counted by places or by base */
    struct path base; /* counted: the start of a scoped walk, else NULL */
    struct fs_places *places;
    const char *cursor;    /* what is left of the text */
    char *owned;           /* the text of links, if there were any */
    unsigned flags;        /* PATH_… */
    unsigned links;        /* symbolic links followed */
    struct path_last last; /* of walk_to_last; directory is not set */
};

/* 0 or -errno; walk_end in both cases. text must outlive the walk. */
int walk_begin(struct walk *walk, int dirfd, const char *text, unsigned flags);
/* Walks up to the last component and describes it in walk->last. */
int walk_to_last(struct walk *walk);
/* Steps into the last component. 0: walk->path is the result; WALK_AGAIN; -errno. */
int walk_last(struct walk *walk);
/* The pieces of walk_last for a name: may names be looked up here; enter a positive child
   (consuming its count), crossing mounts; follow a symbolic link that is the last component
   (consuming its count): 0 (a magic link: walk->path is the result), WALK_AGAIN, -errno. */
int walk_search(struct walk *walk);
int walk_enter(struct walk *walk, struct dentry *child);
int walk_follow_last(struct walk *walk, struct dentry *link);
void walk_end(struct walk *walk);

#endif
