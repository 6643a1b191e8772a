/*
 * Vectors of user memory: short ones live on the stack, long ones on the heap.
 */
#include "sys/vector.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "mem/user.h"

int vector_copy(struct vector *vector, struct uaddr from, uint64_t count, uint64_t *total)
{
    *total = 0;
    vector->pieces = vector->storage;
    if (count > UIO_MAXIOV)
        return -EINVAL;
    if (count > VECTOR_INLINE) {
        vector->pieces = heap_alloc(count * sizeof(struct iovec));
        if (!vector->pieces)
            return -ENOMEM;
    }
    if (copy_from_user(vector->pieces, from, count * sizeof(struct iovec)) < 0)
        return -EFAULT;
    for (uint64_t i = 0; i < count; i++) {
        if ((int64_t)vector->pieces[i].iov_len < 0)
            return -EINVAL;
        *total += vector->pieces[i].iov_len;
    }
    return 0;
}

/* Checks each piece and cuts the total. */
static int pieces_check(struct iovec *pieces, uint64_t count)
{
    uint64_t total = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct iovec *piece = &pieces[i];

        if (!user_range_ok((struct uaddr){(uint64_t)piece->iov_base}, piece->iov_len))
            return -EFAULT;
        piece->iov_len = min_u64(piece->iov_len, TRANSFER_MAX - total);
        total += piece->iov_len;
    }
    return 0;
}

int vector_read(struct vector *vector, struct uio *uio, bool into_memory, struct uaddr from,
                uint64_t count)
{
    uint64_t total;
    int error = vector_copy(vector, from, count, &total);

    if (!error)
        error = pieces_check(vector->pieces, count);
    if (error < 0)
        return error;
    uio_init_vector(uio, into_memory, vector->pieces, count);
    return 0;
}

void vector_drop(struct vector *vector)
{
    if (vector->pieces != vector->storage)
        heap_free(vector->pieces);
}
