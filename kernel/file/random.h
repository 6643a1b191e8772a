/*
 * Random bytes for a program: what getrandom(2) and the devices share.
 */
#ifndef FILE_RANDOM_H
#define FILE_RANDOM_H

#include <stdint.h>

struct uio;

/* Moves uio->left unpredictable bytes to the program; less when a signal comes. Bytes or -EFAULT.
 */
int64_t random_move(struct uio *uio);

#endif
