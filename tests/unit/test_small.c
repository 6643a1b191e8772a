/*
 * The small functions of container.h and hash.h, at their borders.
 */
#include "unit.h"

#include "lib/container.h"
#include "lib/hash.h"

struct outer {
    char before;
    int member;
};

static void test_container(void **state)
{
    struct outer outer;
    int *member = &outer.member;
    int array[7];

    (void)state;
    assert_ptr_equal(container_of(member, struct outer, member), &outer);
    assert_int_equal(array_size(array), 7);
}

static void test_arithmetic(void **state)
{
    (void)state;
    assert_int_equal(min_u64(3, UINT64_MAX), 3);
    assert_int_equal(max_u64(3, UINT64_MAX), UINT64_MAX);
    assert_int_equal(min_size(1, 2), 1);
    assert_int_equal(max_size(1, 2), 2);
    assert_false(is_power_of_two(0));
    assert_true(is_power_of_two(1));
    assert_true(is_power_of_two(UINT64_C(1) << 63));
    assert_false(is_power_of_two(UINT64_MAX));
    assert_int_equal(align_up(0, 4096), 0);
    assert_int_equal(align_up(1, 4096), 4096);
    assert_int_equal(align_up(4096, 4096), 4096);
    assert_int_equal(align_down(8191, 4096), 4096);
    assert_true(is_aligned(8192, 4096));
    assert_false(is_aligned(8193, 4096));
    assert_int_equal(divide_up(0, 7), 0);
    assert_int_equal(divide_up(UINT64_MAX, 2), UINT64_C(1) << 63);
}

static void test_logarithms(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < 64; n++) {
        uint64_t power = UINT64_C(1) << n;

        assert_int_equal(log2_floor(power), n);
        assert_int_equal(log2_ceil(power), n);
        if (n > 1) {
            assert_int_equal(log2_floor(power - 1), n - 1);
            assert_int_equal(log2_ceil(power - 1), n);
        }
    }
}

/* Neighbouring keys spread over a small table about evenly: no bucket holds three times its share.
 */
static void test_hash(void **state)
{
    enum { BUCKETS = 64, KEYS = 64 * 100 };
    unsigned int numbers[BUCKETS] = {0};
    unsigned int texts[BUCKETS] = {0};

    (void)state;
    for (uint32_t key = 0; key < KEYS; key++) {
        numbers[hash_u64(key) % BUCKETS]++;
        texts[hash_bytes(&key, sizeof(key), 0) % BUCKETS]++;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        assert_in_range(numbers[i], 33, 300);
        assert_in_range(texts[i], 33, 300);
    }
    assert_int_not_equal(hash_bytes("ab", 2, 0), hash_bytes("ab", 2, 1));
    assert_int_not_equal(hash_bytes("ab", 2, 0), hash_bytes("ab", 1, 0));
    assert_int_equal(hash_pointer(&numbers[0]), hash_u64((uint64_t)(uintptr_t)&numbers[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_logarithms),
        cmocka_unit_test(test_hash),
    };

    unit_begin("small");
    return cmocka_run_group_tests_name("small", tests, NULL, NULL);
}
