/*
 * Regular files as pages of a backing. Writes to one file are serialised by the inode's lock, which
 * makes O_APPEND atomic; the backing's lock is taken inside for single pages and never over a copy
 * from the program's memory.
 */
#include "fs/regular.h"
#include "file/caller.h"
#include "fs/mount.h"
#include "fs/permission.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/uio.h"
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/stat.h>

enum { DAY_SECONDS = 86400 };

const struct file_ops regular_file_ops = {
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .map = regular_map,
    .sync = regular_sync,
    .allocate = regular_allocate,
};

void inode_accessed(struct inode *inode, struct mount *mount)
{
    uint32_t flags = mount->flags;
    int64_t now;

    if ((flags & (MS_NOATIME | MS_RDONLY)) || ((flags & MS_NODIRATIME) && S_ISDIR(inode->mode)))
        return;
    now = inode_time();
    if ((flags & MS_STRICTATIME) || inode->atime <= inode->mtime || inode->atime <= inode->ctime ||
        now - inode->atime >= DAY_SECONDS * INT64_C(1000000000))
        inode->atime = now;
}

void file_accessed(struct file *file)
{
    if (!(file->flags & O_NOATIME) && file->path.mount)
        inode_accessed(file->inode, file->path.mount);
}

int64_t regular_read(struct file *file, struct uio *uio, uint64_t *position)
{
    int64_t done = backing_read(file->inode->backing, *position, uio);

    if (done > 0)
        *position += (uint64_t)done;
    file_accessed(file);
    return done;
}

/* How many of `count` bytes at `offset` the seals let be written; 0 or -EPERM when none. */
static int64_t write_sealed(const struct backing *backing, uint64_t offset, uint64_t count)
{
    uint64_t whole = page_floor(backing->size);

    if (backing->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
        return -EPERM;
    if (!(backing->seals & F_SEAL_GROW) || offset + count <= backing->size)
        return (int64_t)count;
    return offset < whole ? (int64_t)(whole - offset) : -EPERM;
}

/* The part of a write that limits let through: bytes or -EFBIG (with SIGXFSZ when it is the
 * process's own limit). */
static int64_t write_limited(uint64_t offset, uint64_t count)
{
    uint64_t limit = caller_limit(RLIMIT_FSIZE);

    if (offset >= limit) {
        caller_signal(SIGXFSZ);
        return -EFBIG;
    }
    if (offset >= INT64_MAX)
        return -EFBIG;
    if (limit > INT64_MAX)
        limit = INT64_MAX;
    return (int64_t)(count < limit - offset ? count : limit - offset);
}

static void written_locked(struct inode *inode)
{
    struct inode_change change = {.mask = INODE_CHANGE_MTIME};
    uint32_t lost = permission_lost_bits(inode);

    if (!lost) {
        inode->mtime = inode->ctime = inode_time();
        return;
    }
    change.mask |= INODE_CHANGE_MODE | INODE_CHANGE_CTIME;
    change.mode = inode->mode & 07777 & ~lost;
    change.mtime = change.ctime = inode_time();
    if (inode->ops->set_attributes)
        inode->ops->set_attributes(inode, &change);
    else
        inode_change_apply(inode, &change);
}

void regular_written(struct inode *inode)
{
    mutex_lock(&inode->lock);
    written_locked(inode);
    mutex_unlock(&inode->lock);
}

static int64_t write_locked(struct inode *inode, struct uio *uio, uint64_t offset)
{
    int64_t allowed = write_limited(offset, uio->left);

    if (allowed >= 0 && inode->backing->seals)
        allowed = write_sealed(inode->backing, offset, (uint64_t)allowed);
    if (allowed < 0)
        return allowed;
    uio->left = (size_t)allowed;
    written_locked(inode);
    return backing_write(inode->backing, offset, uio);
}

int64_t regular_write(struct file *file, struct uio *uio, uint64_t *position)
{
    struct inode *inode = file->inode;
    int64_t done;
    uint64_t offset;

    if (!uio->left)
        return 0;
    mutex_lock(&inode->lock);
    offset = (file->flags & O_APPEND) || (uio->flags & RWF_APPEND) ? inode_size(inode) : *position;
    done = write_locked(inode, uio, offset);
    mutex_unlock(&inode->lock);
    if (done > 0)
        *position = offset + (uint64_t)done;
    return done;
}

/* SEEK_DATA and SEEK_HOLE in a file whose missing pages are holes. */
static int64_t seek_data(struct backing *backing, uint64_t offset, bool data)
{
    uint64_t index = offset >> PAGE_SHIFT, found;
    uint64_t end;
    int64_t result;

    mutex_lock(&backing->lock);
    end = backing->size;
    if (data) {
        found = index;
        if (!slot_tree_next(&backing->pages, &found))
            found = UINT64_MAX >> PAGE_SHIFT;
    } else {
        found = slot_tree_lowest_free(&backing->pages, index);
    }
    mutex_unlock(&backing->lock);
    if (offset >= end)
        return -ENXIO;
    result = found == index ? (int64_t)offset : (int64_t)(found << PAGE_SHIFT);
    if ((uint64_t)result < end)
        return result;
    return data ? -ENXIO : (int64_t)end;
}

int64_t regular_seek(struct file *file, int64_t offset, int whence)
{
    struct backing *backing = file->inode->backing;
    int64_t found;

    if ((whence != SEEK_DATA && whence != SEEK_HOLE) || backing->ops->fill ||
        backing->ops->fill_range)
        return file_seek_sized(file, offset, whence, inode_size(file->inode), INT64_MAX);
    if (offset < 0)
        return -ENXIO;
    found = seek_data(backing, (uint64_t)offset, whence == SEEK_DATA);
    if (found < 0)
        return found;
    return file_seek_sized(file, found, SEEK_SET, inode_size(file->inode), INT64_MAX);
}

int regular_map(struct file *file, uint64_t prot, uint64_t flags, struct backing **backing)
{
    struct backing *pages = file->inode->backing;

    if ((prot & PROT_EXEC) && file->path.mount && (file->path.mount->flags & MS_NOEXEC))
        return -EPERM;
    if ((pages->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) && (flags & MAP_SHARED) &&
        (prot & PROT_WRITE))
        return -EPERM;
    backing_get(pages);
    *backing = pages;
    file_accessed(file);
    return 0;
}

int regular_sync(struct file *file, bool data_only)
{
    (void)file;
    (void)data_only;
    return 0;
}

static int truncate_check(struct inode *inode, uint64_t size)
{
    uint64_t old = inode_size(inode);
    uint32_t seals = inode->backing ? inode->backing->seals : 0;

    if ((size < old && (seals & F_SEAL_SHRINK)) || (size > old && (seals & F_SEAL_GROW)))
        return -EPERM;
    if (size > old && size > caller_limit(RLIMIT_FSIZE)) {
        caller_signal(SIGXFSZ);
        return -EFBIG;
    }
    return 0;
}

int regular_truncate(struct inode *inode, uint64_t size)
{
    struct inode_change change = {
        .mask = INODE_CHANGE_SIZE | INODE_CHANGE_MTIME,
        .size = size,
        .mtime = inode_time(),
    };
    uint32_t lost = permission_lost_bits(inode);
    int error = truncate_check(inode, size);

    if (error)
        return error;
    if (lost) {
        change.mask |= INODE_CHANGE_MODE;
        change.mode = inode->mode & 07777 & ~lost;
    }
    return inode_change_unchecked(inode, &change);
}
