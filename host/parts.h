/*
 * The files that furca is made of, and QEMU.
 */
#ifndef HOST_PARTS_H
#define HOST_PARTS_H

struct parts {
    char *kernel; /* furca.elf */
    char *init;
    char *qemu; /* NULL when it is not in PATH */
};

/* The parts are looked for beside furca itself, then in ../lib/furca. A path is given even when
 * nothing is there. */
void parts_find(struct parts *parts);

/* Exits with one line when something is not there. */
void parts_check(const struct parts *parts);

/* The path of a file of the given name beside furca or in ../lib/furca. The caller frees it. */
char *parts_path(const char *name);

/* The folder for what furca remembers, made if need be: $XDG_CACHE_HOME/furca. The caller frees it;
 * NULL when there is none. */
char *parts_cache(void);

#endif
