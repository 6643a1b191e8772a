/*
 * See tree.h. The walk keeps the path done (`done`, without links) and the path to do (`rest`); a
 * link puts its target before the rest.
 */
#include "tree.h"

#include "fail.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TREE_LINKS_MAX = 40 };

struct walk {
    char done[PATH_MAX];
    char *rest;
    int links;
};

char *tree_host_path(const char *root, const char *path)
{
    return must_format("%s%s", strcmp(root, "/") == 0 ? "" : root, path);
}

/* Takes the next component from the rest; false at the end. */
static bool walk_component(struct walk *walk, char *name)
{
    const char *rest = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(rest, "/");
    if (length == 0 || length > NAME_MAX)
        return false;
    memcpy(name, rest, length);
    name[length] = '\0';
    memmove(walk->rest, rest + length, strlen(rest + length) + 1);
    return true;
}

static void walk_up(struct walk *walk)
{
    char *slash = strrchr(walk->done, '/');
    if (slash != NULL)
        *slash = '\0';
}

static int walk_link(struct walk *walk, const char *target)
{
    if (++walk->links > TREE_LINKS_MAX) {
        errno = ELOOP;
        return -1;
    }
    char *rest = must_format("%s/%s", target, walk->rest);
    free(walk->rest);
    walk->rest = rest;
    walk_up(walk);
    if (target[0] == '/')
        walk->done[0] = '\0';
    return 0;
}

static int walk_step(struct walk *walk, const char *root, const char *name, tree_visit *visit,
                     void *context)
{
    size_t used = strlen(walk->done);
    if (snprintf(walk->done + used, sizeof(walk->done) - used, "/%s", name) >=
        (int)(sizeof(walk->done) - used)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    char target[PATH_MAX];
    struct stat stat;
    char *host = tree_host_path(root, walk->done);
    int error = lstat(host, &stat);
    ssize_t length = 0;
    if (error == 0 && S_ISLNK(stat.st_mode))
        error = (length = readlink(host, target, sizeof(target) - 1)) < 0 ? -1 : 0;
    free(host);
    if (error < 0)
        return -1;
    target[length] = '\0';
    if (visit != NULL)
        visit(context, walk->done, &stat, S_ISLNK(stat.st_mode) ? target : NULL);
    return S_ISLNK(stat.st_mode) ? walk_link(walk, target) : 0;
}

char *tree_resolve(const char *root, const char *path, tree_visit *visit, void *context)
{
    struct walk walk = {.rest = must_copy(path)};
    char name[NAME_MAX + 1];
    int error = 0;
    while (error == 0 && walk_component(&walk, name)) {
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0)
            walk_up(&walk);
        else
            error = walk_step(&walk, root, name, visit, context);
    }
    free(walk.rest);
    return error < 0 ? NULL : must_copy(walk.done[0] ? walk.done : "/");
}
