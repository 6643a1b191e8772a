/*
 * Transfers between files and memory, piece by piece. Contract in uio.h.
 */
#include "mem/uio.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"

void uio_init_vector(struct uio *uio, bool into_memory, const struct iovec *pieces, size_t count)
{
    *uio = (struct uio){.into_memory = into_memory, .pieces = pieces, .piece_count = count};
    for (size_t i = 0; i < count; i++)
        uio->left += pieces[i].iov_len;
}

void uio_init_user(struct uio *uio, bool into_memory, struct uaddr base, size_t count)
{
    *uio = (struct uio){.into_memory = into_memory, .piece_count = 1, .left = count};
    uio->single = (struct iovec){(void *)base.value, count};
    uio->pieces = &uio->single;
}

void uio_init_kernel(struct uio *uio, bool into_memory, void *base, size_t count)
{
    uio_init_user(uio, into_memory, (struct uaddr){(uint64_t)base}, count);
    uio->kernel = true;
}

/* Moves within the current piece; the bytes moved. buffer NULL: zeros. */
static size_t move_piece(struct uio *uio, uint64_t at, char *buffer, size_t count)
{
    struct uaddr user = {at};

    if (uio->kernel) {
        if (!buffer)
            memset((void *)at, 0, count);
        else if (uio->into_memory)
            memcpy((void *)at, buffer, count);
        else
            memcpy(buffer, (const void *)at, count);
        return count;
    }
    if (!buffer)
        return clear_user(user, count) ? 0 : count;
    return count - (uio->into_memory ? copy_to_user_partial(user, buffer, count)
                                     : copy_from_user_partial(buffer, user, count));
}

static void advance(struct uio *uio, size_t count)
{
    uio->left -= count;
    uio->piece_offset += count;
}

static int64_t transfer(struct uio *uio, char *buffer, size_t count)
{
    size_t done = 0;

    count = min_size(count, uio->left);
    while (done < count) {
        const struct iovec *piece = uio->pieces;
        size_t room = piece->iov_len - uio->piece_offset;
        if (!room) {
            uio->pieces++;
            uio->piece_count--;
            uio->piece_offset = 0;
            continue;
        }
        size_t wanted = min_size(room, count - done);
        size_t moved = move_piece(uio, (uint64_t)piece->iov_base + uio->piece_offset,
                                  buffer ? buffer + done : NULL, wanted);
        advance(uio, moved);
        done += moved;
        if (moved < wanted)
            return done ? (int64_t)done : -EFAULT;
    }
    return (int64_t)done;
}

int64_t uio_move(struct uio *uio, void *buffer, size_t count)
{
    return transfer(uio, buffer, count);
}

int64_t uio_zero(struct uio *uio, size_t count)
{
    return transfer(uio, NULL, count);
}

void uio_skip(struct uio *uio, size_t count)
{
    count = min_size(count, uio->left);
    while (count) {
        size_t step = min_size(uio->pieces->iov_len - uio->piece_offset, count);
        advance(uio, step);
        count -= step;
        if (count) {
            uio->pieces++;
            uio->piece_count--;
            uio->piece_offset = 0;
        }
    }
}

void uio_revert(struct uio *uio, size_t count)
{
    uio->left += count;
    while (count > uio->piece_offset) {
        count -= uio->piece_offset;
        uio->pieces--;
        uio->piece_count++;
        uio->piece_offset = uio->pieces->iov_len;
    }
    uio->piece_offset -= count;
}
