/*
 * The C library's string functions under names that lib_names.h does not change: the oracle of
 * test_string.
 */
#ifndef TESTS_UNIT_ORACLE_H
#define TESTS_UNIT_ORACLE_H

#include <stddef.h>

struct string_oracle {
    int (*memcmp)(const void *, const void *, size_t);
    void *(*memchr)(const void *, int, size_t);
    size_t (*strlen)(const char *);
    size_t (*strnlen)(const char *, size_t);
    int (*strcmp)(const char *, const char *);
    int (*strncmp)(const char *, const char *, size_t);
    char *(*strchr)(const char *, int);
    char *(*strrchr)(const char *, int);
    char *(*strstr)(const char *, const char *);
    size_t (*strspn)(const char *, const char *);
    size_t (*strcspn)(const char *, const char *);
};

/* In unit.c, which is compiled with the C library's names. */
const struct string_oracle *string_oracle(void);

#endif
