/*
 * Open file descriptions: their life, and the checks that every read, write and seek passes.
 *
 * A description is built by file_alloc, readied by its owner, and declared open by file_opened;
 * from then on the last file_put takes it apart in this order: epoll sets forget it, locks end,
 * ops->release frees the owner's part, fs gets its path and inode back, the credentials go. A
 * description that was never opened skips what opening would have begun.
 *
 * Locks: position_lock serialises the users of the description's own offset, and only for files
 * that have one: a pipe's reader never waits for its writer here. Everything else in struct file is
 * constant or atomic. Cost: a few tens of instructions around ops.
 */
#include "file/file.h"

#include "abi/restart.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/epoll.h"
#include "file/poll.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/reclaim.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <asm/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

static struct slab_cache file_cache = SLAB_CACHE("file", sizeof(struct file));
static _Atomic uint64_t pseudo_number = 1;

struct file *file_alloc(const struct file_ops *ops, uint32_t mode, uint32_t flags)
{
    struct file *file = reclaim_objects_may_grow() ? slab_alloc_zero(&file_cache) : NULL;

    if (!file)
        return NULL;
    atomic_init(&file->refs, 1);
    atomic_init(&file->flags, flags);
    file->mode = mode;
    file->ops = ops;
    file->cred = cred_get(caller_cred());
    return file;
}

void file_opened(struct file *file)
{
    file->mode |= FILE_OPENED;
}

struct file *file_get(struct file *file)
{
    atomic_fetch_add_explicit(&file->refs, 1, memory_order_relaxed);
    return file;
}

static void file_destroy(struct file *file)
{
    if (file->watches)
        epoll_forget_file(file);
    if (file->locks)
        file_locks_release(file);
    if ((file->mode & FILE_OPENED) && file->ops->release)
        file->ops->release(file);
    file_source_drop(file);
    if (file->inode || file->path.dentry)
        file_place_put(file);
    cred_put(file->cred);
    slab_free(&file_cache, file);
}

void file_put(struct file *file)
{
    if (atomic_fetch_sub_explicit(&file->refs, 1, memory_order_acq_rel) == 1)
        file_destroy(file);
}

bool file_nonblocking(const struct file *file, const struct uio *uio)
{
    return (file->flags & O_NONBLOCK) || (uio->flags & RWF_NOWAIT);
}

typedef int64_t file_transfer(struct file *file, struct uio *uio, uint64_t *position);

/* Calls transfer at the offset that is meant. */
static int64_t transfer_at(file_transfer *transfer, struct file *file, struct uio *uio,
                           uint64_t *position)
{
    uint64_t none = 0;
    int64_t result;

    if (position)
        return transfer(file, uio, position);
    if (!(file->mode & FILE_SEEKABLE))
        return transfer(file, uio, &none);
    mutex_lock(&file->position_lock);
    result = transfer(file, uio, &file->position);
    mutex_unlock(&file->position_lock);
    return result;
}

int64_t file_read(struct file *file, struct uio *uio, uint64_t *position)
{
    if (!(file->mode & FILE_READ))
        return -EBADF;
    if (!file->ops->read)
        return (file->mode & FILE_DIRECTORY) ? -EISDIR : -EINVAL;
    if ((uio->flags & RWF_NOWAIT) && !(file->mode & FILE_NOWAIT))
        return -EOPNOTSUPP;
    return transfer_at(file->ops->read, file, uio, position);
}

int64_t file_write(struct file *file, struct uio *uio, uint64_t *position)
{
    int64_t result;

    if (!(file->mode & FILE_WRITE))
        return -EBADF;
    if (!file->ops->write)
        return -EINVAL;
    if ((uio->flags & RWF_NOWAIT) && !(file->mode & FILE_NOWAIT))
        return -EOPNOTSUPP;
    result = transfer_at(file->ops->write, file, uio, position);
    if (result > 0 && file->ops->sync &&
        ((file->flags & O_DSYNC) || (uio->flags & (RWF_DSYNC | RWF_SYNC)))) {
        int error = file->ops->sync(file, !(uio->flags & RWF_SYNC));

        if (error < 0)
            return error;
    }
    return result;
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    int64_t result;

    if (!file->ops->seek)
        return -ESPIPE;
    mutex_lock(&file->position_lock);
    result = file->ops->seek(file, offset, whence);
    mutex_unlock(&file->position_lock);
    return result;
}

static int64_t seek_target(struct file *file, int64_t offset, int whence, uint64_t size)
{
    int64_t target;

    switch (whence) {
    case SEEK_SET:
        return offset < 0 ? -EINVAL : offset;
    case SEEK_CUR:
        target = (int64_t)(file->position + (uint64_t)offset);
        return target < 0 ? -EINVAL : target;
    case SEEK_END:
        target = (int64_t)(size + (uint64_t)offset);
        return target < 0 ? -EINVAL : target;
    case SEEK_DATA:
        return (uint64_t)offset >= size ? -ENXIO : offset;
    case SEEK_HOLE:
        return (uint64_t)offset >= size ? -ENXIO : (int64_t)size;
    default:
        return -EINVAL;
    }
}

int64_t file_seek_sized(struct file *file, int64_t offset, int whence, uint64_t size,
                        uint64_t limit)
{
    int64_t target = seek_target(file, offset, whence, size);

    if (target >= 0 && (uint64_t)target > limit)
        target = -EINVAL;
    if (target >= 0)
        file->position = (uint64_t)target;
    return target;
}

uint32_t file_poll(struct file *file, struct poll_table *table)
{
    if (!file->ops->poll)
        return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
    return file->ops->poll(file, table);
}

int64_t file_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    if (!file->ops->ioctl)
        return -ENOTTY;
    return file->ops->ioctl(file, command, argument);
}

int64_t file_read_kernel(struct file *file, void *buffer, size_t count, uint64_t offset)
{
    size_t done = 0;

    while (done < count) {
        struct uio uio;
        int64_t moved;

        uio_init_kernel(&uio, true, (uint8_t *)buffer + done, count - done);
        moved = file_read(file, &uio, &offset);
        if (moved < 0)
            return done ? (int64_t)done : moved;
        if (moved == 0)
            break;
        done += (size_t)moved;
    }
    return (int64_t)done;
}

/* --- files without an inode --- */

uint64_t file_pseudo_number(void)
{
    return atomic_fetch_add_explicit(&pseudo_number, 1, memory_order_relaxed);
}

/* The device numbers of the pseudo file systems only have to differ from mounted ones, which count
 * up from 1. */
enum { ANONYMOUS_DEVICE = 0xf };

void file_status_get(struct file *file, struct file_status *status)
{
    *status = (struct file_status){
        .mode = S_IRUSR | S_IWUSR,
        .links = 1,
        .device = ANONYMOUS_DEVICE,
        .inode = 1,
        .block_size = 4096,
    };
    if (file->ops->status)
        file->ops->status(file, status);
}

struct file *file_anonymous(const struct file_ops *ops, const char *name, void *object,
                            uint32_t flags)
{
    struct file *file = file_alloc(ops, FILE_READ | FILE_WRITE, flags);

    if (!file)
        return NULL;
    file->name = name;
    file->private = object;
    file_opened(file);
    return file;
}
