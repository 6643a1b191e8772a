/*
 * Files in memory without a name, and seals (memfd_create(2), fcntl(2) "File Sealing").
 */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include <stdint.h>

struct file;

/* A description of a fresh empty file, shown as "/memfd:NAME (deleted)". flags: MFD_ALLOW_SEALING,
   MFD_NOEXEC_SEAL, MFD_EXEC. 0 or -ENOMEM. */
int memfd_create(const char *name, unsigned flags, struct file **file);
/* F_ADD_SEALS: 0, -EINVAL (not such a file, unknown seals), -EPERM (sealed, not writable), -EBUSY
 * (mapped for writing). */
int memfd_add_seals(struct file *file, unsigned seals);
/* F_GET_SEALS: F_SEAL_ bits or -EINVAL. */
int memfd_get_seals(struct file *file);

#endif
