/*
 * The names of pseudo terminals' slaves, /dev/pts/N. Drivers stand below file systems, so this is
 * declared here; fs/devpts.c implements it.
 */
#ifndef FILE_DEVPTS_H
#define FILE_DEVPTS_H

#include <stdint.h>

enum {
    PTY_MAX = 4096,        /* pairs */
    PTY_SLAVE_MAJOR = 136, /* /dev/pts/N is this and minor N */
};

struct devpts_node;
struct file;

/* Makes /dev/pts/INDEX, owned by the caller. 0, -ENOSPC (the file system's limit), -ENOMEM. */
int devpts_add(unsigned index, struct devpts_node **node);
/* Takes the name away; what is open stays open. */
void devpts_remove(struct devpts_node *node);
/* Opens the slave by its node, as open(2) with flags (O_…) would by its name. 0 and a description,
 * or -errno. */
int devpts_open(struct devpts_node *node, uint32_t flags, struct file **file);

#endif
