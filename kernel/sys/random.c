/*
 * getrandom(2). The generator is ready from the start, so that no flag makes a difference but which
 * errors it can cause.
 */
#include "file/random.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/uio.h"
#include "mem/user.h"
#include "syscall_prototypes.h"
#include <linux/random.h>

enum { BYTES_MAX = INT32_MAX };

int64_t sys_getrandom(struct uaddr buf, uint64_t count, uint32_t flags)
{
    const uint32_t exclusive = GRND_RANDOM | GRND_INSECURE;
    struct uio uio;

    if (flags & ~(uint32_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    if ((flags & exclusive) == exclusive)
        return -EINVAL;
    count = min_u64(count, BYTES_MAX);
    if (!user_range_ok(buf, count))
        return -EFAULT;
    uio_init_user(&uio, true, buf, count);
    return random_move(&uio);
}
