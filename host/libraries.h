/*
 * Where the dynamic loader would find a library: the rules of ld.so(8), for glibc and for musl,
 * over a tree of files.
 */
#ifndef HOST_LIBRARIES_H
#define HOST_LIBRARIES_H

#include "elf.h"

#include <stdbool.h>

struct library_search {
    const char *root;        /* the tree */
    const char *environment; /* LD_LIBRARY_PATH, or NULL */
    const struct elf *main;  /* the program: its DT_RPATH holds for all; may be NULL */
    const char *main_path;   /* its path inside the tree */
    bool musl;               /* the program's loader is musl's */
    bool used_cache;         /* set when a library was found through ld.so.cache only */
};

/*
 * The path, inside the tree, of the library `name` that the file `user` (its path inside the tree)
 * with the contents `elf` asks for. The caller frees it; NULL when it is nowhere.
 */
char *library_find(struct library_search *search, const char *user, const struct elf *elf,
                   const char *name);

#endif
