/*
 * Linux's error numbers, from its exported headers, in the kernel and in host builds alike.
 *
 * Functions return 0 or a count on success and a negative error number on failure. The numbers
 * below never reach a program: they are Linux's own for its inside.
 */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <asm-generic/errno.h>

#endif
