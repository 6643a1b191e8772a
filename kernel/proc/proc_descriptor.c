/*
 * /proc/PID/fd and fdinfo: the open files of a process. A link in fd leads to the file itself, also
 * to what has no name.
 */
#include "proc/proc_node.h"

#include "file/caller.h"
#include "file/cred.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>

enum { LINK_SIZE = 64, DETAILS_SIZE = 4096, PROXY_MOUNT = 0 };

/* The file of the node's descriptor, counted, or NULL. */
static struct file *node_file(const struct proc_node *node, bool *cloexec)
{
    struct file *file;
    int fd = process_file_next(node_process(node), (int)node->key, &file, cloexec);

    if (fd < 0)
        return NULL;
    if (fd == (int)node->key)
        return file;
    file_put(file);
    return NULL;
}

static void descriptor_hold(void *object)
{
    process_get(object);
}

static void descriptor_drop(void *object)
{
    process_put(object);
}

static bool descriptor_alive(const struct proc_node *node)
{
    struct file *file = node_file(node, NULL);

    if (!file)
        return false;
    file_put(file);
    return true;
}

/* A link's permissions tell how the file is open. */
static void descriptor_attributes(const struct proc_node *node, struct inode *inode)
{
    struct file *file;

    process_class.attributes(node, inode);
    if (!S_ISLNK(inode->mode))
        return;
    file = node_file(node, NULL);
    if (!file)
        return;
    inode->mode = S_IFLNK | S_IXUSR | (file->mode & FILE_READ ? S_IRUSR : 0) |
                  (file->mode & FILE_WRITE ? S_IWUSR : 0);
    inode->size = LINK_SIZE;
    file_put(file);
}

const struct proc_class descriptor_class = {
    .hold = descriptor_hold,
    .drop = descriptor_drop,
    .alive = descriptor_alive,
    .gone = -ENOENT,
    .attributes = descriptor_attributes,
};

/* One's own descriptors are open to oneself whoever owns them now. */
static int directory_permission(const struct proc_node *node, struct inode *inode, unsigned may)
{
    if (node_process(node) == process_current())
        return 0;
    return inode_permission_generic(inode, may, caller_cred());
}

static bool directory_alive(const struct proc_node *node)
{
    return process_class.alive(node);
}

static void directory_attributes(const struct proc_node *node, struct inode *inode)
{
    process_class.attributes(node, inode);
}

const struct proc_class descriptor_directory_class = {
    .hold = descriptor_hold,
    .drop = descriptor_drop,
    .alive = directory_alive,
    .attributes = directory_attributes,
    .permission = directory_permission,
};

static int link_read(const struct proc_node *node, struct text_buffer *text)
{
    struct file *file;
    char *buffer, *name;
    int error = process_may_look(node_process(node)) ? 0 : -EACCES;

    if (error)
        return error;
    file = node_file(node, NULL);
    if (!file)
        return -ENOENT;
    buffer = heap_alloc(PATH_MAX);
    name = buffer ? path_of_file(file, buffer, PATH_MAX, &error) : NULL;
    if (name)
        text_put(text, "%s", name);
    else
        error = buffer ? error : -ENOMEM;
    heap_free(buffer);
    file_put(file);
    return error;
}

static int link_follow(const struct proc_node *node, struct path *path)
{
    struct file *file;
    int error;

    if (!process_may_look(node_process(node)))
        return -EACCES;
    file = node_file(node, NULL);
    if (!file)
        return -ENOENT;
    error = procfs_follow_file(file, path);
    file_put(file);
    return error;
}

static uint32_t flags_shown(struct file *file, bool cloexec)
{
    static const uint32_t access[4] = {O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR};

    return atomic_load(&file->flags) | access[file->mode & (FILE_READ | FILE_WRITE)] |
           (file->mode & FILE_PATH ? O_PATH : 0) | (cloexec ? O_CLOEXEC : 0);
}

static uint64_t number_shown(struct file *file)
{
    struct file_status status;

    if (file->inode)
        return file->inode->number;
    file_status_get(file, &status);
    return status.inode;
}

static void put_details(struct text_buffer *text, struct file *file)
{
    char *buffer = file->ops->describe ? heap_alloc(DETAILS_SIZE) : NULL;

    if (!buffer)
        return;
    int length = file->ops->describe(file, buffer, DETAILS_SIZE);
    if (length > 0)
        text_put_bytes(text, buffer, min_size((size_t)length, DETAILS_SIZE - 1));
    heap_free(buffer);
}

static int information_show(const struct proc_node *node, struct text_buffer *text)
{
    bool cloexec = false;
    struct file *file = node_file(node, &cloexec);

    if (!file)
        return -ENOENT;
    text_put(text, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%u\nino:\t%llu\n", (long long)file->position,
             flags_shown(file, cloexec), file->path.mount ? file->path.mount->id : PROXY_MOUNT,
             (unsigned long long)number_shown(file));
    put_details(text, file);
    file_put(file);
    return 0;
}

static const struct proc_entry link_entry = {
    .name = "",
    .mode = S_IFLNK | 0700,
    .class = &descriptor_class,
    .read_link = link_read,
    .follow = link_follow,
};

static const struct proc_entry information_entry = {
    .name = "",
    .mode = S_IFREG | 0444,
    .class = &descriptor_class,
    .open = proc_open_looking,
    .show = information_show,
};

/* fd has no data, fdinfo has. */
static const struct proc_entry *entry_in(const struct proc_node *directory)
{
    return directory->entry->data ? &information_entry : &link_entry;
}

int descriptor_lookup(const struct proc_node *directory, const struct name *name,
                      struct proc_node *child)
{
    int64_t fd = proc_number_read(name);

    *child = (struct proc_node){entry_in(directory), directory->object, (uint64_t)fd};
    if (fd < 0 || !descriptor_alive(child))
        return -ENOENT;
    process_get(child->object);
    return 0;
}

bool descriptor_next(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name)
{
    struct file *file;
    int fd = *cursor > INT32_MAX
                 ? -1
                 : process_file_next(node_process(directory), (int)*cursor, &file, NULL);

    if (fd < 0)
        return false;
    file_put(file);
    *cursor = (uint64_t)fd;
    format_text(name->text, sizeof(name->text), "%d", fd);
    name->type = entry_in(directory)->mode & S_IFMT;
    return true;
}
