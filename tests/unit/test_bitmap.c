/*
 * Bitmaps against an array of bool.
 */
#include "unit.h"

#include "lib/bitmap.h"

enum { BITS = 331 };

static uint64_t map[BITMAP_WORDS(BITS)];
static bool model[BITS];

static size_t model_next(bool wanted, size_t from)
{
    while (from < BITS && model[from] != wanted)
        from++;
    return from < BITS ? from : BITS;
}

static size_t model_run(size_t from, size_t count, size_t align)
{
    for (size_t start = from; start + count <= BITS; start++) {
        if (start % align == 0 && model_next(true, start) >= start + count)
            return start;
    }
    return BITS;
}

static void change(size_t first, size_t count)
{
    bool value = unit_chance(3);

    if (count == 1 && value)
        bitmap_set(map, first);
    else if (count == 1)
        bitmap_clear(map, first);
    else if (value)
        bitmap_set_run(map, first, count);
    else
        bitmap_clear_run(map, first, count);
    for (size_t i = first; i < first + count; i++)
        model[i] = value;
}

static void test_random(void **state)
{
    (void)state;
    /* Bits past the end are set, and must never be seen. */
    map[BITS / 64] = UINT64_MAX << BITS % 64;
    for (uint64_t n = unit_rounds(100000); n > 0; n--) {
        size_t first = unit_random(BITS);
        size_t from = unit_random(BITS + 40);
        size_t count = 1 + unit_random(unit_chance(4) ? 150 : 10);
        size_t align = (size_t)1 << unit_random(5);
        size_t total = 0;

        change(first, unit_random(unit_chance(8) ? BITS - first + 1 : 2));
        assert_int_equal(bitmap_test(map, first), model[first]);
        assert_int_equal(bitmap_next_set(map, BITS, from), model_next(true, from));
        assert_int_equal(bitmap_next_clear(map, BITS, from), model_next(false, from));
        assert_int_equal(bitmap_find_clear_run(map, BITS, from, count, align),
                         model_run(from, count, align));
        for (size_t i = 0; i < BITS; i++)
            total += model[i];
        assert_int_equal(bitmap_count(map, BITS), total);
    }
    assert_int_equal(map[BITS / 64] >> BITS % 64, UINT64_MAX >> BITS % 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

    unit_begin("bitmap");
    return cmocka_run_group_tests_name("bitmap", tests, NULL, NULL);
}
