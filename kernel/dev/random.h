/*
 * Random bytes for programs and the kernel.
 */
#ifndef DEV_RANDOM_H
#define DEV_RANDOM_H

#include <stddef.h>

struct uio;

/* Fills the buffer with bytes that nobody can guess. Any context but an interrupt. */
void random_bytes(void *buffer, size_t count);
/* Moves uio->left random bytes; less when a signal comes. Bytes or -EFAULT. */
long random_move(struct uio *uio);
/* Registers /dev/random and /dev/urandom; after fs_init. */
void random_devices_start(void);

#endif
