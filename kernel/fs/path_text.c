/*
 * Paths as text: from user memory, and back from a place in the tree. The way up is walked with the
 * tree of dentries and the table of mounts locked, so that what is shown did exist at one moment.
 */
#include "file/caller.h"
#include "fs/context.h"
#include "fs/dentry.h"
#include "fs/mount_internal.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include <linux/limits.h>

int path_text_read(struct path_text *text, struct uaddr from)
{
    int64_t length;

    text->text = heap_alloc(PATH_MAX);
    if (!text->text)
        return -ENOMEM;
    length = copy_string_from_user(text->text, from, PATH_MAX);
    if (length < 0) {
        path_text_free(text);
        return (int)length;
    }
    text->length = (size_t)length;
    return 0;
}

void path_text_free(struct path_text *text)
{
    heap_free(text->text);
}

/* Text that grows towards the front. */
struct front_text {
    char *buffer, *first;
    bool full;
};

static void front_add(struct front_text *text, const char *more, size_t length)
{
    if ((size_t)(text->first - text->buffer) < length) {
        text->full = true;
        return;
    }
    text->first -= length;
    memcpy(text->first, more, length);
}

/* Writes the names from `at` up to root; false: root is not above. Both locks held. */
static bool front_add_names(struct front_text *text, struct path at, const struct path *root)
{
    while (at.dentry != root->dentry || at.mount != root->mount) {
        if (at.dentry == at.mount->root || at.dentry->parent == at.dentry) {
            if (!at.mount->mountpoint)
                return false;
            at.dentry = at.mount->mountpoint;
            at.mount = at.mount->parent;
            continue;
        }
        front_add(text, at.dentry->name, at.dentry->length);
        front_add(text, "/", 1);
        at.dentry = at.dentry->parent;
    }
    return true;
}

char *path_to_text(const struct path *path, const struct path *root, char *buffer, size_t size,
                   int *error, bool *unreachable)
{
    struct front_text text = {buffer, buffer + size, false};
    struct fs_places *places = root ? NULL : fs_places_get(caller_fs());
    char *names_end;
    bool below;

    *error = root || places ? 0 : -ENOMEM;
    if (*error)
        return NULL;
    front_add(&text, "", 1);
    if (dentry_removed(path->dentry))
        front_add(&text, " (deleted)", 10);
    names_end = text.first;
    dentry_tree_lock();
    mount_table_lock();
    below = front_add_names(&text, *path, root ? root : &places->root);
    mount_table_unlock();
    dentry_tree_unlock();
    if (text.first == names_end)
        front_add(&text, "/", 1);
    if (unreachable)
        *unreachable = !below;
    fs_places_put(places);
    *error = text.full ? -ENAMETOOLONG : 0;
    return text.full ? NULL : text.first;
}

char *path_of_file(struct file *file, char *buffer, size_t size, int *error)
{
    size_t length;

    if (file->path.dentry)
        return path_to_text(&file->path, NULL, buffer, size, error, NULL);
    *error = 0;
    if (file->name) {
        length = strlcpy(buffer, file->name, size);
    } else if (file->ops->describe_name) {
        length = (size_t)file->ops->describe_name(file, buffer, size);
    } else {
        length = strlcpy(buffer, "anon_inode:[unknown]", size);
    }
    if (length < size)
        return buffer;
    *error = -ENAMETOOLONG;
    return NULL;
}
