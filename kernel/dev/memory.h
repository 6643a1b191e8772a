/*
 * Devices that are only memory: null, zero, full, mem.
 */
#ifndef DEV_MEMORY_H
#define DEV_MEMORY_H

/* Registers them; after fs_init. */
void memory_devices_start(void);

#endif
