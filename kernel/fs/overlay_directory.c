/*
 * Listing a directory that has a lower one: after the names in memory come the lower names that
 * memory does not hide, streamed from a description of the lower directory. A position is the
 * number of the name in that stream (above 1 << OVERLAY_BASE_BIT); the lower positions that belong
 * to the numbers are remembered while the description is open, so that seekdir finds back.
 */
#include "fs/directory.h"
#include "fs/memory.h"
#include "fs/open.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include <linux/fcntl.h>

/* file->private of an overlay directory, made when the lower names are first read. */
struct overlay_stream {
    struct file *lower;
    struct slot_tree positions; /* number of a name → lower position + 1, never NULL */
};

struct overlay_reader {
    struct directory_reader reader;
    struct directory_reader *outer;
    struct file *file;
    struct memory_inode *directory;
    struct overlay_stream *stream;
    int error;
};

static struct slab_cache stream_cache = SLAB_CACHE("overlay_stream", sizeof(struct overlay_stream));
static struct slab_cache position_cache = SLAB_CACHE("overlay_position", sizeof(struct slot_node));

static void *position_node_alloc(void)
{
    return slab_alloc(&position_cache);
}

static void position_node_free(void *node)
{
    slab_free(&position_cache, node);
}

static const struct slot_tree_ops position_ops = {
    .node_alloc = position_node_alloc,
    .node_free = position_node_free,
};

static int stream_open(struct memory_inode *directory, struct overlay_stream **result)
{
    struct memory_filesystem *instance = memory_instance_of(&directory->inode);
    struct path path = {instance->lower.mount, directory->lower};
    struct overlay_stream *stream = slab_alloc_zero(&stream_cache);
    int error;

    if (!stream)
        return -ENOMEM;
    error = open_path(&path, O_RDONLY | O_DIRECTORY, &stream->lower);
    if (error) {
        slab_free(&stream_cache, stream);
        return error;
    }
    *result = stream;
    return 0;
}

static void stream_close(struct overlay_stream *stream)
{
    file_put(stream->lower);
    slot_tree_drop(&position_ops, &stream->positions);
    slab_free(&stream_cache, stream);
}

void overlay_directory_release(struct file *file)
{
    if (file->private)
        stream_close(file->private);
}

/* Sets the lower description to where the n-th name begins; false: that is not known. */
static bool stream_seek(struct overlay_stream *stream, uint64_t n)
{
    void *known = n ? slot_tree_get(&stream->positions, n) : NULL;

    if (n && !known)
        return false;
    stream->lower->position = n ? (uint64_t)(uintptr_t)known - 1 : 0;
    return true;
}

static int stream_note(struct overlay_stream *stream, uint64_t n, uint64_t position)
{
    void *old;

    return slot_tree_replace(&position_ops, &stream->positions, n,
                             (void *)(uintptr_t)(position + 1), false, &old);
}

static bool is_dots(const char *name, uint32_t length)
{
    return name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
}

static bool overlay_add(struct directory_reader *reader, const char *text, uint32_t length,
                        uint64_t number, uint32_t type, uint64_t next)
{
    struct overlay_reader *self = container_of(reader, struct overlay_reader, reader);
    struct name name = {text, length, name_hash(text, length)};
    uint64_t position = self->file->position + 1;

    if (!is_dots(text, length) && !memory_entry_find(self->directory, &name) &&
        !self->outer->add(self->outer, text, length, number, type, position))
        return false;
    self->error = stream_note(self->stream, position & ~(UINT64_C(1) << OVERLAY_BASE_BIT), next);
    if (self->error)
        return false;
    self->file->position = position;
    return true;
}

int overlay_read_directory(struct file *file, struct directory_reader *outer)
{
    struct memory_inode *directory = memory_of(file->inode);
    uint64_t base = UINT64_C(1) << OVERLAY_BASE_BIT, before;
    struct overlay_reader reader = {{overlay_add}, outer, file, directory, NULL, 0};
    int error = 0;

    if (!file->private) {
        error = stream_open(directory, &reader.stream);
        if (error)
            return error;
        file->private = reader.stream;
    }
    reader.stream = file->private;
    if (!(file->position & base))
        file->position = base;
    if (!stream_seek(reader.stream, file->position & ~base))
        return 0;
    do {
        before = file->position;
        error = reader.stream->lower->ops->read_directory(reader.stream->lower, &reader.reader);
    } while (!error && !reader.error && file->position != before);
    return error ? error : reader.error;
}

/* A reader that stops at the first name that shows through. */
struct overlay_search {
    struct directory_reader reader;
    struct memory_inode *directory;
    bool found;
};

static bool search_add(struct directory_reader *reader, const char *text, uint32_t length,
                       uint64_t number, uint32_t type, uint64_t next)
{
    struct overlay_search *search = container_of(reader, struct overlay_search, reader);
    struct name name = {text, length, name_hash(text, length)};

    (void)number;
    (void)type;
    (void)next;
    if (!is_dots(text, length) && !memory_entry_find(search->directory, &name))
        search->found = true;
    return !search->found;
}

int overlay_empty(struct memory_inode *directory)
{
    struct overlay_search search = {{search_add}, directory, false};
    struct overlay_stream *stream;
    uint64_t before;
    int error = stream_open(directory, &stream);

    if (error)
        return error;
    do {
        before = stream->lower->position;
        error = stream->lower->ops->read_directory(stream->lower, &search.reader);
    } while (!error && !search.found && stream->lower->position != before);
    stream_close(stream);
    return error ? error : !search.found;
}
