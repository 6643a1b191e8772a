/*
 * Between memfd.c and fs.c.
 */
#ifndef FS_MEMFD_INTERNAL_H
#define FS_MEMFD_INTERNAL_H

/* Makes the instance that the files live in. 0 or -ENOMEM. */
int memfd_init(void);

#endif
