/*
 * Checked copies between kernel and user memory. Contract in user.h.
 */
#include "mem/user.h"
#include "arch/mmu.h"
#include "arch/user.h"
#include "lib/container.h"
#include "lib/errno.h"

bool user_range_ok(struct uaddr start, size_t count)
{
    return count <= MMU_USER_END && start.value <= MMU_USER_END - count;
}

size_t copy_from_user_partial(void *to, struct uaddr from, size_t count)
{
    return user_range_ok(from, count) ? user_copy_in(to, from, count) : count;
}

size_t copy_to_user_partial(struct uaddr to, const void *from, size_t count)
{
    return user_range_ok(to, count) ? user_copy_out(to, from, count) : count;
}

int copy_from_user(void *to, struct uaddr from, size_t count)
{
    return copy_from_user_partial(to, from, count) ? -EFAULT : 0;
}

int copy_to_user(struct uaddr to, const void *from, size_t count)
{
    return copy_to_user_partial(to, from, count) ? -EFAULT : 0;
}

int clear_user(struct uaddr to, size_t count)
{
    return !user_range_ok(to, count) || user_clear(to, count) ? -EFAULT : 0;
}

int64_t copy_string_from_user(char *buffer, struct uaddr from, size_t size)
{
    if (from.value >= MMU_USER_END)
        return -EFAULT;
    size_t limit = min_size(size, MMU_USER_END - from.value);
    int64_t length = user_copy_string(buffer, from, limit);
    if (length < 0 || (size_t)length < limit)
        return length;
    return limit < size ? -EFAULT : -ENAMETOOLONG;
}
