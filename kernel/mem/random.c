/*
 * ChaCha20 with fast key erasure: each request makes a block whose first half becomes the next key
 * and is never given out, so that a later look at memory does not tell what was given out before.
 *
 * Locks: random_lock (interrupts off). Cost: one block, about 3,500 instructions, per 32 bytes.
 */
#include "mem/random.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "lib/container.h"
#include "lib/string.h"
#include "sched/spin.h"

enum {
    KEY_WORDS = 8,
    BLOCK_WORDS = 16,
    ROUNDS = 20,
};

static struct spinlock random_lock;
static uint32_t key[KEY_WORDS];
static uint64_t counter;
static uint8_t fresh[sizeof key]; /* made and not yet given out: the first fresh_count bytes */
static size_t fresh_count;

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

static void block_make(uint32_t *out)
{
    uint32_t start[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(&start[4], key, sizeof key);
    start[12] = (uint32_t)counter;
    start[13] = (uint32_t)(counter >> 32);
    counter++;
    memcpy(out, start, sizeof start);
    for (unsigned i = 0; i < ROUNDS; i += 2) {
        for (unsigned column = 0; column < 4; column++)
            quarter_round(out, column, 4 + column, 8 + column, 12 + column);
        for (unsigned column = 0; column < 4; column++)
            quarter_round(out, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
                          12 + (column + 3) % 4);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += start[i];
}

/* 32 fresh bytes; the key moves on. random_lock held. */
static void step(uint8_t *out)
{
    uint32_t block[BLOCK_WORDS];

    block_make(block);
    memcpy(key, block, sizeof key);
    memcpy(out, &block[KEY_WORDS], sizeof key);
    memset(block, 0, sizeof block);
}

/* Takes from the bytes that the last step left, each forgotten as it is given out. random_lock
 * held. */
static size_t take(uint8_t *out, size_t count)
{
    if (!fresh_count) {
        step(fresh);
        fresh_count = sizeof fresh;
    }
    size_t part = min_size(count, fresh_count);
    fresh_count -= part;
    memcpy(out, fresh + fresh_count, part);
    memset(fresh + fresh_count, 0, part);
    return part;
}

void random_fill(void *buffer, size_t count)
{
    uint8_t *out = buffer;
    uint64_t saved = spin_lock_irq(&random_lock);

    for (size_t part; count; out += part, count -= part)
        part = take(out, count);
    spin_unlock_irq(&random_lock, saved);
}

uint64_t random_u64(void)
{
    uint64_t value;

    random_fill(&value, sizeof value);
    return value;
}

void random_mix(const void *bytes, size_t count)
{
    const uint8_t *in = bytes;
    uint8_t out[sizeof key];
    uint64_t saved = spin_lock_irq(&random_lock);

    for (size_t i = 0; i < count; i++) {
        ((uint8_t *)key)[i % sizeof key] ^= in[i];
        if (i % sizeof key == sizeof key - 1 || i == count - 1)
            step(out);
    }
    spin_unlock_irq(&random_lock, saved);
}

void random_init(uint64_t seed)
{
    for (unsigned i = 0; i < KEY_WORDS / 2; i++) {
        uint64_t word = seed;
        if (!seed && !cpu_random(&word))
            word = clock_wall_at_boot() + clock_monotonic() * (i + 1);
        memcpy(&key[2 * i], &word, sizeof word);
    }
}
