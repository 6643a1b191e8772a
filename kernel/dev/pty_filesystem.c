/*
 * devpts: the names of pseudo terminals' slaves, /dev/pts/N, and /dev/pts/ptmx.
 *
 * There is one instance, whatever is mounted; its directory shows the pairs whose master is open. A pair's inode is made with it and
 * counted by it, so that its owner and mode are kept. Options: uid=, gid=, mode= for new nodes, ptmxmode=, max=, newinstance.
 */
#include "dev/pty.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "fs/dentry.h"
#include "fs/device.h"
#include "fs/directory.h"
#include "fs/filesystem.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/magic.h>
#include <linux/stat.h>

enum {
    NUMBER_ROOT = 1,
    NUMBER_PTMX = 2,
    NUMBER_FIRST = 3, /* of /dev/pts/0 */
    PTMX_MAJOR = 5,
    PTMX_MINOR = 2,
};

/* Options of the instance; written at mounts, read when a node is made. */
static struct {
    bool uid_given, gid_given;
    uint32_t uid, gid, mode, ptmx_mode, limit;
} options = {.mode = 0600, .limit = PTY_MAX};

static struct slab_cache inode_cache = SLAB_CACHE("devpts_inode", sizeof(struct inode));
static struct filesystem *instance;
static struct inode *ptmx;

static void node_release(struct inode *inode)
{
    slab_free(&inode_cache, inode);
}

static const struct inode_ops node_ops = {.release = node_release};

static struct inode *inode_make(const struct inode_ops *ops, uint32_t mode, uint64_t number)
{
    struct inode *inode = slab_alloc_zero(&inode_cache);

    if (inode)
        inode_init(inode, instance, ops, mode, number);
    return inode;
}

struct inode *pty_node_make(unsigned index)
{
    const struct cred *cred = caller_cred();
    struct inode *inode = inode_make(&node_ops, S_IFCHR | options.mode, NUMBER_FIRST + index);

    if (!inode)
        return NULL;
    inode->rdev = device_number(PTY_SLAVE_MAJOR, index);
    inode->uid = options.uid_given ? options.uid : cred->fsuid;
    inode->gid = options.gid_given ? options.gid : cred->fsgid;
    return inode;
}

unsigned pty_limit(void)
{
    return options.limit;
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
    struct pty *pty;

    if (name->length == 4 && memcmp(name->text, "ptmx", 4) == 0) {
        inode_get(ptmx);
        *inode = ptmx;
        return 0;
    }
    pty = number < 0 ? NULL : pty_find((unsigned)number);
    if (!pty)
        return -ENOENT;
    inode_get(pty->node);
    *inode = pty->node;
    tty_put(&pty->slave);
    return 0;
}

/* A name of a pair that is gone leads nowhere, and what was not there may be there now. */
static bool root_revalidate(struct dentry *dentry)
{
    struct name name = {.text = dentry->name, .length = dentry->length};
    struct inode *inode = dentry_inode(dentry);
    int64_t number = name_number(&name);
    struct pty *pty = number < 0 ? NULL : pty_find((unsigned)number);
    bool valid = pty ? pty->node == inode : number < 0;

    if (pty)
        tty_put(&pty->slave);
    return valid;
}

static const struct inode_ops root_ops = {
    .lookup = root_lookup,
    .revalidate = root_revalidate,
    .release = node_release,
};

struct listing {
    struct directory_reader *reader;
    struct file *file;
};

enum { POSITION_PTMX = 2, POSITION_FIRST = 3 };

static bool entry_add(unsigned index, void *argument)
{
    struct listing *listing = argument;
    char name[12];
    int length = format_text(name, sizeof(name), "%u", index);

    return directory_add(listing->reader, listing->file, name, (uint32_t)length,
                         NUMBER_FIRST + index, S_IFCHR, POSITION_FIRST + index + 1);
}

static int root_read_directory(struct file *file, struct directory_reader *reader)
{
    struct listing listing = {.reader = reader, .file = file};

    if (!directory_add_dots(reader, file))
        return 0;
    if (file->position == POSITION_PTMX &&
        !directory_add(reader, file, "ptmx", 4, NUMBER_PTMX, S_IFCHR, POSITION_FIRST))
        return 0;
    pty_visit((unsigned)(file->position - POSITION_FIRST), entry_add, &listing);
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

static struct device ptmx_device = {
    .name = "ptmx",
    .type = S_IFCHR,
    .major = PTMX_MAJOR,
    .first_minor = PTMX_MINOR,
    .count = 1,
    .mode = 0666,
    .open = pty_master_open,
};

static struct device slave_device = {
    .type = S_IFCHR,
    .major = PTY_SLAVE_MAJOR,
    .count = PTY_MAX,
    .open = pty_slave_open,
};

void pty_filesystem_start(void)
{
    device_register(&ptmx_device);
    device_register(&slave_device);
    device_directory("pts", 0755);
    if (instance_make() == 0)
        filesystem_register(&devpts);
}
