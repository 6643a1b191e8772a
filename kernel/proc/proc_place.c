/*
 * Where a process is and what it runs: the links exe, cwd and root, and the mounts that it sees.
 */
#include "proc/proc_node.h"

#include "fs/context.h"
#include "fs/filesystem.h"
#include "fs/mount.h"
#include "fs/path.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include <linux/limits.h>

enum { LINE_SIZE = 3 * PATH_MAX };

static int put_path(struct text_buffer *text, const struct path *path)
{
    char *buffer = heap_alloc(PATH_MAX), *name;
    int error = -ENOMEM;

    name = buffer ? path_to_text(path, NULL, buffer, PATH_MAX, &error, NULL) : NULL;
    if (name)
        text_put(text, "%s", name);
    heap_free(buffer);
    return error;
}

static int link_read(const struct proc_node *node, struct text_buffer *text,
                     int (*follow)(const struct proc_node *node, struct path *path))
{
    struct path path;
    int error = follow(node, &path);

    if (error)
        return error;
    error = put_path(text, &path);
    path_put(&path);
    return error;
}

int executable_follow(const struct proc_node *node, struct path *path)
{
    struct file *file;

    if (!process_may_look(node_process(node)))
        return -EACCES;
    file = process_executable(node_process(node));
    if (!file)
        return -ENOENT;
    *path = file->path;
    int error = file->path.dentry ? 0 : procfs_follow_file(file, path);
    if (file->path.dentry)
        path_get(path);
    file_put(file);
    return error;
}

int executable_read_link(const struct proc_node *node, struct text_buffer *text)
{
    return link_read(node, text, executable_follow);
}

/* The working directory's entry has data, the root's has none. */
int place_follow(const struct proc_node *node, struct path *path)
{
    struct fs_places *places;

    if (!process_may_look(node_process(node)))
        return -EACCES;
    places = process_places(node_process(node));
    if (!places)
        return -ENOENT;
    *path = node->entry->data ? places->cwd : places->root;
    path_get(path);
    fs_places_put(places);
    return 0;
}

int place_read_link(const struct proc_node *node, struct text_buffer *text)
{
    return link_read(node, text, place_follow);
}

/* --- mounts --- */

static int mount_lines(const struct proc_node *node, struct text_buffer *text, bool information)
{
    struct fs_places *places = process_places(node_process(node));
    char *line = heap_alloc(LINE_SIZE);
    struct mount *mount = NULL;

    if (places && line) {
        mount_lock_tree();
        while ((mount = mount_next(mount))) {
            int length = mount_describe(mount, &places->root, information, line, LINE_SIZE);
            text_put_bytes(text, line, min_size((size_t)length, LINE_SIZE - 1));
        }
        mount_unlock_tree();
    }
    heap_free(line);
    if (places)
        fs_places_put(places);
    return places ? line ? 0 : -ENOMEM : -EINVAL;
}

int mounts_show(const struct proc_node *node, struct text_buffer *text)
{
    return mount_lines(node, text, false);
}

int mountinfo_show(const struct proc_node *node, struct text_buffer *text)
{
    return mount_lines(node, text, true);
}

static void mountstats_line(struct text_buffer *text, struct mount *mount, const struct path *root,
                            char *buffer)
{
    struct path path = {mount, mount->root};
    bool unreachable = false;
    int error;
    char *place = path_to_text(&path, root, buffer, PATH_MAX, &error, &unreachable);

    if (place && !unreachable)
        text_put(text, "device %s mounted on %s with fstype %s\n", mount->source, place,
                 mount->filesystem->type->name);
}

int mountstats_show(const struct proc_node *node, struct text_buffer *text)
{
    struct fs_places *places = process_places(node_process(node));
    char *buffer = heap_alloc(PATH_MAX);
    struct mount *mount = NULL;

    if (places && buffer) {
        mount_lock_tree();
        while ((mount = mount_next(mount)))
            mountstats_line(text, mount, &places->root, buffer);
        mount_unlock_tree();
    }
    heap_free(buffer);
    if (places)
        fs_places_put(places);
    return places ? buffer ? 0 : -ENOMEM : -EINVAL;
}
