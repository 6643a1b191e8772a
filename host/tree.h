/*
 * Paths inside a tree of files that is, or will be, somebody's root: symbolic links are followed as
 * they will be in the guest, so that an absolute link stays inside the tree.
 */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <sys/stat.h>

/* Called for every component on the way, with its path inside the tree; `link` is the target of a
 * symbolic link, else NULL. */
typedef void tree_visit(void *context, const char *path, const struct stat *stat, const char *link);

/* The path of a tree's file as the host sees it; the caller frees it. */
char *tree_host_path(const char *root, const char *path);

/*
 * Follows an absolute path inside the tree at `root`. Returns the path without symbolic links,
 * which the caller frees, or NULL with errno set. `visit` may be NULL.
 */
char *tree_resolve(const char *root, const char *path, tree_visit *visit, void *context);

#endif
