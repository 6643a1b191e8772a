/*
 * The guest's file systems. In the normal mode the root becomes the host's tree (9p, read-only)
 * under a layer in memory (overlay), moved over the initramfs as switch_root(8) does; in the bare
 * mode the initramfs stays the root.
 */
#ifndef GUEST_MOUNTS_H
#define GUEST_MOUNTS_H

#include "config.h"

#include <stddef.h>

/* Mounts /proc and /dev, which init itself needs. Returns 0 or a negative errno. */
int mounts_begin(void);

/*
 * Mounts everything else and enters the final root, working directory "/". Returns 0, or a negative
 * errno, and then `what` (of `size` bytes) says in words what could not be mounted.
 */
int mounts_finish(const struct config *config, char *what, size_t size);

#endif
