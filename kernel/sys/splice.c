/*
 * sendfile, splice, tee, vmsplice, copy_file_range: bytes from one description to another without
 * passing the program.
 *
 * Bytes are copied through one page (from a pipe: from its own pages). A source with an offset is
 * moved on by what the target took only, so that nothing is lost when the target is full.
 */
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "file/pipe.h"
#include "fs/inode.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include "mem/user.h"
#include "sys/vector.h"
#include "syscall_prototypes.h"
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

/* splice(2); not in the exported headers. */
enum {
    SPLICE_F_MOVE = 1,
    SPLICE_F_NONBLOCK = 2,
    SPLICE_F_MORE = 4,
    SPLICE_F_GIFT = 8,
    SPLICE_KNOWN = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT,
};

/* --- two descriptions of a call --- */

struct pair {
    struct file *in, *out;
};

static int pair_get(struct pair *pair, int in, int out)
{
    pair->in = caller_file_usable(in);
    pair->out = caller_file_usable(out);
    if (pair->in && pair->out)
        return 0;
    if (pair->in)
        file_put(pair->in);
    if (pair->out)
        file_put(pair->out);
    return -EBADF;
}

static void pair_put(struct pair *pair)
{
    file_put(pair->in);
    file_put(pair->out);
}

static bool pair_modes(const struct pair *pair)
{
    return (pair->in->mode & FILE_READ) && (pair->out->mode & FILE_WRITE);
}

/* An offset that the program keeps: NULL address, the description's own. */
struct place {
    struct uaddr address;
    uint64_t value;
    uint64_t *position; /* NULL or &value */
};

static int place_read(struct place *place, struct uaddr address)
{
    place->address = address;
    place->position = NULL;
    if (!address.value)
        return 0;
    if (copy_from_user(&place->value, address, sizeof(place->value)) < 0)
        return -EFAULT;
    place->position = &place->value;
    return (int64_t)place->value < 0 ? -EINVAL : 0;
}

/* Gives the offset back after a call that moved `result` bytes or failed. */
static int64_t place_write(const struct place *place, int64_t result)
{
    if (place->position && result > 0 &&
        copy_to_user(place->address, &place->value, sizeof(place->value)) < 0)
        return -EFAULT;
    return result;
}

/* --- copying through a page --- */

static int64_t page_write(struct file *out, uint64_t *position, uint8_t *page, size_t count)
{
    struct uio uio;

    uio_init_kernel(&uio, false, page, count);
    return file_write(out, &uio, position);
}

/* Copies one page's worth from an offset. Bytes, which the offset was moved by, 0 at the end,
 * -errno. */
static int64_t page_copy(struct file *in, uint64_t *from, struct file *out, uint64_t *to,
                         uint8_t *page, size_t count)
{
    uint64_t at = *from;
    struct uio uio;
    int64_t moved;

    uio_init_kernel(&uio, true, page, min_size(count, PAGE_SIZE));
    moved = file_read(in, &uio, &at);
    if (moved > 0)
        moved = page_write(out, to, page, (size_t)moved);
    if (moved > 0)
        *from += (uint64_t)moved;
    return moved;
}

static int64_t pages_copy(struct file *in, uint64_t *from, struct file *out, uint64_t *to,
                          uint64_t count, bool nonblocking)
{
    uint8_t *page = heap_alloc(PAGE_SIZE);
    int64_t done = 0;
    int64_t moved = 1;

    if (!page)
        return -ENOMEM;
    while ((uint64_t)done < count && moved > 0 && !(done && caller_interrupted())) {
        moved = nonblocking ? pipe_wait_room(out, true) : 0;
        if (!moved)
            moved = page_copy(in, from, out, to, page, count - (uint64_t)done);
        if (moved > 0)
            done += moved;
    }
    heap_free(page);
    return done || moved > 0 ? done : moved;
}

/* The same, from the description's own offset when `from` is NULL. */
static int64_t range_copy(struct file *in, uint64_t *from, struct file *out, uint64_t *to,
                          uint64_t count, bool nonblocking)
{
    uint64_t at;
    int64_t result;

    if (from)
        return pages_copy(in, from, out, to, count, nonblocking);
    mutex_lock(&in->position_lock);
    at = in->position;
    mutex_unlock(&in->position_lock);
    result = pages_copy(in, &at, out, to, count, nonblocking);
    mutex_lock(&in->position_lock);
    in->position = at;
    mutex_unlock(&in->position_lock);
    return result;
}

/* --- sendfile --- */

static int64_t send(const struct pair *pair, struct place *from, uint64_t count)
{
    if (!pair_modes(pair))
        return -EBADF;
    if (from->position && !(pair->in->mode & FILE_SEEKABLE))
        return -ESPIPE;
    if ((int64_t)count < 0 || !(pair->in->mode & FILE_SEEKABLE) || (pair->out->flags & O_APPEND))
        return -EINVAL;
    return range_copy(pair->in, from->position, pair->out, NULL, min_u64(count, TRANSFER_MAX),
                      pipe_of_file(pair->out) && (pair->out->flags & O_NONBLOCK));
}

int64_t sys_sendfile(int32_t out, int32_t in, struct uaddr offset, uint64_t count)
{
    struct place from;
    struct pair pair;
    int64_t result = place_read(&from, offset);

    if (result == -EFAULT)
        return result;
    if (pair_get(&pair, in, out) < 0)
        return -EBADF;
    if (!result)
        result = send(&pair, &from, count);
    pair_put(&pair);
    return place_write(&from, result);
}

/* --- splice, tee --- */

/* From a file without offset (a terminal, a socket) into a pipe: one page at most, once there is
 * room for it. */
static int64_t stream_to_pipe(struct file *in, struct file *pipe, uint64_t count, bool nonblocking)
{
    int64_t moved = pipe_wait_room(pipe, nonblocking);
    uint8_t *page;
    struct uio uio;

    if (moved < 0)
        return moved;
    page = heap_alloc(PAGE_SIZE);
    if (!page)
        return -ENOMEM;
    uio_init_kernel(&uio, true, page, min_u64(count, PAGE_SIZE));
    moved = file_read(in, &uio, NULL);
    if (moved > 0)
        moved = page_write(pipe, NULL, page, (size_t)moved);
    heap_free(page);
    return moved;
}

static int64_t splice_in(const struct pair *pair, struct place *from, uint64_t count,
                         bool nonblocking)
{
    int error;

    if (from->position && !(pair->in->mode & FILE_SEEKABLE))
        return -EINVAL;
    if (!(pair->in->mode & FILE_SEEKABLE))
        return stream_to_pipe(pair->in, pair->out, count, nonblocking);
    error = pipe_wait_room(pair->out, nonblocking);
    /* What fits without waiting: a splice returns as soon as the pipe is full. */
    return error < 0 ? error : range_copy(pair->in, from->position, pair->out, NULL, count, true);
}

static int64_t splice_out(const struct pair *pair, struct place *to, uint64_t count,
                          bool nonblocking)
{
    if (to->position && !(pair->out->mode & FILE_SEEKABLE))
        return -EINVAL;
    if (pair->out->flags & O_APPEND)
        return -EINVAL;
    return pipe_send(pair->in, pair->out, to->position, count, nonblocking);
}

static int64_t splice_pair(const struct pair *pair, struct place *from, struct place *to,
                           uint64_t count, uint32_t flags)
{
    bool in_pipe = pipe_of_file(pair->in);
    bool out_pipe = pipe_of_file(pair->out);
    bool nonblocking = flags & SPLICE_F_NONBLOCK;

    if (!pair_modes(pair))
        return -EBADF;
    if ((in_pipe && from->address.value) || (out_pipe && to->address.value))
        return -ESPIPE;
    nonblocking |= (in_pipe && (pair->in->flags & O_NONBLOCK)) ||
                   (out_pipe && (pair->out->flags & O_NONBLOCK));
    count = min_u64(count, TRANSFER_MAX);
    if (in_pipe && out_pipe)
        return pipe_move(pair->in, pair->out, count, nonblocking);
    if (in_pipe)
        return splice_out(pair, to, count, nonblocking);
    if (out_pipe)
        return splice_in(pair, from, count, nonblocking);
    return -EINVAL;
}

int64_t sys_splice(int32_t in, struct uaddr inoffset, int32_t out, struct uaddr outoffset,
                   uint64_t count, uint32_t flags)
{
    struct place from;
    struct place to;
    struct pair pair;
    int64_t result;

    if (!count)
        return 0;
    if (flags & ~(uint32_t)SPLICE_KNOWN)
        return -EINVAL;
    if (pair_get(&pair, in, out) < 0)
        return -EBADF;
    if ((pipe_of_file(pair.in) && inoffset.value) || (pipe_of_file(pair.out) && outoffset.value))
        result = -ESPIPE;
    else
        result = place_read(&from, inoffset);
    if (!result)
        result = place_read(&to, outoffset);
    if (!result) {
        result = splice_pair(&pair, &from, &to, count, flags);
        result = place_write(&to, place_write(&from, result));
    }
    pair_put(&pair);
    return result;
}

int64_t sys_tee(int32_t in, int32_t out, uint64_t count, uint32_t flags)
{
    struct pair pair;
    int64_t result = -EBADF;

    if (flags & ~(uint32_t)SPLICE_KNOWN)
        return -EINVAL;
    if (!count)
        return 0;
    if (pair_get(&pair, in, out) < 0)
        return -EBADF;
    if (pair_modes(&pair))
        result = pipe_tee(pair.in, pair.out, count,
                          (flags & SPLICE_F_NONBLOCK) ||
                              ((pair.in->flags | pair.out->flags) & O_NONBLOCK));
    pair_put(&pair);
    return result;
}

static int64_t vector_move(struct file *file, struct uaddr from, uint64_t count, uint32_t flags)
{
    bool read = !(file->mode & FILE_WRITE);
    struct vector vector;
    struct uio uio;
    int64_t result;

    if (!pipe_of_file(file))
        return -EBADF;
    result = vector_read(&vector, &uio, read, from, count);
    if (!result && uio.left) {
        if (flags & SPLICE_F_NONBLOCK)
            uio.flags = RWF_NOWAIT;
        result = read ? file_read(file, &uio, NULL) : file_write(file, &uio, NULL);
    }
    vector_drop(&vector);
    return result;
}

int64_t sys_vmsplice(int32_t fd, struct uaddr vector, uint64_t count, uint32_t flags)
{
    struct file *file;
    int64_t result;

    if (flags & ~(uint32_t)SPLICE_KNOWN)
        return -EINVAL;
    file = caller_file_usable(fd);
    if (!file)
        return -EBADF;
    result = vector_move(file, vector, count, flags);
    file_put(file);
    return result;
}

/* --- copy_file_range --- */

static int range_check(const struct pair *pair)
{
    const struct inode *in = pair->in->inode;
    const struct inode *out = pair->out->inode;

    if ((pair->in->mode | pair->out->mode) & FILE_DIRECTORY)
        return -EISDIR;
    if (!in || !out || !S_ISREG(in->mode) || !S_ISREG(out->mode))
        return -EINVAL;
    if (!pair_modes(pair) || (pair->out->flags & O_APPEND))
        return -EBADF;
    return 0;
}

/* Within one file the ranges must not overlap. */
static bool ranges_overlap(const struct pair *pair, uint64_t from, uint64_t to, uint64_t count)
{
    return pair->in->inode == pair->out->inode && from < to + count && to < from + count;
}

static int64_t range_pair(const struct pair *pair, struct place *from, struct place *to,
                          uint64_t count)
{
    uint64_t start = from->position ? from->value : pair->in->position;
    uint64_t target = to->position ? to->value : pair->out->position;
    uint64_t size;
    int error = range_check(pair);

    if (error < 0)
        return error;
    if (start + count < start || target + count < target)
        return -EOVERFLOW;
    size = inode_size(pair->in->inode);
    count = start < size ? min_u64(count, size - start) : 0;
    if (ranges_overlap(pair, start, target, count))
        return -EINVAL;
    return range_copy(pair->in, from->position, pair->out, to->position,
                      min_u64(count, TRANSFER_MAX), false);
}

int64_t sys_copy_file_range(int32_t in, struct uaddr inoffset, int32_t out, struct uaddr outoffset,
                            uint64_t count, uint32_t flags)
{
    struct place from;
    struct place to;
    struct pair pair;
    int64_t result;

    if (pair_get(&pair, in, out) < 0)
        return -EBADF;
    result = place_read(&from, inoffset);
    if (!result)
        result = place_read(&to, outoffset);
    if (!result && flags)
        result = -EINVAL;
    if (!result) {
        result = range_pair(&pair, &from, &to, count);
        result = place_write(&to, place_write(&from, result));
    }
    pair_put(&pair);
    return result;
}
