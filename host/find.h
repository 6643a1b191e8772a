/*
 * Looking a program up among the host's files before a guest is started, so that a wrong name is
 * answered at once.
 */
#ifndef HOST_FIND_H
#define HOST_FIND_H

struct find {
    const char *root;      /* the tree */
    const char *directory; /* the working directory inside the tree */
    const char *search;    /* the value of PATH, or NULL */
};

/*
 * The path of a program inside the tree, absolute but with its links, which the caller frees. Says
 * what is wrong in one line and exits with 126 or 127 when there is none, or when it is not a
 * program for this machine.
 */
char *find_program(const struct find *find, const char *name);

/* The same without a word: NULL when it is not there. What the file is, is not looked at. */
char *find_quietly(const struct find *find, const char *name);

#endif
