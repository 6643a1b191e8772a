/*
 * The ring of bytes against a long array with two ends, also across the wrap of its 32-bit
 * counters.
 */
#include "unit.h"

#include "lib/ring.h"

#include <string.h>

enum { SIZE = 64, LONG = 1 << 21 };

static uint8_t stream[LONG]; /* everything ever written */
static size_t written, taken;

static void check(const struct ring *ring)
{
    uint8_t bytes[SIZE + 8];
    size_t used = written - taken;
    size_t skip = unit_random(SIZE + 8);
    size_t expected = skip < used ? used - skip : 0;

    assert_int_equal(ring_used(ring), used);
    assert_int_equal(ring_free(ring), SIZE - used);
    assert_int_equal(ring_peek(ring, skip, bytes, sizeof(bytes)), expected);
    assert_memory_equal(bytes, stream + taken + (expected > 0 ? skip : 0), expected);
}

static void do_write(struct ring *ring, bool over)
{
    uint8_t bytes[2 * SIZE];
    size_t size = unit_random(sizeof(bytes));
    size_t room = SIZE - (written - taken);
    size_t stored = size < room ? size : room;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)unit_random(256);
    if (over) {
        ring_write_over(ring, bytes, size);
        stored = size;
    } else {
        assert_int_equal(ring_write(ring, bytes, size), stored);
    }
    memcpy(stream + written, bytes, stored);
    written += stored;
    if (written - taken > SIZE)
        taken = written - SIZE;
}

static void do_read(struct ring *ring)
{
    uint8_t bytes[SIZE + 8];
    size_t size = unit_random(sizeof(bytes));
    size_t expected = size < written - taken ? size : written - taken;

    if (unit_chance(4)) {
        assert_int_equal(ring_read(ring, NULL, size), expected);
    } else {
        assert_int_equal(ring_read(ring, bytes, size), expected);
        assert_memory_equal(bytes, stream + taken, expected);
    }
    taken += expected;
}

static void do_spans(struct ring *ring)
{
    uint8_t *bytes;
    size_t size = ring_write_span(ring, &bytes);

    if (size > 0) {
        *bytes = stream[written++] = (uint8_t)unit_random(256);
        ring_produce(ring, 1);
    }
    size = ring_read_span(ring, &bytes);
    assert_memory_equal(bytes, stream + taken, size);
    ring_consume(ring, size);
    taken += size;
}

static void do_unwrite(struct ring *ring)
{
    uint8_t byte;

    assert_int_equal(ring_unwrite(ring, &byte), written > taken);
    if (written > taken)
        assert_int_equal(byte, stream[--written]);
}

static void test_random(void **state)
{
    uint8_t buffer[SIZE];
    struct ring ring;

    (void)state;
    ring_init(&ring, buffer, SIZE);
    ring.head = ring.tail = UINT32_MAX - 1000;
    for (uint64_t n = 120000; n > 0; n--) {
        if (written > LONG - 4 * SIZE) {
            written = taken = 0;
            ring_clear(&ring);
        }
        switch (unit_random(8)) {
        case 0 ... 2:
            do_write(&ring, false);
            break;
        case 3:
            do_write(&ring, true);
            break;
        case 4 ... 5:
            do_read(&ring);
            break;
        case 6:
            do_spans(&ring);
            break;
        default:
            do_unwrite(&ring);
            break;
        }
        check(&ring);
    }
}

static void test_zeroed(void **state)
{
    struct ring ring = {0};
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(ring_write(&ring, &byte, 1), 0);
    ring_write_over(&ring, &byte, 1);
    assert_int_equal(ring_read(&ring, &byte, 1), 0);
    assert_int_equal(ring_peek(&ring, 0, &byte, 1), 0);
    assert_false(ring_unwrite(&ring, &byte));
    assert_int_equal(ring_free(&ring), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random),
                                       cmocka_unit_test(test_zeroed)};

    unit_begin("ring");
    return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
