/*
 * Vectors of user memory as readv, writev, vmsplice, sendmsg take them.
 */
#ifndef SYS_VECTOR_H
#define SYS_VECTOR_H

#include "arch/address.h"
#include "mem/uio.h"

enum {
    VECTOR_INLINE = 8,
    TRANSFER_MAX = 0x7ffff000, /* bytes that one call moves at most */
};

struct vector {
    struct iovec *pieces; /* storage or heap memory */
    struct iovec storage[VECTOR_INLINE];
};

/*
 * Reads `count` pieces from user memory and readies *uio. 0, -EINVAL (too many, a negative length),
 * -EFAULT, -ENOMEM. The total is cut at TRANSFER_MAX. vector_drop() afterwards, also after a
 * failure.
 */
int vector_read(struct vector *vector, struct uio *uio, bool into_memory, struct uaddr from,
                uint64_t count);
/*
 * Only reads `count` pieces, which may lie anywhere: another process's memory, which its own calls
 * check. Sum of lengths in *total. Errors and vector_drop() as above: -EFAULT only
 * for the pieces themselves.
 */
int vector_copy(struct vector *vector, struct uaddr from, uint64_t count, uint64_t *total);
void vector_drop(struct vector *vector);

#endif
