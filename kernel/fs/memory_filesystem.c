/*
 * Instances of the memory file system: options (tmpfs(5): size, nr_blocks, nr_inodes, mode, uid,
 * gid), usage, end. The types tmpfs, ramfs and rootfs differ in their limits only; overlay.c adds a
 * lower tree.
 */
#include "file/caller.h"
#include "file/cred.h"
#include "fs/memory.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mem/slab.h"
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/stat.h>

static struct slab_cache instance_cache =
    SLAB_CACHE("memory_filesystem", sizeof(struct memory_filesystem));

static uint64_t memory_total(void)
{
    struct frame_totals totals;

    frame_totals_get(&totals);
    return totals.total;
}

int memory_instance(struct filesystem_type *type, struct filesystem **result)
{
    struct filesystem *filesystem = filesystem_create(type);
    struct memory_filesystem *instance = filesystem ? slab_alloc_zero(&instance_cache) : NULL;

    if (!filesystem)
        return -ENOMEM;
    if (!instance) {
        filesystem->ops = NULL;
        filesystem_put(filesystem);
        return -ENOMEM;
    }
    instance->mode = 0755;
    filesystem->private = instance;
    *result = filesystem;
    return 0;
}

int memory_make_root(struct filesystem *filesystem)
{
    struct memory_filesystem *instance = filesystem->private;
    struct inode_new wanted = {S_IFDIR | instance->mode, instance->uid, instance->gid, 0, NULL};
    struct memory_inode *node;
    int error = memory_inode_create(filesystem, &wanted, 0, &node);

    if (error)
        return error;
    filesystem->root = dentry_root(filesystem, &node->inode);
    if (filesystem->root)
        return 0;
    inode_put(&node->inode);
    return -ENOMEM;
}

static int option_size(const char *value, uint64_t *pages)
{
    char *percent = strchr(value, '%');
    uint64_t bytes;
    int error;

    if (percent) {
        char number[24];

        if (percent[1] || (size_t)(percent - value) >= sizeof number)
            return -EINVAL;
        strlcpy(number, value, (size_t)(percent - value) + 1);
        error = parse_u64(number, &bytes);
        *pages = error ? 0 : memory_total() * bytes / 100;
        return error ? -EINVAL : 0;
    }
    if (parse_size(value, &bytes))
        return -EINVAL;
    *pages = divide_up(bytes, PAGE_SIZE);
    return 0;
}

static int option_octal(const char *value, uint32_t *mode)
{
    uint32_t result = 0;

    for (; *value >= '0' && *value <= '7' && result < 01000000; value++)
        result = result * 8 + (uint32_t)(*value - '0');
    *mode = result & 07777;
    return *value ? -EINVAL : 0;
}

static int option_u32(const char *value, uint32_t *result)
{
    uint64_t number;

    if (parse_u64(value, &number) || number > UINT32_MAX)
        return -EINVAL;
    *result = (uint32_t)number;
    return 0;
}

static int option_apply(struct memory_filesystem *instance, const char *key, const char *value)
{
    if (!value)
        return -EINVAL;
    if (!strcmp(key, "size"))
        return option_size(value, &instance->page_limit);
    if (!strcmp(key, "nr_blocks"))
        return parse_size(value, &instance->page_limit) ? -EINVAL : 0;
    if (!strcmp(key, "nr_inodes"))
        return parse_size(value, &instance->inode_limit) ? -EINVAL : 0;
    if (!strcmp(key, "mode"))
        return option_octal(value, &instance->mode);
    if (!strcmp(key, "uid"))
        return option_u32(value, &instance->uid);
    if (!strcmp(key, "gid"))
        return option_u32(value, &instance->gid);
    return -EINVAL;
}

static int options_apply(struct memory_filesystem *instance, const char *options)
{
    char *text = heap_string(options), *cursor = text, *key, *value;
    int error = text ? 0 : -ENOMEM;

    while (!error && filesystem_option(&cursor, &key, &value))
        error = option_apply(instance, key, value);
    heap_free(text);
    return error;
}

int memory_make_filesystem(struct filesystem_type *type, const char *source, const char *options,
                           struct filesystem **result)
{
    struct filesystem *filesystem;
    struct memory_filesystem *instance;
    int error = memory_instance(type, &filesystem);

    (void)source;
    if (error)
        return error;
    instance = filesystem->private;
    if (!strcmp(type->name, "tmpfs")) {
        instance->mode = 01777;
        instance->page_limit = memory_total() / 2;
        instance->inode_limit = memory_total() / 2;
        instance->uid = caller_cred()->fsuid;
        instance->gid = caller_cred()->fsgid;
    }
    error = options_apply(instance, options) ?: memory_make_root(filesystem);
    if (error) {
        filesystem_put(filesystem);
        return error;
    }
    *result = filesystem;
    return 0;
}

static int memory_usage(struct filesystem *filesystem, struct filesystem_usage *usage)
{
    struct memory_filesystem *instance = filesystem->private;
    struct frame_totals totals;
    uint64_t used = atomic_load(&instance->pages_used),
             inodes = atomic_load(&instance->inodes_used);

    frame_totals_get(&totals);
    usage->block_size = PAGE_SIZE;
    usage->name_length = NAME_MAX;
    usage->blocks = instance->page_limit ? instance->page_limit : totals.total;
    usage->blocks_free =
        instance->page_limit ? usage->blocks - min_u64(used, usage->blocks) : totals.free;
    usage->blocks_available = usage->blocks_free;
    usage->files = instance->inode_limit ? instance->inode_limit : totals.total;
    usage->files_free = usage->files - min_u64(inodes, usage->files);
    return 0;
}

static int memory_remount(struct filesystem *filesystem, const char *options)
{
    struct memory_filesystem *instance = filesystem->private;
    struct memory_filesystem wanted = {
        .page_limit = instance->page_limit,
        .inode_limit = instance->inode_limit,
    };
    int error = options_apply(&wanted, options);

    if (error)
        return error;
    if ((wanted.page_limit && wanted.page_limit < atomic_load(&instance->pages_used)) ||
        (wanted.inode_limit && wanted.inode_limit < atomic_load(&instance->inodes_used)))
        return -EINVAL;
    instance->page_limit = wanted.page_limit;
    instance->inode_limit = wanted.inode_limit;
    return 0;
}

static int memory_options(struct filesystem *filesystem, char *buffer, size_t size)
{
    struct memory_filesystem *instance = filesystem->private;

    if (instance->lower_text)
        return format_text(buffer, size, ",lowerdir=%s", instance->lower_text);
    if (instance->page_limit)
        return format_text(buffer, size, ",size=%luk,nr_inodes=%lu",
                           (unsigned long)instance->page_limit * 4,
                           (unsigned long)instance->inode_limit);
    return 0;
}

static void memory_filesystem_release(struct filesystem *filesystem)
{
    struct memory_filesystem *instance = filesystem->private;

    if (instance->lower_table)
        overlay_drain(instance);
    path_put(&instance->lower);
    heap_free(instance->lower_table);
    heap_free(instance->lower_text);
    slab_free(&instance_cache, instance);
}

const struct filesystem_ops memory_filesystem_ops = {
    .usage = memory_usage,
    .remount = memory_remount,
    .options = memory_options,
    .release = memory_filesystem_release,
};

static struct filesystem_type memory_types[] = {
    {"rootfs",
     FILESYSTEM_NODEV | FILESYSTEM_XATTR_USER,
     TMPFS_MAGIC,
     &memory_filesystem_ops,
     memory_make_filesystem,
     {NULL},
     NULL},
    {"tmpfs",
     FILESYSTEM_NODEV | FILESYSTEM_XATTR_USER,
     TMPFS_MAGIC,
     &memory_filesystem_ops,
     memory_make_filesystem,
     {NULL},
     NULL},
    {"ramfs",
     FILESYSTEM_NODEV | FILESYSTEM_XATTR_USER,
     RAMFS_MAGIC,
     &memory_filesystem_ops,
     memory_make_filesystem,
     {NULL},
     NULL},
    {"overlay",
     FILESYSTEM_NODEV | FILESYSTEM_XATTR_USER,
     OVERLAYFS_SUPER_MAGIC,
     &memory_filesystem_ops,
     overlay_make_filesystem,
     {NULL},
     NULL},
};

void memory_register(void)
{
    for (size_t i = 0; i < array_size(memory_types); i++)
        filesystem_register(&memory_types[i]);
}
