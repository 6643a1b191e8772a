/*
 * devpts: start-up. What drivers use of it is in file/devpts.h.
 */
#ifndef FS_DEVPTS_H
#define FS_DEVPTS_H

/* Makes the instance, registers the type and makes /dev/pts; after fs_init. */
void devpts_start(void);

#endif
