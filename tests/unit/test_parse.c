/*
 * Numbers, sizes and command lines: each rule of the contract, and random lines that are put
 * together and read back.
 */
#include "unit.h"

#include "lib/errno.h"
#include "lib/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_numbers(void **state)
{
    static const char *const bad[] = {"",   " 1", "1 ",  "+1",   "-1",  "0x", "0xg", "08",
                                      "1k", "a1", "--1", "0x-1", "1.0", "\t", "0x 1"};
    uint64_t value = 42;
    int64_t number = 42;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(parse_u64(bad[i], &value), -EINVAL);
    assert_int_equal(parse_u64("18446744073709551616", &value), -ERANGE);
    assert_int_equal(parse_u64("18446744073709551616x", &value), -EINVAL);
    assert_int_equal(parse_i64("9223372036854775808", &number), -ERANGE);
    assert_int_equal(parse_i64("-9223372036854775809", &number), -ERANGE);
    assert_int_equal(parse_i64("-", &number), -EINVAL);
    assert_int_equal(value, 42);
    assert_int_equal(number, 42);
    assert_int_equal(parse_i64("-9223372036854775808", &number), 0);
    assert_true(number == INT64_MIN);
    assert_int_equal(parse_u64("0", &value), 0);
    assert_int_equal(value, 0);
}

static void test_numbers_against_library(void **state)
{
    static const char *const formats[] = {"%llu", "0x%llx", "0X%llX", "%#llo"};

    (void)state;
    for (uint64_t n = unit_rounds(50000); n > 0; n--) {
        unsigned long long value = unit_random(UINT64_MAX) >> unit_random(64);
        uint64_t read = ~value;
        char text[40];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        sprintf(text, formats[unit_random(4)], value);
#pragma GCC diagnostic pop
        assert_int_equal(parse_u64(text, &read), 0);
        assert_int_equal(read, value);
    }
}

static void test_sizes(void **state)
{
    uint64_t bytes = 1;

    (void)state;
    assert_int_equal(parse_size("0", &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(parse_size("4k", &bytes), 0);
    assert_int_equal(bytes, 4096);
    assert_int_equal(parse_size("0x10M", &bytes), 0);
    assert_int_equal(bytes, 16 << 20);
    assert_int_equal(parse_size("512G", &bytes), 0);
    assert_int_equal(bytes, UINT64_C(512) << 30);
    assert_int_equal(parse_size("16777215T", &bytes), 0);
    assert_int_equal(parse_size("16777216T", &bytes), -ERANGE);
    assert_int_equal(parse_size("18446744073709551616k", &bytes), -ERANGE);
    assert_int_equal(parse_size("1kB", &bytes), -EINVAL);
    assert_int_equal(parse_size("k", &bytes), -EINVAL);
    assert_int_equal(parse_size("1P", &bytes), -EINVAL);
    assert_int_equal(parse_size("", &bytes), -EINVAL);
}

static void test_bools(void **state)
{
    bool value = false;

    (void)state;
    assert_int_equal(parse_bool("on", &value), 0);
    assert_true(value);
    assert_int_equal(parse_bool("no", &value), 0);
    assert_false(value);
    assert_int_equal(parse_bool("", &value), -EINVAL);
    assert_int_equal(parse_bool("maybe", &value), -EINVAL);
}

static void word_is(const char **cursor, const char *key, const char *value)
{
    struct parse_word word;

    assert_true(parse_next_word(cursor, &word));
    assert_true(parse_key_is(&word, key));
    assert_int_equal(word.value != NULL, value != NULL);
    if (value != NULL) {
        assert_int_equal(word.value_size, strlen(value));
        assert_memory_equal(word.value, value, word.value_size);
    }
}

static void test_words(void **state)
{
    const char *line = "  a=b c\td=\"x y\" \"e=f g\" h= i=j=k \"l m\" n=\"open = end";
    struct parse_word word;
    char value[8];

    (void)state;
    word_is(&line, "a", "b");
    word_is(&line, "c", NULL);
    word_is(&line, "d", "x y");
    word_is(&line, "e", "f g");
    word_is(&line, "h", "");
    word_is(&line, "i", "j=k");
    word_is(&line, "l m", NULL);
    word_is(&line, "n", "open = end");
    assert_false(parse_next_word(&line, &word));
    assert_false(parse_next_word(&line, &word));
    assert_int_equal(parse_find("x=1 y x=23", "x", value, sizeof(value)), 2);
    assert_string_equal(value, "23");
    assert_int_equal(parse_find("x=1 y x=23", "y", value, sizeof(value)), 0);
    assert_string_equal(value, "");
    assert_int_equal(parse_find("xx=1", "x", value, sizeof(value)), -ENOENT);
    assert_int_equal(parse_find("x=12345678", "x", value, sizeof(value)), -ENAMETOOLONG);
}

/* Whatever the line, the words lie inside it and the reading ends. */
static void test_random_lines(void **state)
{
    (void)state;
    for (uint64_t n = unit_rounds(50000); n > 0; n--) {
        size_t size = unit_random(24);
        char *line = malloc(size + 1);
        const char *cursor = line;
        struct parse_word word;
        size_t words = 0;

        for (size_t i = 0; i < size; i++)
            line[i] = " =\"ab\t"[unit_random(6)];
        line[size] = '\0';
        while (parse_next_word(&cursor, &word)) {
            assert_true(word.key >= line && word.key + word.key_size <= line + size);
            assert_true(word.value == NULL ||
                        (word.value >= line && word.value + word.value_size <= line + size));
            assert_true(++words <= size);
        }
        assert_ptr_equal(cursor, line + size);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_numbers_against_library),
        cmocka_unit_test(test_sizes),   cmocka_unit_test(test_bools),
        cmocka_unit_test(test_words),   cmocka_unit_test(test_random_lines),
    };

    unit_begin("parse");
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
