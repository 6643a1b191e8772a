/*
 * From a path's text to a place in the tree of mounts and dentries, and back.
 *
 * Costs: one hash look-up per component that is cached. The kernel stack is bounded: symbolic links
 * are followed by iteration, up to 40 (ELOOP), and every buffer for text is on the heap.
 */
#ifndef FS_PATH_H
#define FS_PATH_H

#include "arch/address.h"
#include "file/file.h"
#include "fs/dentry.h"

/* The text of a path in kernel memory. */
struct path_text {
    char *text; /* NUL-terminated */
    size_t length;
};

/* Copies a path from user memory. 0, -EFAULT, -ENAMETOOLONG (4096 with NUL), -ENOMEM. */
int path_text_read(struct path_text *text, struct uaddr from);
void path_text_free(struct path_text *text);

/* Flags of the resolvers. */
enum {
    PATH_FOLLOW = 1,    /* a symbolic link at the end is followed */
    PATH_DIRECTORY = 2, /* the result must be a directory: -ENOTDIR */
    PATH_EMPTY = 4,     /* "" is dirfd itself (AT_EMPTY_PATH) */
    PATH_NO_XDEV = 8,   /* RESOLVE_… of openat2(2) */
    PATH_NO_MAGIC = 16,
    PATH_NO_SYMLINKS = 32,
    PATH_BENEATH = 64,
    PATH_IN_ROOT = 128,
    PATH_CACHED = 256,
};

/* Where `text` (or the text at `from`) leads, seen from dirfd (AT_FDCWD: the working directory), as
   a counted path to something that exists. Errors as path_resolution(7): -ENOENT, -ENOTDIR,
   -EACCES, -ELOOP, -ENAMETOOLONG, -EBADF, -EXDEV, -EAGAIN. */
int path_resolve(int dirfd, const char *text, unsigned flags, struct path *result);
int path_resolve_user(int dirfd, struct uaddr from, unsigned flags, struct path *result);

/* The directory that the last component is (to be) in. */
struct path_last {
    struct path directory; /* counted */
    struct name name;      /* points into text */
    enum { LAST_NAME, LAST_DOT, LAST_DOT_DOT, LAST_ROOT } kind;
    bool slash;  /* the name is followed by slashes: a directory is meant */
    char *owned; /* text that a symbolic link brought in, or NULL */
};

/* Resolves all but the last component; `text` must outlive the result. path_last_put() afterwards.
 */
int path_resolve_last(int dirfd, const char *text, unsigned flags, struct path_last *last);
void path_last_put(struct path_last *last);

/* path->mount and path->dentry with counts. NULL members are legal. */
void path_get(const struct path *path);
void path_put(const struct path *path);
static inline struct inode *path_inode(const struct path *path)
{
    return dentry_inode(path->dentry);
}

/* The text of a path as seen from root (NULL: the caller's), at the end of buffer[size]: returns
   its first byte, NUL-terminated, with " (deleted)" when its name is gone. Errors through *error:
   -ENAMETOOLONG; *unreachable (may be NULL): it is not below root. */
char *path_to_text(const struct path *path, const struct path *root, char *buffer, size_t size,
                   int *error, bool *unreachable);
/* The name of an open description as /proc/PID/fd and maps show it (anonymous files too): the same.
 */
char *path_of_file(struct file *file, char *buffer, size_t size, int *error);

/* Asks for MAY_… bits on an inode with the caller's credentials / with others. 0, -EACCES. */
int inode_permission(struct inode *inode, unsigned may);
int inode_permission_as(struct inode *inode, unsigned may, const struct cred *cred);
/* What inode_permission does when ops->permission is NULL; for file systems that add to it. */
int inode_permission_generic(struct inode *inode, unsigned may, const struct cred *cred);

#endif
