/*
 * The registry of drivers by device number, and devtmpfs: a memory file system with one instance,
 * in which registration makes the nodes. The list only grows; readers hold the lock, since drivers
 * may come at any time.
 */
#include "file/device.h"
#include "fs/dentry.h"
#include "fs/device_internal.h"
#include "fs/entry.h"
#include "fs/filesystem.h"
#include "fs/filesystem_internal.h"
#include "fs/memory.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include <linux/magic.h>
#include <linux/stat.h>

STAILQ_HEAD(device_list, device);

static struct device_list devices = STAILQ_HEAD_INITIALIZER(devices); /* device_lock */
static struct mutex device_lock;
static struct filesystem *devtmpfs;

static bool device_has(const struct device *device, uint32_t type, uint32_t major, uint32_t minor)
{
    return device->type == type && device->major == major && minor >= device->first_minor &&
           minor - device->first_minor < device->count;
}

static struct device *device_find_locked(uint32_t type, uint32_t major, uint32_t minor)
{
    struct device *device;

    STAILQ_FOREACH(device, &devices, link)
    if (device_has(device, type, major, minor))
        return device;
    return NULL;
}

struct device *device_find(uint32_t type, uint32_t rdev)
{
    struct device *device;

    mutex_lock(&device_lock);
    device = device_find_locked(type, device_major(rdev), device_minor(rdev));
    mutex_unlock(&device_lock);
    return device;
}

void device_visit(void (*visit)(const struct device *device, void *argument), void *argument)
{
    struct device *device;

    mutex_lock(&device_lock);
    STAILQ_FOREACH(device, &devices, link)
    visit(device, argument);
    mutex_unlock(&device_lock);
}

int device_open(struct inode *inode, struct file *file)
{
    struct device *device = device_find(inode->mode & S_IFMT, inode->rdev);
    int error;

    if (!device)
        return -ENXIO;
    /* Without operations of its own the driver gives them to each description. */
    if (device->ops)
        file->ops = device->ops;
    error = device->open ? device->open(inode->rdev, file) : 0;
    if (!error)
        file->mode |= file->ops->seek ? FILE_SEEKABLE : FILE_STREAM;
    return error;
}

/* Makes one name in devtmpfs, at most one directory deep; what is there already is fine. */
static int devtmpfs_make(const char *name, const struct inode_new *wanted)
{
    static const struct inode_new directory = {.mode = S_IFDIR | 0755};
    struct dentry *parent = dentry_get(devtmpfs->root), *below;
    const char *slash = strchr(name, '/');
    int error;

    if (slash) {
        error = entry_make_plain(parent, name, (size_t)(slash - name), &directory, &below);
        dentry_put(parent);
        if (error && error != -EEXIST)
            return error;
        parent = below;
        name = slash + 1;
    }
    error = entry_make_plain(parent, name, strlen(name), wanted, NULL);
    dentry_put(parent);
    return error == -EEXIST ? 0 : error;
}

int device_directory(const char *name, uint32_t mode)
{
    struct inode_new wanted = {.mode = S_IFDIR | mode};

    return devtmpfs_make(name, &wanted);
}

int device_link(const char *name, const char *target)
{
    struct inode_new wanted = {.mode = S_IFLNK | 0777, .target = target};

    return devtmpfs_make(name, &wanted);
}

static int device_nodes(const struct device *device)
{
    struct inode_new wanted = {.mode = device->type | device->mode, .gid = device->gid};
    char name[64];
    int error = 0;

    for (uint32_t i = 0; !error && device->name && i < device->count; i++) {
        wanted.rdev = device_number(device->major, device->first_minor + i);
        if (device->count > 1)
            format_text(name, sizeof name, "%s%u", device->name, i);
        else
            strlcpy(name, device->name, sizeof name);
        error = devtmpfs_make(name, &wanted);
    }
    return error;
}

int device_register(struct device *device)
{
    int error = 0;

    mutex_lock(&device_lock);
    if (device_find_locked(device->type, device->major, device->first_minor))
        error = -EBUSY;
    else
        STAILQ_INSERT_TAIL(&devices, device, link);
    mutex_unlock(&device_lock);
    return error ?: device_nodes(device);
}

static struct filesystem_type devtmpfs_type = {
    .name = "devtmpfs",
    .flags = FILESYSTEM_NODEV | FILESYSTEM_SINGLE,
    .magic = TMPFS_MAGIC,
    .ops = &memory_filesystem_ops,
    .make = memory_make_filesystem,
};

int devtmpfs_init(void)
{
    int error;

    filesystem_register(&devtmpfs_type);
    error = filesystem_make("devtmpfs", "devtmpfs", "mode=755", &devtmpfs);
    error = error ?: device_link("fd", "/proc/self/fd");
    error = error ?: device_link("stdin", "/proc/self/fd/0");
    error = error ?: device_link("stdout", "/proc/self/fd/1");
    error = error ?: device_link("stderr", "/proc/self/fd/2");
    error = error ?: device_directory("pts", 0755);
    return error ?: device_directory("shm", 01777);
}
