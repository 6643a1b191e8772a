/*
 * Bytes and strings against the C library, with random content, alignment and overlap. Compiled
 * with lib_names.h: memcpy here is the kernel's.
 */
#include "unit.h"

#include "oracle.h"

#include "lib/string.h"

enum { SIZE = 200 };

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void random_fill(uint8_t *bytes, size_t size, uint64_t alphabet)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)unit_random(alphabet);
}

/* Moves inside a buffer against a byte loop through a second buffer. */
static void test_moves(void **state)
{
    uint8_t bytes[SIZE], expected[SIZE], copy[SIZE];

    (void)state;
    for (uint64_t n = unit_rounds(60000); n > 0; n--) {
        size_t from = unit_random(SIZE);
        size_t to = unit_random(SIZE);
        size_t size = unit_random(SIZE - (from > to ? from : to) + 1);

        random_fill(bytes, SIZE, 256);
        for (size_t i = 0; i < SIZE; i++)
            copy[i] = expected[i] = bytes[i];
        for (size_t i = 0; i < size; i++)
            expected[to + i] = copy[from + i];
        assert_ptr_equal(memmove(bytes + to, bytes + from, size), bytes + to);
        assert_memory_equal(bytes, expected, SIZE);
        assert_ptr_equal(memcpy(bytes + to, copy + from, size), bytes + to);
        assert_memory_equal(bytes, expected, SIZE);
    }
}

static void test_set(void **state)
{
    uint8_t bytes[SIZE], expected[SIZE];

    (void)state;
    for (uint64_t n = unit_rounds(20000); n > 0; n--) {
        size_t from = unit_random(SIZE);
        size_t size = unit_random(SIZE - from + 1);
        int byte = (int)unit_random(1024) - 512;

        random_fill(bytes, SIZE, 256);
        for (size_t i = 0; i < SIZE; i++)
            expected[i] = i >= from && i < from + size ? (uint8_t)byte : bytes[i];
        assert_ptr_equal(memset(bytes + from, byte, size), bytes + from);
        assert_memory_equal(bytes, expected, SIZE);
    }
}

/* Short alphabets make equal stretches and zero bytes likely. */
static void test_against_library(void **state)
{
    const struct string_oracle *oracle = string_oracle();
    char a[40], b[40];

    (void)state;
    for (uint64_t n = unit_rounds(60000); n > 0; n--) {
        size_t limit = unit_random(sizeof(a));
        int byte = (int)unit_random(4) + (unit_chance(8) ? 256 : 0);
        uint64_t alphabet = unit_chance(4) ? 256 : 4;

        random_fill((uint8_t *)a, sizeof(a), alphabet);
        random_fill((uint8_t *)b, unit_random(sizeof(b)), alphabet);
        a[sizeof(a) - 1] = b[unit_random(sizeof(b))] = b[sizeof(b) - 1] = '\0';
        assert_int_equal(sign(memcmp(a, b, limit)), sign(oracle->memcmp(a, b, limit)));
        assert_ptr_equal(memchr(a, byte, limit), oracle->memchr(a, byte, limit));
        assert_int_equal(strlen(a), oracle->strlen(a));
        assert_int_equal(strnlen(a, limit), oracle->strnlen(a, limit));
        assert_int_equal(sign(strcmp(a, b)), sign(oracle->strcmp(a, b)));
        assert_int_equal(sign(strncmp(a, b, limit)), sign(oracle->strncmp(a, b, limit)));
        assert_ptr_equal(strchr(a, byte), oracle->strchr(a, byte));
        assert_ptr_equal(strrchr(a, byte), oracle->strrchr(a, byte));
        assert_ptr_equal(strstr(a, b), oracle->strstr(a, b));
        assert_int_equal(strspn(a, b), oracle->strspn(a, b));
        assert_int_equal(strcspn(a, b), oracle->strcspn(a, b));
    }
}

static void test_strlcpy(void **state)
{
    char to[4] = "zzz";

    (void)state;
    assert_int_equal(strlcpy(to, "abcdef", 0), 6);
    assert_string_equal(to, "zzz");
    assert_int_equal(strlcpy(to, "abcdef", sizeof(to)), 6);
    assert_string_equal(to, "abc");
    assert_int_equal(strlcpy(to, "ab", sizeof(to)), 2);
    assert_string_equal(to, "ab");
    assert_int_equal(strlcpy(to, "", 1), 0);
    assert_string_equal(to, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_against_library),
        cmocka_unit_test(test_strlcpy),
    };

    unit_begin("string");
    return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}
