/*
 * The configuration that init reads in the guest, made from the options and from furca's own
 * surroundings.
 */
#ifndef HOST_SETUP_H
#define HOST_SETUP_H

#include "account.h"
#include "bytes.h"
#include "options.h"
#include "standard.h"
#include "terminal.h"

struct setup {
    const struct options *options;
    const struct standard *standard;
    const struct terminal *terminal;
    struct account account;
    struct list environment; /* the program's */
    char *directory;         /* its working directory, inside the root */
};

/* Works out user, environment and working directory. Exits with one line when something named does
 * not exist. */
void setup_begin(struct setup *setup, const struct options *options,
                 const struct standard *standard, const struct terminal *terminal);

/* The value of a variable of the program's environment, or NULL. */
const char *setup_environment(const struct setup *setup, const char *name);

/* Writes the records of guest/config.h. `program` is the program's path for the bare mode, or NULL.
 */
void setup_write(const struct setup *setup, const char *program, struct bytes *records);

#endif
