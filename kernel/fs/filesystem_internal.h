/*
 * Between filesystem.c and the mounts.
 */
#ifndef FS_FILESYSTEM_INTERNAL_H
#define FS_FILESYSTEM_INTERNAL_H

struct filesystem;

/* An instance of the type, counted: a new one, or the single one. -ENODEV: no such type. */
int filesystem_make(const char *name, const char *source, const char *options,
                    struct filesystem **filesystem);

#endif
