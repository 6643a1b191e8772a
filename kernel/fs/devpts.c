/*
 * devpts: the names of pseudo terminals' slaves, /dev/pts/N, and /dev/pts/ptmx.
 *
 * There is one instance, whatever is mounted; its directory shows the pairs whose master is open. A
 * pair's node is made with it and counted by it, so that its owner and mode are kept. nodes_lock
 * guards the list; costs are O(pairs). Options: uid=, gid=, mode= for new nodes, ptmxmode=, max=,
 * newinstance.
 */
#include "file/devpts.h"

#include "file/caller.h"
#include "file/cred.h"
#include "file/device.h"
#include "file/file.h"
#include "fs/dentry.h"
#include "fs/devpts.h"
#include "fs/directory.h"
#include "fs/filesystem.h"
#include "fs/inode.h"
#include "fs/open.h"
#include "fs/path.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <bsd/sys/queue.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

enum {
    NUMBER_ROOT = 1,
    NUMBER_PTMX = 2,
    NUMBER_FIRST = 3, /* of /dev/pts/0 */
    PTMX_MAJOR = 5,   /* as dev/pty.c registers it */
    PTMX_MINOR = 2,
};

/* Options of the instance; written at mounts, read when a node is made. */
static struct {
    bool uid_given, gid_given;
    uint32_t uid, gid, mode, ptmx_mode, limit;
} options = {.mode = 0600, .limit = PTY_MAX};

/* A pair's name: in the list while its master is open; freed with its inode. */
struct devpts_node {
    struct inode inode; /* first */
    unsigned index;
    LIST_ENTRY(devpts_node) link; /* nodes_lock */
};

static struct slab_cache node_cache = SLAB_CACHE("devpts_node", sizeof(struct devpts_node));
static struct spinlock nodes_lock;
static LIST_HEAD(, devpts_node) nodes =
    LIST_HEAD_INITIALIZER(nodes); /* in the order of their numbers */
static struct filesystem *instance;
static struct inode *ptmx;

static struct devpts_node *node_of(struct inode *inode)
{
    return container_of(inode, struct devpts_node, inode);
}

static void node_release(struct inode *inode)
{
    slab_free(&node_cache, node_of(inode));
}

static const struct inode_ops node_ops = {.release = node_release};

static struct inode *inode_make(const struct inode_ops *ops, uint32_t mode, uint64_t number)
{
    struct devpts_node *node = slab_alloc_zero(&node_cache);

    if (!node)
        return NULL;
    inode_init(&node->inode, instance, ops, mode, number);
    return &node->inode;
}

static void node_link(struct devpts_node *node)
{
    struct devpts_node *before = NULL;
    struct devpts_node *other;

    spin_lock(&nodes_lock);
    LIST_FOREACH (other, &nodes, link) {
        if (other->index > node->index)
            break;
        before = other;
    }
    if (before)
        LIST_INSERT_AFTER(before, node, link);
    else
        LIST_INSERT_HEAD(&nodes, node, link);
    spin_unlock(&nodes_lock);
}

int devpts_add(unsigned index, struct devpts_node **node)
{
    const struct cred *cred = caller_cred();
    struct inode *inode;

    if (index >= options.limit)
        return -ENOSPC;
    inode = inode_make(&node_ops, S_IFCHR | options.mode, NUMBER_FIRST + index);
    if (!inode)
        return -ENOMEM;
    inode->rdev = device_number(PTY_SLAVE_MAJOR, index);
    inode->uid = options.uid_given ? options.uid : cred->fsuid;
    inode->gid = options.gid_given ? options.gid : cred->fsgid;
    *node = node_of(inode);
    (*node)->index = index;
    node_link(*node);
    return 0;
}

void devpts_remove(struct devpts_node *node)
{
    spin_lock(&nodes_lock);
    LIST_REMOVE(node, link);
    node->inode.links = 0;
    spin_unlock(&nodes_lock);
    inode_put(&node->inode);
}

/* The first node from `index` on, counted, or NULL. */
static struct devpts_node *node_from(uint64_t index)
{
    struct devpts_node *node;

    spin_lock(&nodes_lock);
    LIST_FOREACH (node, &nodes, link)
        if (node->index >= index)
            break;
    if (node)
        inode_get(&node->inode);
    spin_unlock(&nodes_lock);
    return node;
}

int devpts_open(struct devpts_node *node, uint32_t flags, struct file **file)
{
    char name[24];
    struct path path;
    int error;

    format_text(name, sizeof(name), "/dev/pts/%u", node->index);
    error = path_resolve(AT_FDCWD, name, PATH_FOLLOW, &path);
    if (error < 0)
        return error;
    error = path_inode(&path) == &node->inode ? open_path(&path, flags, file) : -ENOENT;
    path_put(&path);
    return error;
}

/* --- the directory --- */

/* The number that a name is, or -1: no leading zeros or signs. */
static int64_t name_number(const struct name *name)
{
    char text[8];
    char again[8];
    uint64_t number;

    if (name->length >= sizeof(text))
        return -1;
    memcpy(text, name->text, name->length);
    text[name->length] = '\0';
    if (parse_u64(text, &number) < 0)
        return -1;
    format_text(again, sizeof(again), "%llu", (unsigned long long)number);
    return strcmp(text, again) == 0 ? (int64_t)number : -1;
}

static int root_lookup(struct inode *directory, const struct name *name, struct inode **inode)
{
    int64_t number = name_number(name);
    struct devpts_node *node;

    if (name->length == 4 && memcmp(name->text, "ptmx", 4) == 0) {
        inode_get(ptmx);
        *inode = ptmx;
        return 0;
    }
    node = number < 0 ? NULL : node_from((uint64_t)number);
    if (node && node->index != number) {
        inode_put(&node->inode);
        node = NULL;
    }
    *inode = node ? &node->inode : NULL;
    return node ? 0 : -ENOENT;
}

/* A name whose pair is gone leads nowhere, and what was not there may be there now. */
static bool root_revalidate(struct dentry *dentry)
{
    struct inode *inode = dentry_inode(dentry);

    return inode && inode->links > 0;
}

static const struct inode_ops root_ops = {
    .lookup = root_lookup,
    .revalidate = root_revalidate,
    .release = node_release,
};

enum { POSITION_PTMX = 2, POSITION_FIRST = 3 };

static bool entry_add(struct file *file, struct directory_reader *reader, unsigned index)
{
    char name[12];
    int length = format_text(name, sizeof(name), "%u", index);

    return directory_add(reader, file, name, (uint32_t)length, NUMBER_FIRST + index, S_IFCHR,
                         POSITION_FIRST + index + 1);
}

static int root_read_directory(struct file *file, struct directory_reader *reader)
{
    struct devpts_node *node;
    bool room = true;

    if (!directory_add_dots(reader, file))
        return 0;
    if (file->position == POSITION_PTMX &&
        !directory_add(reader, file, "ptmx", 4, NUMBER_PTMX, S_IFCHR, POSITION_FIRST))
        return 0;
    while (room && (node = node_from(file->position - POSITION_FIRST))) {
        room = entry_add(file, reader, node->index);
        inode_put(&node->inode);
    }
    return 0;
}

static const struct file_ops root_file_ops = {
    .read_directory = root_read_directory,
    .seek = directory_seek,
};

/* --- mounting --- */

static int number_option(const char *value, uint32_t limit, uint32_t *result)
{
    uint64_t number;

    if (!value || parse_u64(value, &number) < 0 || number > limit)
        return -EINVAL;
    *result = (uint32_t)number;
    return 0;
}

/* Modes are octal, with or without a leading zero. */
static int mode_option(const char *value, uint32_t *result)
{
    char text[8] = "0";

    if (!value || strlen(value) >= sizeof(text) - 1)
        return -EINVAL;
    strlcpy(text + 1, value, sizeof(text) - 1);
    return number_option(text, 07777, result);
}

static int option_set(const char *key, const char *value)
{
    if (strcmp(key, "newinstance") == 0)
        return value ? -EINVAL : 0;
    if (strcmp(key, "mode") == 0)
        return mode_option(value, &options.mode);
    if (strcmp(key, "ptmxmode") == 0)
        return mode_option(value, &options.ptmx_mode);
    if (strcmp(key, "max") == 0)
        return number_option(value, PTY_MAX, &options.limit);
    if (strcmp(key, "uid") == 0) {
        options.uid_given = true;
        return number_option(value, UINT32_MAX, &options.uid);
    }
    if (strcmp(key, "gid") == 0) {
        options.gid_given = true;
        return number_option(value, UINT32_MAX, &options.gid);
    }
    return -EINVAL;
}

static int options_set(const char *text)
{
    char *copy = heap_string(text);
    char *cursor = copy;
    char *key;
    char *value;
    int error = 0;

    if (!copy)
        return -ENOMEM;
    while (!error && filesystem_option(&cursor, &key, &value))
        error = option_set(key, value);
    heap_free(copy);
    if (!error && ptmx)
        ptmx->mode = S_IFCHR | options.ptmx_mode;
    return error;
}

static int devpts_remount(struct filesystem *filesystem, const char *text)
{
    return options_set(text);
}

static int devpts_options(struct filesystem *filesystem, char *buffer, size_t size)
{
    char uid[20] = "";
    char gid[20] = "";

    if (options.uid_given)
        format_text(uid, sizeof(uid), ",uid=%u", options.uid);
    if (options.gid_given)
        format_text(gid, sizeof(gid), ",gid=%u", options.gid);
    return format_text(buffer, size, "%s%s,mode=%03o,ptmxmode=%03o", uid, gid, options.mode,
                       options.ptmx_mode);
}

static const struct filesystem_ops devpts_ops = {
    .remount = devpts_remount,
    .options = devpts_options,
};

static struct filesystem_type devpts;

/* The instance and its two fixed inodes. */
static int instance_make(void)
{
    struct inode *root;

    instance = filesystem_create(&devpts);
    if (!instance)
        return -ENOMEM;
    root = inode_make(&root_ops, S_IFDIR | 0755, NUMBER_ROOT);
    ptmx = inode_make(&node_ops, S_IFCHR | options.ptmx_mode, NUMBER_PTMX);
    if (!root || !ptmx)
        return -ENOMEM;
    root->links = 2;
    root->file_ops = &root_file_ops;
    ptmx->rdev = device_number(PTMX_MAJOR, PTMX_MINOR);
    instance->root = dentry_root(instance, root);
    return instance->root ? 0 : -ENOMEM;
}

static int devpts_make(struct filesystem_type *type, const char *source, const char *text,
                       struct filesystem **filesystem)
{
    int error = options_set(text);

    if (error < 0)
        return error;
    *filesystem = filesystem_get(instance);
    return 0;
}

static struct filesystem_type devpts = {
    .name = "devpts",
    .flags = FILESYSTEM_UNCACHED | FILESYSTEM_NODEV,
    .magic = DEVPTS_SUPER_MAGIC,
    .ops = &devpts_ops,
    .make = devpts_make,
};

/* --- start --- */

void devpts_start(void)
{
    device_directory("pts", 0755);
    if (instance_make() == 0)
        filesystem_register(&devpts);
}
