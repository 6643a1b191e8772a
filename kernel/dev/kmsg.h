/*
 * /dev/kmsg: the kernel's log, one record per read.
 */
#ifndef DEV_KMSG_H
#define DEV_KMSG_H

/* Registers it; after fs_init. */
void kmsg_device_start(void);

#endif
