/*
 * The path walk (path_resolution(7), openat2(2)). The walk holds counts on the place where it is;
 * each component is one step: may we search here, the child from the cache or the file system, what
 * is mounted on it, a symbolic link. A link does not recurse: its target and the rest of the text
 * become the new text, so the stack is bounded and 40 links are the limit.
 */
#include "file/caller.h"
#include "file/file_table.h"
#include "fs/dentry_internal.h"
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "fs/regular.h"
#include "fs/walk.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

enum { LINKS_MAX = 40 };

void path_get(const struct path *path)
{
    if (path->mount)
        mount_get(path->mount);
    if (path->dentry)
        dentry_get(path->dentry);
}

void path_put(const struct path *path)
{
    dentry_put(path->dentry);
    mount_put(path->mount);
}

static bool path_equal(const struct path *one, const struct path *other)
{
    return one->dentry == other->dentry && one->mount == other->mount;
}

/* Where the walk from a descriptor begins. */
static int walk_begin_at(struct walk *walk, int dirfd, bool empty)
{
    struct file *file = file_table_find(caller_files(), dirfd);
    int error = 0;

    if (!file)
        return -EBADF;
    if (!file->path.dentry)
        error = empty ? -EINVAL : -ENOTDIR;
    else if (!empty && !S_ISDIR(path_inode(&file->path)->mode))
        error = -ENOTDIR;
    if (!error) {
        walk->path = file->path;
        path_get(&walk->path);
    }
    file_put(file);
    return error;
}

/* RESOLVE_BENEATH and RESOLVE_IN_ROOT: the start is the root of this walk. */
static int walk_begin_scoped(struct walk *walk)
{
    if (*walk->cursor == '/' && (walk->flags & PATH_BENEATH))
        return -EXDEV;
    walk->base = walk->path;
    path_get(&walk->base);
    walk->root = walk->base;
    return 0;
}

int walk_begin(struct walk *walk, int dirfd, const char *text, unsigned flags)
{
    bool scoped = flags & (PATH_BENEATH | PATH_IN_ROOT);

    memset(walk, 0, sizeof *walk);
    walk->flags = flags;
    walk->cursor = text;
    if (!*text && !(flags & PATH_EMPTY))
        return -ENOENT;
    walk->places = fs_places_get(caller_fs());
    if (!walk->places)
        return -ENOMEM;
    walk->root = walk->places->root;
    if (*text == '/' && !scoped) {
        walk->path = walk->root;
        path_get(&walk->path);
    } else if (dirfd == AT_FDCWD) {
        walk->path = walk->places->cwd;
        path_get(&walk->path);
    } else {
        int error = walk_begin_at(walk, dirfd, !*text);

        if (error)
            return error;
    }
    return scoped ? walk_begin_scoped(walk) : 0;
}

void walk_end(struct walk *walk)
{
    path_put(&walk->path);
    path_put(&walk->base);
    fs_places_put(walk->places);
    heap_free(walk->owned);
}

int walk_search(struct walk *walk)
{
    struct inode *inode = path_inode(&walk->path);

    if (!S_ISDIR(inode->mode))
        return -ENOTDIR;
    /* Most directories may be searched by all: then nobody's credentials matter. */
    if ((inode->mode & 0111) == 0111 && !inode->ops->permission)
        return 0;
    return inode_permission(inode, MAY_EXECUTE);
}

static int walk_cross_down(struct walk *walk)
{
    struct mount *before = walk->path.mount;

    if (!(walk->path.dentry->flags & DENTRY_MOUNTED))
        return 0;
    mount_cross_down(&walk->path);
    return (walk->flags & PATH_NO_XDEV) && walk->path.mount != before ? -EXDEV : 0;
}

int walk_enter(struct walk *walk, struct dentry *child)
{
    dentry_put(walk->path.dentry);
    walk->path.dentry = child;
    return walk_cross_down(walk);
}

static int walk_up(struct walk *walk)
{
    struct dentry *parent;

    for (;;) {
        if (path_equal(&walk->path, &walk->root)) {
            if (walk->flags & PATH_BENEATH)
                return -EXDEV;
            break;
        }
        if (walk->path.dentry != walk->path.mount->root) {
            parent = dentry_parent(walk->path.dentry);
            dentry_put(walk->path.dentry);
            walk->path.dentry = parent;
            break;
        }
        if (!mount_cross_up(&walk->path))
            break;
        if (walk->flags & PATH_NO_XDEV)
            return -EXDEV;
    }
    return walk_cross_down(walk);
}

/* A link that knows its place itself: walk->path becomes it. */
static int walk_follow_magic(struct walk *walk, struct inode *link)
{
    struct path target;
    int error;

    if (walk->flags & PATH_NO_MAGIC)
        return -ELOOP;
    error = link->ops->follow(link, &target);
    if (error)
        return error;
    if ((walk->flags & (PATH_BENEATH | PATH_IN_ROOT)) ||
        ((walk->flags & PATH_NO_XDEV) && target.mount != walk->path.mount)) {
        path_put(&target);
        return -EXDEV;
    }
    path_put(&walk->path);
    walk->path = target;
    return 0;
}

/* An absolute target: back to the root. */
static int walk_jump_root(struct walk *walk)
{
    if ((walk->flags & PATH_BENEATH) ||
        ((walk->flags & PATH_NO_XDEV) && walk->path.mount != walk->root.mount))
        return -EXDEV;
    path_get(&walk->root);
    path_put(&walk->path);
    walk->path = walk->root;
    return 0;
}

/* The link's target and the rest of the text become the text. */
static int walk_follow_text(struct walk *walk, struct inode *link)
{
    size_t rest = strlen(walk->cursor);
    char *text;
    int64_t length;

    if (!link->ops->read_link)
        return -EINVAL;
    text = heap_alloc(PATH_MAX + rest + 2);
    if (!text)
        return -ENOMEM;
    length = link->ops->read_link(link, text, PATH_MAX - 1);
    if (length <= 0) {
        heap_free(text);
        return length ? (int)length : -ENOENT;
    }
    if (rest || walk->last.slash)
        text[length++] = '/';
    memcpy(text + length, walk->cursor, rest + 1);
    heap_free(walk->owned);
    walk->owned = text;
    walk->cursor = text;
    return *text == '/' ? walk_jump_root(walk) : 0;
}

/* Follows the symbolic link `link`, a child of walk->path, consuming its count. 0: walk->path is
   its target (magic); WALK_AGAIN: the text changed. */
static int walk_follow(struct walk *walk, struct dentry *link)
{
    struct inode *inode = dentry_inode(link);
    int error;

    if (walk->links++ >= LINKS_MAX || (walk->flags & PATH_NO_SYMLINKS) ||
        (walk->path.mount->flags & MS_NOSYMFOLLOW)) {
        error = -ELOOP;
    } else {
        inode_accessed(inode, walk->path.mount);
        if (inode->ops->follow)
            error = walk_follow_magic(walk, inode);
        else
            error = walk_follow_text(walk, inode) ?: WALK_AGAIN;
    }
    dentry_put(link);
    return error;
}

int walk_follow_last(struct walk *walk, struct dentry *link)
{
    if (!permission_follow(path_inode(&walk->path), dentry_inode(link))) {
        dentry_put(link);
        return -EACCES;
    }
    return walk_follow(walk, link);
}

/* The child `name` of walk->path, positive and counted. */
static int walk_child(struct walk *walk, const struct name *name, struct dentry **child)
{
    int error = 0;

    if (walk->flags & PATH_CACHED) {
        *child = dentry_find_valid(walk->path.dentry, name);
        if (!*child)
            return -EAGAIN;
    } else {
        error = dentry_lookup(walk->path.dentry, name, child);
    }
    if (error || dentry_inode(*child))
        return error;
    dentry_put(*child);
    return -ENOENT;
}

/* One component that is not the last. */
static int walk_step(struct walk *walk)
{
    struct dentry *child;
    int error = walk_search(walk);

    if (error || walk->last.kind == LAST_DOT)
        return error;
    if (walk->last.kind == LAST_DOT_DOT)
        return walk_up(walk);
    error = walk_child(walk, &walk->last.name, &child);
    if (error)
        return error;
    if (!S_ISLNK(dentry_inode(child)->mode))
        return walk_enter(walk, child);
    error = walk_follow(walk, child);
    return error == WALK_AGAIN ? 0 : error;
}

static void walk_classify(struct path_last *last)
{
    const struct name *name = &last->name;

    last->kind = LAST_NAME;
    if (name->text[0] == '.' && name->length == 1)
        last->kind = LAST_DOT;
    else if (name->text[0] == '.' && name->text[1] == '.' && name->length == 2)
        last->kind = LAST_DOT_DOT;
}

/* Takes the next component off the text; false: there is none. */
static bool walk_next_name(struct walk *walk)
{
    const char *cursor = walk->cursor, *start;
    uint32_t hash = NAME_HASH_START;

    while (*cursor == '/')
        cursor++;
    for (start = cursor; *cursor && *cursor != '/'; cursor++)
        hash = name_hash_add(hash, *cursor);
    walk->last.name = (struct name){start, (uint32_t)(cursor - start), hash};
    walk->last.slash = *cursor == '/';
    while (*cursor == '/')
        cursor++;
    walk->cursor = cursor;
    return cursor != start;
}

int walk_to_last(struct walk *walk)
{
    for (;;) {
        int error;

        if (!walk_next_name(walk)) {
            walk->last.kind = LAST_ROOT;
            walk->last.slash = false;
            return 0;
        }
        walk_classify(&walk->last);
        if (!*walk->cursor)
            return 0;
        error = walk_step(walk);
        if (error)
            return error;
    }
}

int walk_last(struct walk *walk)
{
    struct dentry *child;
    int error;

    if (walk->last.kind == LAST_NAME) {
        error = walk_search(walk) ?: walk_child(walk, &walk->last.name, &child);
        if (error)
            return error;
        if (!S_ISLNK(dentry_inode(child)->mode) ||
            (!(walk->flags & PATH_FOLLOW) && !walk->last.slash))
            error = walk_enter(walk, child);
        else
            error = walk_follow_last(walk, child);
    } else {
        error = walk->last.kind == LAST_ROOT ? 0 : walk_step(walk);
    }
    if (error)
        return error;
    if ((walk->last.slash || (walk->flags & PATH_DIRECTORY)) &&
        !S_ISDIR(path_inode(&walk->path)->mode))
        return -ENOTDIR;
    return 0;
}

int path_resolve(int dirfd, const char *text, unsigned flags, struct path *result)
{
    struct walk walk;
    int error = walk_begin(&walk, dirfd, text, flags);

    do {
        error = error < 0 ? error : walk_to_last(&walk);
        error = error ? error : walk_last(&walk);
    } while (error == WALK_AGAIN);
    if (!error) {
        *result = walk.path;
        walk.path = (struct path){NULL, NULL};
    }
    walk_end(&walk);
    return error;
}

int path_resolve_user(int dirfd, struct uaddr from, unsigned flags, struct path *result)
{
    struct path_text text;
    int error = path_text_read(&text, from);

    if (error)
        return error;
    error = path_resolve(dirfd, text.text, flags, result);
    path_text_free(&text);
    return error;
}

int path_resolve_last(int dirfd, const char *text, unsigned flags, struct path_last *last)
{
    struct walk walk;
    int error = walk_begin(&walk, dirfd, text, flags) ?: walk_to_last(&walk);

    /* The name will be looked for by the caller, who must be allowed to search here. */
    if (!error && walk.last.kind != LAST_ROOT)
        error = walk_search(&walk);
    if (!error) {
        *last = walk.last;
        last->directory = walk.path;
        last->owned = walk.owned;
        walk.path = (struct path){NULL, NULL};
        walk.owned = NULL;
    }
    walk_end(&walk);
    return error;
}

void path_last_put(struct path_last *last)
{
    path_put(&last->directory);
    heap_free(last->owned);
}
