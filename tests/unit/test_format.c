/*
 * Formatting against the C library's snprintf, with every combination of flags, width and
 * precision.
 */
#include "unit.h"

#include "lib/format.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SAME(size, ...)                                      \
    do {                                                     \
        char ours[300], theirs[300];                         \
        int ours_length, theirs_length;                      \
        memset(ours, 'z', sizeof(ours));                     \
        memset(theirs, 'z', sizeof(theirs));                 \
        ours_length = format_text(ours, size, __VA_ARGS__);  \
        theirs_length = snprintf(theirs, size, __VA_ARGS__); \
        assert_int_equal(ours_length, theirs_length);        \
        assert_memory_equal(ours, theirs, sizeof(ours));     \
    } while (0)

static int64_t number_random(void)
{
    static const int64_t special[] = {0,   1,       -1,      7,        8,         255,
                                      256, INT_MAX, INT_MIN, UINT_MAX, INT64_MAX, INT64_MIN};

    if (unit_chance(2))
        return special[unit_random(sizeof(special) / sizeof(special[0]))];
    return (int64_t)(unit_random(UINT64_MAX) >> unit_random(64));
}

/* A '%' with random flags, width and precision. */
static size_t spec_random(char *spec)
{
    size_t size = 0;

    spec[size++] = '%';
    for (const char *flag = "-0+ #"; *flag != '\0'; flag++) {
        if (unit_chance(3))
            spec[size++] = *flag;
    }
    if (unit_chance(2))
        size += (size_t)sprintf(spec + size, "%d", (int)(1 + unit_random(40)));
    if (unit_chance(2))
        size += (size_t)sprintf(spec + size, ".%.0d", (int)unit_random(30));
    spec[size] = '\0';
    return size;
}

static void test_numbers(void **state)
{
    static const char *const conversions[] = {"d", "i", "u", "x", "X", "o"};

    (void)state;
    for (uint64_t n = unit_rounds(30000); n > 0; n--) {
        char spec[40];
        size_t size = spec_random(spec);
        size_t room = unit_random(60);
        int64_t value = number_random();
        const char *conversion = conversions[unit_random(6)];

        sprintf(spec + size, "%s|", conversion);
        SAME(room, spec, (int)value);
        sprintf(spec + size, "hh%s|", conversion);
        SAME(room, spec, (int)value);
        sprintf(spec + size, "h%s|", conversion);
        SAME(room, spec, (int)value);
        sprintf(spec + size, "l%s|", conversion);
        SAME(room, spec, (long)value);
        sprintf(spec + size, "ll%s|", conversion);
        SAME(room, spec, (long long)value);
        sprintf(spec + size, "z%s|", conversion);
        SAME(room, spec, (size_t)value);
    }
}

static void test_texts(void **state)
{
    (void)state;
    for (uint64_t n = unit_rounds(10000); n > 0; n--) {
        char spec[60];
        size_t size;
        size_t room = unit_random(60);

        spec_random(spec);
        size = strcspn(spec, "0+ #");
        if (spec[size] != '\0')
            size = 1, spec[1] = '\0';
        sprintf(spec + size, "sabc%%c%%%%%%s");
        SAME(room, spec, "hello, world", 'x', "");
    }
}

static void test_details(void **state)
{
    (void)state;
    SAME(100, "%*d|%-*d|%*d", 5, 1, 5, 2, -5, 3);
    SAME(100, "%.*s|%.*s", 3, "abcdef", -1, "abcdef");
    SAME(100, "%p %20p %-20p|", (void *)&state, (void *)1, (void *)UINT64_MAX);
    SAME(100, "%jd %td", (intmax_t)-5, (ptrdiff_t)9);
    SAME(100, "plain");
    SAME(100, "%s", "");
    SAME(0, "%d", 12345);
    SAME(1, "%d", 12345);
    SAME(100, "%.3s", "ab\0c");
    assert_int_equal(format_text(NULL, 0, "%s", "four"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_details),
    };

    unit_begin("format");
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
