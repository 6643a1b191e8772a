/*
 * Copies between the kernel and the memory of the current process. A copy into a page that is
 * shared after fork breaks the sharing exactly as a store by the program would. All may sleep; no
 * spinlock, and not the space's lock, may be held.
 */
#ifndef MEM_USER_H
#define MEM_USER_H

#include "arch/address.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 or -EFAULT; after a failure a part may have been copied. */
int copy_from_user(void *to, struct uaddr from, size_t count);
int copy_to_user(struct uaddr to, const void *from, size_t count);
int clear_user(struct uaddr to, size_t count);
/* How many bytes could NOT be copied. */
size_t copy_from_user_partial(void *to, struct uaddr from, size_t count);
size_t copy_to_user_partial(struct uaddr to, const void *from, size_t count);
/* A NUL-terminated string into buffer[size]: its length, -EFAULT, or -ENAMETOOLONG when it does not
 * fit with its NUL. */
int64_t copy_string_from_user(char *buffer, struct uaddr from, size_t size);
/* True when [start, start + count) lies in user space. */
bool user_range_ok(struct uaddr start, size_t count);

#endif
