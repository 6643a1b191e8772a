/*
 * A growing list of strings that ends with NULL, as execve(2) wants it. A zeroed list is empty; the
 * strings are not owned.
 */
#ifndef HOST_LIST_H
#define HOST_LIST_H

#include <stddef.h>

struct list {
    char **items; /* NULL while empty */
    size_t count;
};

/* Appends; the string must live as long as the list. */
void list_add(struct list *list, char *item);

/* Appends a string made of printf(3) arguments. */
void list_format(struct list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
