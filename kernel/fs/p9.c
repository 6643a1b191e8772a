/*
 * Mounting 9p. See p9.h.
 */
#include "fs/p9.h"

#include "fs/dentry.h"
#include "fs/p9_node.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/magic.h>

/* Texts point into the copy of the options that is being parsed. */
struct p9_options {
    uint32_t msize;
    bool loose;
    const char *tree, *user;
};

/* For options that have one legal value here. */
static const struct {
    const char *key, *value;
} fixed_options[] = {
    {"trans", "virtio"},
    {"version", "9p2000.L"},
    {"access", "client"},
};

static int fixed_option_check(const char *key, const char *value)
{
    for (size_t i = 0; i < array_size(fixed_options); i++) {
        if (strcmp(key, fixed_options[i].key) == 0)
            return strcmp(value, fixed_options[i].value) == 0 ? 0 : -EINVAL;
    }
    return -EINVAL;
}

static int msize_parse(const char *value, uint32_t *msize)
{
    uint64_t number;
    if (parse_u64(value, &number) || number < P9_MSIZE_MIN)
        return -EINVAL;
    *msize = min_u64(number, P9_MSIZE_DEFAULT);
    return 0;
}

static int cache_parse(const char *value, bool *loose)
{
    *loose = strcmp(value, "loose") == 0;
    return *loose || strcmp(value, "none") == 0 ? 0 : -EINVAL;
}

static int option_parse(struct p9_options *options, const char *key, const char *value)
{
    if (!value)
        return -EINVAL;
    if (strcmp(key, "msize") == 0)
        return msize_parse(value, &options->msize);
    if (strcmp(key, "cache") == 0)
        return cache_parse(value, &options->loose);
    if (strcmp(key, "aname") == 0)
        options->tree = value;
    else if (strcmp(key, "uname") == 0)
        options->user = value;
    else
        return fixed_option_check(key, value);
    return 0;
}

static int options_parse(struct p9_options *options, char *text)
{
    char *key, *value;
    int error = 0;
    *options = (struct p9_options){.msize = P9_MSIZE_DEFAULT, .tree = "", .user = ""};
    while (!error && filesystem_option(&text, &key, &value))
        error = option_parse(options, key, value);
    return error;
}

static int root_make(struct filesystem *filesystem, const struct p9_options *options)
{
    struct p9_instance *instance = filesystem->private;
    struct p9_attributes attributes;
    struct p9_node *node;
    uint32_t fid;
    int error = p9_fid_alloc(instance->client, &fid);
    if (error)
        return error;
    error = p9_attach(instance->client, fid, options->user, options->tree);
    if (error)
        return error;
    error = p9_getattr(instance->client, fid, &attributes);
    if (error) {
        p9_clunk(instance->client, fid);
        return error;
    }
    error = p9_node_get(filesystem, fid, &attributes, &node);
    if (error)
        return error;
    filesystem->root = dentry_root(filesystem, &node->inode);
    if (!filesystem->root)
        inode_put(&node->inode);
    return filesystem->root ? 0 : -ENOMEM;
}

static int instance_create(const char *tag, const struct p9_options *options,
                           struct p9_instance **result)
{
    struct p9_instance *instance = heap_alloc_zero(sizeof(*instance));
    if (!instance)
        return -ENOMEM;
    instance->loose = options->loose;
    int error = p9_client_create(tag, &instance->client);
    if (!error)
        error = p9_version(instance->client, options->msize);
    if (error && instance->client)
        p9_client_destroy(instance->client);
    if (error)
        heap_free(instance);
    else
        *result = instance;
    return error;
}

static void p9_release(struct filesystem *filesystem)
{
    struct p9_instance *instance = filesystem->private;
    if (!instance)
        return;
    p9_client_destroy(instance->client);
    heap_free(instance);
}

static int p9_build(struct filesystem_type *type, const char *tag, const struct p9_options *options,
                    struct filesystem **result)
{
    struct filesystem *filesystem = filesystem_create(type);
    if (!filesystem)
        return -ENOMEM;
    struct p9_instance *instance = NULL;
    int error = instance_create(tag, options, &instance);
    filesystem->private = instance;
    filesystem->read_only = options->loose;
    if (!error)
        error = root_make(filesystem, options);
    if (error)
        filesystem_put(filesystem);
    else
        *result = filesystem;
    return error;
}

static int p9_make_filesystem(struct filesystem_type *type, const char *source, const char *text,
                              struct filesystem **filesystem)
{
    struct p9_options options;
    char *copy = heap_string(text);
    if (!copy)
        return -ENOMEM;
    int error = options_parse(&options, copy);
    if (!error)
        error = p9_build(type, source, &options, filesystem);
    heap_free(copy);
    return error;
}

static int p9_usage(struct filesystem *filesystem, struct filesystem_usage *usage)
{
    struct inode *root = dentry_inode(filesystem->root);
    return p9_statfs(p9_client_of(root), p9_node_of(root)->fid, usage);
}

static int p9_options_show(struct filesystem *filesystem, char *buffer, size_t size)
{
    const struct p9_instance *instance = filesystem->private;
    return format_text(buffer, size, "%s,access=client,trans=virtio",
                       instance->loose ? ",cache=loose" : "");
}

static const struct filesystem_ops p9_filesystem_ops = {
    .usage = p9_usage,
    .options = p9_options_show,
    .release = p9_release,
};

static struct filesystem_type p9_type = {
    .name = "9p",
    .flags = FILESYSTEM_NODEV | FILESYSTEM_XATTR_USER,
    .magic = V9FS_MAGIC,
    .ops = &p9_filesystem_ops,
    .make = p9_make_filesystem,
};

void p9_init(void)
{
    filesystem_register(&p9_type);
}
