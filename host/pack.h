/*
 * What goes into the initramfs: always init and its configuration; in the bare mode also the
 * program, its interpreters and libraries, and the files of -f.
 */
#ifndef HOST_PACK_H
#define HOST_PACK_H

#include "options.h"

#include <stddef.h>
#include <stdint.h>

struct pack {
    const struct options *options;
    const char *init;      /* the host's path of init */
    const char *program;   /* the program's path inside the root; used in the bare mode */
    const char *directory; /* the working directory inside the root */
    const char *search;    /* PATH, for the programs that scripts ask for with env */
    const char *libraries; /* LD_LIBRARY_PATH, or NULL */
    const void *config;    /* the records of guest/config.h */
    size_t config_size;
};

/*
 * Builds the initramfs. Returns a descriptor of memory that holds it, and its size in bytes. Says
 * what is wrong in one line and exits when something is: a library that is missing (127), a file
 * that cannot be read (125).
 */
int pack_build(const struct pack *pack, uint64_t *size);

#endif
