/*
 * Other names for the functions of kernel/lib's mem.c and string.c, so that a test can call them
 * beside the C library's own. Included before everything else (-include) in those files and their
 * test.
 */
#ifndef TESTS_UNIT_LIB_NAMES_H
#define TESTS_UNIT_LIB_NAMES_H

/* The C library's own first, under their own names. */
#include <string.h>

#define memcpy  lib_memcpy
#define memmove lib_memmove
#define memset  lib_memset
#define memcmp  lib_memcmp
#define memchr  lib_memchr
#define strlen  lib_strlen
#define strnlen lib_strnlen
#define strcmp  lib_strcmp
#define strncmp lib_strncmp
#define strchr  lib_strchr
#define strrchr lib_strrchr
#define strstr  lib_strstr
#define strspn  lib_strspn
#define strcspn lib_strcspn
#define strlcpy lib_strlcpy

#endif
