/*
 * Open files and directories of procfs. A description keeps the text that it showed last, made anew
 * at offset 0; so a reader with a small buffer sees one state from beginning to end. See procfs.h.
 */
#include "fs/directory.h"
#include "fs/procfs_internal.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/uio.h"

enum { WRITE_MAX = 4095, POSITION_TABLE = 2 };

/* file->private of a file that was read; made by the first reading. */
struct showing {
    struct mutex lock; /* guards text: pread(2) takes no lock of the description's */
    struct text_buffer text;
    bool made;
};

static struct slab_cache showing_cache = SLAB_CACHE("proc_showing", sizeof(struct showing));

/* Two first readings at once: the one that comes second uses the other's. */
static struct showing *showing_get(struct file *file)
{
    struct showing *showing = __atomic_load_n(&file->private, __ATOMIC_ACQUIRE);
    void *none = NULL;
    if (showing)
        return showing;
    showing = slab_alloc_zero(&showing_cache);
    if (!showing || __atomic_compare_exchange_n(&file->private, &none, showing, false,
                                                __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return showing;
    slab_free(&showing_cache, showing);
    return none;
}

static int showing_make(struct showing *showing, const struct proc_node *node)
{
    int error = proc_node_check(node);
    showing->text.size = 0;
    showing->text.failed = false;
    if (!error)
        error = node->entry->show(node, &showing->text);
    if (!error && showing->text.failed)
        error = -ENOMEM;
    showing->made = !error;
    return error;
}

static int64_t showing_move(struct showing *showing, struct uio *uio, uint64_t *position)
{
    if (*position >= showing->text.size)
        return 0;
    int64_t moved = uio_move(uio, showing->text.text + *position, showing->text.size - *position);
    if (moved > 0)
        *position += moved;
    return moved;
}

static int64_t proc_file_read(struct file *file, struct uio *uio, uint64_t *position)
{
    const struct proc_node *node = proc_node_of(file->inode);
    if (!node->entry->show)
        return -EINVAL;
    struct showing *showing = showing_get(file);
    if (!showing)
        return -ENOMEM;
    if (mutex_lock_killable(&showing->lock))
        return -EINTR;
    int64_t result = *position == 0 || !showing->made ? showing_make(showing, node) : 0;
    if (!result)
        result = showing_move(showing, uio, position);
    mutex_unlock(&showing->lock);
    return result;
}

static int64_t write_copied(const struct proc_node *node, struct uio *uio, char *text, size_t size)
{
    int64_t moved = uio_move(uio, text, size);
    if (moved < 0)
        return moved;
    text[moved] = '\0';
    int error = proc_node_check(node);
    return error ? error : node->entry->write(node, text, moved);
}

static int64_t proc_file_write(struct file *file, struct uio *uio, uint64_t *position)
{
    const struct proc_node *node = proc_node_of(file->inode);
    size_t size = uio->left;
    if (!node->entry->write)
        return -EIO;
    if (size > WRITE_MAX)
        return -EINVAL;
    char *text = heap_alloc(size + 1);
    if (!text)
        return -ENOMEM;
    int64_t result = write_copied(node, uio, text, size);
    heap_free(text);
    if (result > 0)
        *position += result;
    return result;
}

static int64_t proc_file_seek(struct file *file, int64_t offset, int whence)
{
    return directory_seek(file, offset, whence);
}

static void proc_file_release(struct file *file)
{
    struct showing *showing = file->private;
    if (!showing)
        return;
    text_buffer_drop(&showing->text);
    slab_free(&showing_cache, showing);
}

const struct file_ops proc_file_ops = {
    .read = proc_file_read,
    .write = proc_file_write,
    .seek = proc_file_seek,
    .release = proc_file_release,
};

/* --- directories --- */

static bool name_add(struct file *file, struct directory_reader *reader, const char *name,
                     uint32_t type, uint64_t next)
{
    size_t length = strlen(name);
    return directory_add(reader, file, name, length, proc_number(file->inode, name, length), type,
                         next);
}

/* False: the reader is full. */
static bool table_add(struct file *file, struct directory_reader *reader,
                      const struct proc_entry *directory)
{
    while (file->position - POSITION_TABLE < directory->child_count) {
        const struct proc_entry *child = &directory->children[file->position - POSITION_TABLE];
        if (!name_add(file, reader, child->name, child->mode & S_IFMT, file->position + 1))
            return false;
    }
    return true;
}

static void dynamic_add(struct file *file, struct directory_reader *reader,
                        const struct proc_node *node)
{
    uint64_t first = POSITION_TABLE + node->entry->child_count;
    struct proc_name name;
    for (;;) {
        uint64_t cursor = file->position - first;
        if (!node->entry->next(node, &cursor, &name) ||
            !name_add(file, reader, name.text, name.type, first + cursor + 1))
            return;
    }
}

static int proc_directory_read(struct file *file, struct directory_reader *reader)
{
    const struct proc_node *node = proc_node_of(file->inode);
    int error = proc_node_check(node);
    if (error)
        return -ENOENT;
    if (directory_add_dots(reader, file) && table_add(file, reader, node->entry) &&
        node->entry->next)
        dynamic_add(file, reader, node);
    return 0;
}

const struct file_ops proc_directory_ops = {
    .read_directory = proc_directory_read,
    .seek = directory_seek,
};
