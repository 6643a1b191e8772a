/*
 * Unpacks the initramfs (a newc archive, cpio(5)) into the root. Members are made through the same
 * operations as a program's calls, but without asking for rights; missing directories on the way to
 * a member are made. Members with the same inode number and more than one link are one file; the
 * archive carries its contents with the last of them.
 */
#include "fs/context.h"
#include "fs/entry.h"
#include "fs/fs.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "fs/permission.h"
#include "lib/cpio.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <linux/limits.h>
#include <linux/stat.h>

/* A file that may get further names. */
struct unpack_link {
    LIST_ENTRY(unpack_link) link;
    uint32_t ino, major, minor;
    struct path path; /* counted */
};

struct unpack {
    struct mount *mount; /* counted: the root's */
    LIST_HEAD(, unpack_link) links;
};

static struct slab_cache link_cache = SLAB_CACHE("initramfs_link", sizeof(struct unpack_link));

static struct unpack_link *link_find(struct unpack *unpack, const struct cpio_entry *entry)
{
    struct unpack_link *link;

    LIST_FOREACH (link, &unpack->links, link)
        if (link->ino == entry->ino && link->major == entry->device_major &&
            link->minor == entry->device_minor)
            return link;
    return NULL;
}

static int link_add(struct unpack *unpack, const struct cpio_entry *entry, struct dentry *dentry)
{
    struct unpack_link *link;

    if (entry->links < 2 || S_ISDIR(entry->mode))
        return 0;
    link = slab_alloc(&link_cache);
    if (!link)
        return -ENOMEM;
    *link = (struct unpack_link){
        .ino = entry->ino, .major = entry->device_major, .minor = entry->device_minor};
    link->path = (struct path){mount_get(unpack->mount), dentry_get(dentry)};
    LIST_INSERT_HEAD(&unpack->links, link, link);
    return 0;
}

/* The next component of *text, which is moved behind it; length 0: none left. Dots are passed over.
 */
static size_t component_next(const char **text, const char **start)
{
    size_t length;

    do {
        *text += strspn(*text, "/");
        *start = *text;
        length = strcspn(*text, "/");
        *text += length;
    } while (length == 1 && **start == '.');
    return length;
}

/* The directory of the last component, made where it is missing; *last, *length: that component. */
static int unpack_parent(const struct unpack *unpack, const char *text, struct dentry **parent,
                         const char **last, size_t *length)
{
    static const struct inode_new directory = {.mode = S_IFDIR | 0755};
    struct dentry *at = dentry_get(unpack->mount->root), *below;
    int error = 0;

    *length = component_next(&text, last);
    while (!error && *(text + strspn(text, "/"))) {
        error = entry_make_plain(at, *last, *length, &directory, &below);
        if (error && error != -EEXIST)
            break;
        dentry_put(at);
        at = below;
        error = S_ISDIR(dentry_inode(at)->mode) ? 0 : -ENOTDIR;
        *length = component_next(&text, last);
    }
    *parent = at;
    if (error)
        dentry_put(at);
    return error;
}

static int unpack_contents(struct inode *inode, const struct cpio_entry *entry)
{
    struct uio uio;
    int64_t done;

    if (!S_ISREG(entry->mode) || !entry->size)
        return 0;
    uio_init_kernel(&uio, false, (void *)(uintptr_t)entry->data, entry->size);
    done = backing_write(inode->backing, 0, &uio);
    if (done < 0)
        return (int)done;
    return (uint64_t)done == entry->size ? 0 : -ENOSPC;
}

static int unpack_attributes(struct inode *inode, const struct cpio_entry *entry)
{
    int64_t mtime = (int64_t)entry->mtime * 1000000000;
    struct inode_change change = {
        .mask = INODE_CHANGE_MODE | INODE_CHANGE_UID | INODE_CHANGE_GID | INODE_CHANGE_MTIME,
        .mode = entry->mode & 07777,
        .uid = entry->uid,
        .gid = entry->gid,
        .mtime = mtime,
    };

    if (S_ISLNK(entry->mode))
        change.mask &= ~(uint32_t)INODE_CHANGE_MODE;
    return inode_change_unchecked(inode, &change);
}

static int unpack_node(struct unpack *unpack, const struct cpio_entry *entry, struct dentry *parent,
                       const char *name, size_t length)
{
    struct inode_new wanted = {
        .mode = entry->mode,
        .rdev = device_number(entry->node_major, entry->node_minor),
    };
    struct dentry *made;
    char *target = NULL;
    int error;

    if (S_ISLNK(entry->mode)) {
        target = heap_alloc_zero((size_t)entry->size + 1);
        if (!target)
            return -ENOMEM;
        memcpy(target, entry->data, entry->size);
        wanted.target = target;
    }
    error = entry_make_plain(parent, name, length, &wanted, &made);
    heap_free(target);
    if (error && error != -EEXIST)
        return error;
    /* What is there already (directories, mostly) only gets the attributes. */
    if (error && (dentry_inode(made)->mode & S_IFMT) != (entry->mode & S_IFMT))
        error = -EEXIST;
    else
        error = unpack_contents(dentry_inode(made), entry)
                    ?: unpack_attributes(dentry_inode(made), entry);
    error = error ?: link_add(unpack, entry, made);
    dentry_put(made);
    return error;
}

static int unpack_hard_link(const struct unpack *unpack, const struct unpack_link *link,
                            const struct cpio_entry *entry, struct dentry *parent, const char *name,
                            size_t length)
{
    struct path_last last = {
        .directory = {unpack->mount, parent},
        .name = {name, (uint32_t)length, name_hash(name, length)},
        .kind = LAST_NAME,
    };
    int error = entry_link(&link->path, &last);

    return error ?: unpack_contents(path_inode(&link->path), entry);
}

static int unpack_entry(struct unpack *unpack, const struct cpio_entry *entry)
{
    struct unpack_link *link =
        entry->links > 1 && !S_ISDIR(entry->mode) ? link_find(unpack, entry) : NULL;
    struct dentry *parent;
    const char *name;
    size_t length;
    int error = unpack_parent(unpack, entry->name, &parent, &name, &length);

    if (error)
        return error;
    if (!length)
        error = unpack_attributes(dentry_inode(parent), entry);
    else if (link)
        error = unpack_hard_link(unpack, link, entry, parent, name, length);
    else
        error = unpack_node(unpack, entry, parent, name, length);
    dentry_put(parent);
    return error;
}

static void unpack_end(struct unpack *unpack)
{
    struct unpack_link *link;

    while ((link = LIST_FIRST(&unpack->links))) {
        LIST_REMOVE(link, link);
        path_put(&link->path);
        slab_free(&link_cache, link);
    }
    mount_put(unpack->mount);
}

int initramfs_unpack(struct machine_range archive)
{
    struct unpack unpack = {.mount = mount_root_get()};
    struct cpio_reader reader;
    struct cpio_entry entry;
    int result, error = 0;

    LIST_INIT(&unpack.links);
    cpio_open(&reader, phys_to_kernel((struct phys){archive.start}), archive.end - archive.start);
    while (!error && (result = cpio_next(&reader, &entry)) != 0)
        error = result < 0 ? result : unpack_entry(&unpack, &entry);
    unpack_end(&unpack);
    return error;
}
