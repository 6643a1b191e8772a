/*
 * The command line of `furca run` and `furca shell`.
 */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include "list.h"

#include <stdbool.h>
#include <stdint.h>

enum accelerator { ACCELERATOR_AUTO, ACCELERATOR_KVM, ACCELERATOR_TCG };

/* -v HOST:GUEST[:rw] */
struct share {
    char *host; /* absolute */
    char *guest;
    bool writable;
};

/* -f HOSTPATH[:GUESTPATH] */
struct packed_file {
    char *host; /* absolute */
    char *guest;
};

struct options {
    char **program; /* the program and its arguments, NULL-terminated; NULL when none was given */
    char *root;     /* of --root, absolute; "/" otherwise */
    bool bare;
    bool icount;
    bool strace;
    bool missing;
    bool verbose;
    uint64_t memory; /* bytes */
    bool memory_given;
    unsigned cpus;
    const char *directory; /* -w, or NULL */
    const char *user;      /* -u, or NULL */
    double timeout;        /* seconds; 0 for none */
    const char *fork_depth;
    const char *log; /* a file, "-", or NULL */
    enum accelerator accelerator;
    struct list append;
    struct list environment; /* NAME=VALUE of -e */
    struct share *shares;
    size_t share_count;
    struct packed_file *files;
    size_t file_count;
};

/*
 * Reads the options in front of the program; argv[0] is the word "run" or "shell". Says what is
 * wrong in one line and exits with status 125 when something is. Exits with 0 after --help.
 */
void options_read(struct options *options, int argc, char **argv);

/* The text of `furca help`. */
void options_help(void);

#endif
