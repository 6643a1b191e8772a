/*
 * Reading numbers and the kernel's command line. Strict: what is not wholly a number is not a
 * number.
 *
 * No allocation, no locks; O(length of the text).
 */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads all of text as an unsigned number: decimal, 0x hexadecimal or 0 octal.
 * Returns 0, -EINVAL (empty, a sign, a space, a foreign character) or -ERANGE (does not fit);
 * *value is written on success only.
 */
int parse_u64(const char *text, uint64_t *value);

/* The same with an optional leading minus sign. */
int parse_i64(const char *text, int64_t *value);

/* The same for a number of bytes, with an optional suffix K, M, G or T (powers of 1024, either
 * case). */
int parse_size(const char *text, uint64_t *bytes);

/* 1, y, yes, on and true; 0, n, no, off and false. Else -EINVAL. */
int parse_bool(const char *text, bool *value);

/* One word of a command line: key, or key=value. */
struct parse_word {
    const char *key;
    size_t key_size;
    const char *value; /* NULL if the word has no '=' */
    size_t value_size;
};

/*
 * Takes the next word off *cursor, which points into a zero-terminated command line and is moved
 * on. Words are parted by spaces, tabs and newlines; double quotes around a whole word or around
 * its value protect white space and are not part of the result. An unclosed quote runs to the end.
 * Returns false at the end. The word points into the line and is not zero-terminated.
 */
bool parse_next_word(const char **cursor, struct parse_word *word);

/* Whether the word's key is this zero-terminated name. */
bool parse_key_is(const struct parse_word *word, const char *name);

/*
 * Finds the last word of `line` with this key and copies its value (empty if it has none) to
 * `value`. Returns its length, -ENOENT if there is no such word, or -ENAMETOOLONG if it does not
 * fit into `size`.
 */
int parse_find(const char *line, const char *name, char *value, size_t size);

#endif
