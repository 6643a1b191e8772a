/*
 * fallocate(2) on pages in memory: allocation makes the pages, punching removes whole ones and
 * zeroes the parts at the ends. Where missing pages show a source's contents, a hole is made of
 * zeroed pages instead.
 */
#include "file/caller.h"
#include "fs/inode.h"
#include "fs/permission.h"
#include "fs/regular.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/backing.h"
#include <asm/signal.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/resource.h>

/* Zeroes bytes of one page. */
static int zero_part(struct backing *backing, uint64_t offset, uint64_t count)
{
    struct frame *frame;
    int error = backing_page(backing, offset >> PAGE_SHIFT, true, &frame);

    if (error)
        return error;
    memset((char *)frame_address(frame) + (offset & (PAGE_SIZE - 1)), 0, count);
    frame_put(frame);
    return 0;
}

static int zero_range(struct backing *backing, uint64_t offset, uint64_t end)
{
    bool sourced = backing->ops->fill || backing->ops->fill_range;
    int error = 0;

    while (!error && offset < end) {
        uint64_t next = min_u64(page_floor(offset) + PAGE_SIZE, end);

        if (!sourced && next - offset == PAGE_SIZE) {
            backing_zap(backing, offset >> PAGE_SHIFT, end >> PAGE_SHIFT, false);
            next = page_floor(end);
        } else {
            error = zero_part(backing, offset, next - offset);
        }
        offset = next;
    }
    return error;
}

static int make_pages(struct backing *backing, uint64_t offset, uint64_t end)
{
    int error = 0;

    for (uint64_t index = offset >> PAGE_SHIFT; !error && index < divide_up(end, PAGE_SIZE);
         index++) {
        struct frame *frame;

        if (caller_dying())
            return -EINTR;
        error = backing_page(backing, index, true, &frame);
        if (!error)
            frame_put(frame);
    }
    return error == -ENOMEM ? -ENOSPC : error;
}

static int allocate_check(const struct backing *backing, int mode, uint64_t end)
{
    bool punch = mode & FALLOC_FL_PUNCH_HOLE,
         grows = !(mode & FALLOC_FL_KEEP_SIZE) && end > backing->size;

    if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) &&
        (backing->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    if (!punch && end > backing->size && (backing->seals & F_SEAL_GROW))
        return -EPERM;
    if (grows && end > caller_limit(RLIMIT_FSIZE)) {
        caller_signal(SIGXFSZ);
        return -EFBIG;
    }
    return 0;
}

static int allocate_locked(struct inode *inode, int mode, uint64_t offset, uint64_t end)
{
    struct backing *backing = inode->backing;
    int error = allocate_check(backing, mode, end);

    if (error)
        return error;
    if (mode & FALLOC_FL_PUNCH_HOLE)
        return zero_range(backing, offset, min_u64(end, max_u64(page_ceil(backing->size), offset)));
    if (mode & FALLOC_FL_ZERO_RANGE)
        error =
            zero_range(backing, offset, min_u64(end, max_u64(page_ceil(backing->size), offset)));
    error = error ?: make_pages(backing, offset, end);
    if (!error && !(mode & FALLOC_FL_KEEP_SIZE) && end > backing->size)
        backing_resize(backing, end);
    return error;
}

int regular_allocate(struct file *file, int mode, uint64_t offset, uint64_t length)
{
    struct inode *inode = file->inode;
    int error;

    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    mutex_lock(&inode->lock);
    error = allocate_locked(inode, mode, offset, offset + length);
    mutex_unlock(&inode->lock);
    if (!error)
        regular_written(inode);
    return error;
}
