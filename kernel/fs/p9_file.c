/*
 * Open regular files of 9p. In a loose instance they are ordinary cached files that are only read.
 * Otherwise read(2) and write(2) are messages to the server, through a buffer of the kernel's, and
 * the description's own fid is in file->private; pages serve mappings only, and what a write
 * touched of them is dropped. See p9_node.h.
 *
 * Locks: a write holds inode.lock, so that O_APPEND's offset and the size are right among the
 * guest's own writers.
 */
#include "fs/p9_node.h"

#include "file/caller.h"
#include "file/file.h"
#include "fs/regular.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <asm-generic/signal-defs.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/signal.h>

enum { BOUNCE_MAX = 128 * 1024 };

static uint32_t fid_of(const struct file *file)
{
    return (uintptr_t)file->private;
}

static size_t bounce_size(const struct file *file, const struct uio *uio)
{
    return min_size(min_size(uio->left, BOUNCE_MAX), p9_transfer_max(p9_client_of(file->inode)));
}

/* One message's worth: bytes moved, 0 at the end of the file. */
static int64_t read_some(struct file *file, struct uio *uio, uint64_t offset, void *bounce,
                         size_t size)
{
    size_t count = min_size(size, uio->left);
    int64_t got = p9_read(p9_client_of(file->inode), fid_of(file), offset, bounce, count);
    return got > 0 ? uio_move(uio, bounce, got) : got;
}

static int64_t file_read_through(struct file *file, struct uio *uio, uint64_t *position)
{
    size_t size = bounce_size(file, uio);
    int64_t done = 0, moved;
    if (!size)
        return 0;
    void *bounce = heap_alloc(size);
    if (!bounce)
        return -ENOMEM;
    do {
        size_t wanted = min_size(size, uio->left);
        moved = read_some(file, uio, *position, bounce, size);
        if (moved > 0) {
            done += moved;
            *position += moved;
        }
        if (moved < (int64_t)wanted)
            break;
    } while (uio->left);
    heap_free(bounce);
    return done ? done : moved;
}

/* The server's file has grown or changed in [offset, offset + count). inode.lock held. */
static void range_written(struct inode *inode, uint64_t offset, uint64_t count)
{
    struct backing *backing = inode->backing;
    if (offset + count > inode_size(inode))
        backing_resize(backing, offset + count);
    if (backing->resident)
        backing_zap(backing, offset >> PAGE_SHIFT, divide_up(offset + count, PAGE_SIZE), false);
    inode->mtime = inode->ctime = inode_time();
}

/* One message's worth: bytes written or -errno. inode.lock held. */
static int64_t write_some(struct file *file, struct uio *uio, uint64_t offset, void *bounce,
                          size_t size)
{
    int64_t count = uio_move(uio, bounce, min_size(size, uio->left));
    if (count <= 0)
        return count;
    int64_t written = p9_write(p9_client_of(file->inode), fid_of(file), offset, bounce, count);
    if (written < count)
        uio_revert(uio, count - (written > 0 ? written : 0));
    if (written > 0)
        range_written(file->inode, offset, written);
    return written;
}

/* How much may be written at offset: RLIMIT_FSIZE. More than 0, or -EFBIG with SIGXFSZ. */
static int64_t write_limit(uint64_t offset, size_t count)
{
    uint64_t limit = caller_limit(RLIMIT_FSIZE);
    if (offset >= INT64_MAX)
        return -EFBIG;
    if (offset >= limit) {
        caller_signal(SIGXFSZ);
        return -EFBIG;
    }
    return min_u64(count, min_u64(limit, INT64_MAX) - offset);
}

/* O_APPEND: where the file ends for the server. inode.lock is taken by the refresh. */
static int append_offset(struct file *file, const struct uio *uio, uint64_t *position)
{
    if (!(file->flags & O_APPEND) && !(uio->flags & RWF_APPEND))
        return 0;
    int error = p9_node_refresh(p9_node_of(file->inode));
    if (error && error != -ENOENT)
        return error;
    *position = inode_size(file->inode);
    return 0;
}

static int64_t write_all(struct file *file, struct uio *uio, uint64_t *position, void *bounce,
                         size_t size)
{
    int64_t done = 0, moved = write_limit(*position, uio->left);
    size_t left = moved;
    if (moved < 0)
        return moved;
    mutex_lock(&file->inode->lock);
    while (left) {
        moved = write_some(file, uio, *position, bounce, min_size(size, left));
        if (moved <= 0)
            break;
        done += moved;
        left -= moved;
        *position += moved;
    }
    mutex_unlock(&file->inode->lock);
    return done ? done : moved;
}

static int64_t file_write_through(struct file *file, struct uio *uio, uint64_t *position)
{
    size_t size = bounce_size(file, uio);
    if (!size)
        return 0;
    void *bounce = heap_alloc(size);
    if (!bounce)
        return -ENOMEM;
    int64_t result = append_offset(file, uio, position);
    if (!result)
        result = write_all(file, uio, position, bounce, size);
    heap_free(bounce);
    return result;
}

static int64_t file_seek_fresh(struct file *file, int64_t offset, int whence)
{
    if (whence != SEEK_SET && whence != SEEK_CUR) {
        int error = p9_node_refresh(p9_node_of(file->inode));
        if (error && error != -ENOENT)
            return error;
    }
    return regular_seek(file, offset, whence);
}

static int file_map_pages(struct file *file, uint64_t prot, uint64_t flags,
                          struct backing **backing)
{
    struct p9_node *node = p9_node_of(file->inode);
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    if (shared && file->mode & FILE_WRITE)
        return -EINVAL;
    int error = p9_node_refresh(node);
    if (!error || error == -ENOENT)
        error = p9_node_open_pages(node);
    return error ? error : regular_map(file, prot, flags, backing);
}

static int file_sync(struct file *file, bool data_only)
{
    return p9_fsync(p9_client_of(file->inode), fid_of(file), data_only);
}

static void file_release(struct file *file)
{
    p9_clunk(p9_client_of(file->inode), fid_of(file));
}

static int loose_sync(struct file *file, bool data_only)
{
    return 0;
}

const struct file_ops p9_file_ops = {
    .read = file_read_through,
    .write = file_write_through,
    .seek = file_seek_fresh,
    .map = file_map_pages,
    .sync = file_sync,
    .release = file_release,
};

const struct file_ops p9_loose_file_ops = {
    .read = regular_read,
    .seek = regular_seek,
    .map = regular_map,
    .sync = loose_sync,
};
