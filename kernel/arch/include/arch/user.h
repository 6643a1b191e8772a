/*
 * Raw copies between kernel and user memory: the only code that follows a user address (x86_64:
 * between STAC and CLAC). A fault calls page_fault(); when that fails the copy stops. Callers use
 * mem/user.h, which checks the range first.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include "arch/address.h"

/* Each returns the number of bytes that were NOT copied (0: all). May sleep. */
size_t user_copy_in(void *to, struct uaddr from, size_t count);
size_t user_copy_out(struct uaddr to, const void *from, size_t count);
size_t user_clear(struct uaddr to, size_t count);
/* Copies a string of at most `size` bytes with its NUL. Returns its length without NUL, `size` if
 * no NUL came, -EFAULT. */
int64_t user_copy_string(char *to, struct uaddr from, size_t size);
/* Atomic compare and exchange on a user word: 0 and *old is what was there, or -EFAULT. */
int user_exchange32(struct uaddr word, uint32_t expected, uint32_t desired, uint32_t *old);

#endif
