/*
 * Numbers and words out of text that people wrote.
 */
#include "lib/parse.h"

#include "lib/errno.h"
#include "lib/string.h"

static unsigned int digit_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return (unsigned int)(byte - '0');
    if (byte >= 'a' && byte <= 'f')
        return (unsigned int)(byte - 'a') + 10;
    if (byte >= 'A' && byte <= 'F')
        return (unsigned int)(byte - 'A') + 10;
    return 16;
}

/* Reads the longest number at *text and moves *text past it. */
static int read_number(const char **text, uint64_t *value)
{
    const char *p = *text;
    unsigned int base = 10;
    uint64_t sum = 0;
    bool fits = true;

    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    } else if (p[0] == '0') {
        base = 8;
    }
    if (digit_value(*p) >= base)
        return -EINVAL;
    for (; digit_value(*p) < base; p++) {
        if (__builtin_mul_overflow(sum, base, &sum) ||
            __builtin_add_overflow(sum, digit_value(*p), &sum))
            fits = false;
    }
    *text = p;
    *value = sum;
    return fits ? 0 : -ERANGE;
}

int parse_u64(const char *text, uint64_t *value)
{
    uint64_t number = 0;
    int error = read_number(&text, &number);

    if (error == -EINVAL || *text != '\0')
        return -EINVAL;
    if (error == 0)
        *value = number;
    return error;
}

int parse_i64(const char *text, int64_t *value)
{
    bool minus = *text == '-';
    uint64_t magnitude = 0;
    int error = parse_u64(minus ? text + 1 : text, &magnitude);

    if (error < 0)
        return error;
    if (magnitude > (uint64_t)INT64_MAX + minus)
        return -ERANGE;
    *value = (int64_t)(minus ? 0 - magnitude : magnitude);
    return 0;
}

static int size_shift(char suffix)
{
    switch (suffix) {
    case '\0':
        return 0;
    case 'k':
    case 'K':
        return 10;
    case 'm':
    case 'M':
        return 20;
    case 'g':
    case 'G':
        return 30;
    case 't':
    case 'T':
        return 40;
    default:
        return -EINVAL;
    }
}

int parse_size(const char *text, uint64_t *bytes)
{
    uint64_t number = 0;
    int error = read_number(&text, &number);
    int shift;

    if (error == -EINVAL)
        return error;
    shift = size_shift(*text);
    if (shift < 0 || (*text != '\0' && text[1] != '\0'))
        return -EINVAL;
    if (error < 0 || number > UINT64_MAX >> shift)
        return -ERANGE;
    *bytes = number << shift;
    return 0;
}

int parse_bool(const char *text, bool *value)
{
    static const char *const words[2][5] = {
        {"0", "n", "no", "off", "false"},
        {"1", "y", "yes", "on", "true"},
    };

    for (size_t truth = 0; truth < 2; truth++) {
        for (size_t i = 0; i < 5; i++) {
            if (strcmp(text, words[truth][i]) == 0) {
                *value = truth == 1;
                return 0;
            }
        }
    }
    return -EINVAL;
}

static const char white_space[] = " \t\n\r";

/* The end of the part that begins at `text`: a quote if it is quoted, else one of `stops`, or the
 * end. */
static const char *part_end(const char **text, const char *stops)
{
    if (**text == '"') {
        ++*text;
        return *text + strcspn(*text, "\"");
    }
    return *text + strcspn(*text, stops);
}

bool parse_next_word(const char **cursor, struct parse_word *word)
{
    const char *at = *cursor + strspn(*cursor, white_space);
    bool quoted = *at == '"';
    const char *end;

    *word = (struct parse_word){0};
    *cursor = at;
    if (*at == '\0')
        return false;
    end = part_end(&at, " \t\n\r=");
    word->key = at;
    word->key_size = (size_t)(end - at);
    if (quoted) {
        const char *equals = memchr(at, '=', word->key_size);

        if (equals != NULL) {
            word->key_size = (size_t)(equals - at);
            word->value = equals + 1;
            word->value_size = (size_t)(end - word->value);
        }
    } else if (*end == '=') {
        at = end + 1;
        end = part_end(&at, white_space);
        word->value = at;
        word->value_size = (size_t)(end - at);
    }
    *cursor = *end == '"' ? end + 1 : end;
    return true;
}

bool parse_key_is(const struct parse_word *word, const char *name)
{
    return strlen(name) == word->key_size && memcmp(word->key, name, word->key_size) == 0;
}

int parse_find(const char *line, const char *name, char *value, size_t size)
{
    struct parse_word word;
    int result = -ENOENT;

    while (parse_next_word(&line, &word)) {
        if (!parse_key_is(&word, name))
            continue;
        result = -ENAMETOOLONG;
        if (word.value_size < size) {
            memcpy(value, word.value != NULL ? word.value : "", word.value_size);
            value[word.value_size] = '\0';
            result = (int)word.value_size;
        }
    }
    return result;
}
