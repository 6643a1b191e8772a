/*
 * Process 1: made by hand, since there is nobody to fork it from.
 */
#ifndef BOOT_PROCESS_ONE_H
#define BOOT_PROCESS_ONE_H

/* Builds it and makes it runnable: it unpacks the initramfs, opens the console as descriptors 0, 1,
 * 2 and execs the first program. */
void process_one_start(void);

#endif
