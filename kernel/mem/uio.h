/*
 * One transfer between a file and memory: a sequence of pieces of user memory, or one piece of
 * kernel memory. Files move bytes through uio_move and never see which it is.
 */
#ifndef MEM_UIO_H
#define MEM_UIO_H

#include "arch/address.h"
#include <linux/uio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uio {
    bool into_memory;           /* true: a read (the file's bytes go to memory) */
    bool kernel;                /* the memory is the kernel's */
    uint32_t flags;             /* RWF_… of preadv2 and pwritev2; 0 otherwise */
    const struct iovec *pieces; /* the current piece; iov_base is a user or kernel address */
    size_t piece_count;         /* pieces left, with the current one */
    size_t piece_offset;        /* bytes of the current piece that are done */
    size_t left;                /* bytes left in all */
    struct iovec single;        /* storage for transfers of one piece */
};

void uio_init_user(struct uio *uio, bool into_memory, struct uaddr base, size_t count);
void uio_init_kernel(struct uio *uio, bool into_memory, void *base, size_t count);
/* pieces must live as long as the transfer. */
void uio_init_vector(struct uio *uio, bool into_memory, const struct iovec *pieces, size_t count);
/* Moves up to min(count, uio->left) bytes between `buffer` and the memory, in the direction of the
   transfer. Returns the bytes moved, less than asked only at a bad address (then -EFAULT if none
   were moved). */
int64_t uio_move(struct uio *uio, void *buffer, size_t count);
/* Writes `count` zeros (reads only). Same result. */
int64_t uio_zero(struct uio *uio, size_t count);
/* Skips bytes without moving any. */
void uio_skip(struct uio *uio, size_t count);
/* Goes back over the last `count` bytes moved through a single-piece transfer or vector. */
void uio_revert(struct uio *uio, size_t count);

#endif
