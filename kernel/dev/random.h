/*
 * /dev/random and /dev/urandom.
 */
#ifndef DEV_RANDOM_H
#define DEV_RANDOM_H

/* Registers them; after fs_init. */
void random_devices_start(void);

#endif
