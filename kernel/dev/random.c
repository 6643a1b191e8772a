/*
 * The random number generator: ChaCha20 (RFC 8439) with fast key erasure (Bernstein, "Fast-key-erasure random-number generators", 2017).
 *
 * Each request makes a key of its own from the generator's, which is replaced in the same step, so that nothing can be computed
 * backwards from what a later reader of kernel memory finds. Fresh hardware randomness and the time are mixed in at every request.
 * What programs write to the devices is mixed in too; it can only add.
 *
 * Lock: generator.lock, held for one block.
 */
#include "dev/random.h"

#include "arch/cpu.h"
#include "arch/time.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "fs/device.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/uio.h"
#include "mem/user.h"
#include "sched/spin.h"
#include <linux/capability.h>
#include <linux/random.h>
#include <linux/stat.h>

enum {
    KEY_WORDS = 8,
    BLOCK_WORDS = 16,
    BLOCK = 64,
    CHUNK = 256,
    DOUBLE_ROUNDS = 10,
    ENTROPY_BITS = 256, /* what RNDGETENTCNT tells: the generator is always ready */
};

static struct {
    struct spinlock lock;
    uint32_t key[KEY_WORDS];
} generator;

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static void chacha_block(const uint32_t *key, uint64_t counter, uint32_t *out)
{
    uint32_t start[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(start + 4, key, KEY_WORDS * sizeof(*key));
    start[12] = (uint32_t)counter;
    start[13] = (uint32_t)(counter >> 32);
    memcpy(out, start, BLOCK);
    for (unsigned i = 0; i < DOUBLE_ROUNDS; i++) {
        for (unsigned column = 0; column < 4; column++)
            quarter_round(out, column, 4 + column, 8 + column, 12 + column);
        for (unsigned column = 0; column < 4; column++)
            quarter_round(out, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
                          12 + (column + 3) % 4);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += start[i];
}

/* Adds fresh input, then replaces the key by half a block and gives the other half away. */
static void key_make(uint32_t *key, const uint32_t *input)
{
    uint32_t block[BLOCK_WORDS];
    uint64_t fresh = 0;

    spin_lock(&generator.lock);
    cpu_random(&fresh);
    fresh ^= clock_monotonic() * UINT64_C(0x9e3779b97f4a7c15);
    generator.key[0] ^= (uint32_t)fresh;
    generator.key[1] ^= (uint32_t)(fresh >> 32);
    for (unsigned i = 0; input && i < KEY_WORDS; i++)
        generator.key[i] ^= input[i];
    chacha_block(generator.key, 0, block);
    memcpy(generator.key, block, sizeof(generator.key));
    spin_unlock(&generator.lock);
    memcpy(key, block + KEY_WORDS, sizeof(generator.key));
}

/* The first request finds a key of hardware randomness and the time at which the machine was started. */
static void seed(void)
{
    uint64_t words[KEY_WORDS / 2];
    uint32_t key[KEY_WORDS];

    for (size_t i = 0; i < array_size(words); i++) {
        words[i] = clock_wall_at_boot() + i;
        cpu_random(&words[i]);
        words[i] ^= clock_monotonic();
    }
    key_make(key, (const uint32_t *)words);
}

void random_bytes(void *buffer, size_t count)
{
    uint8_t *to = buffer;
    uint32_t key[KEY_WORDS];
    uint32_t block[BLOCK_WORDS];

    key_make(key, NULL);
    for (uint64_t counter = 0; count; counter++) {
        size_t part = min_size(count, BLOCK);

        chacha_block(key, counter, block);
        memcpy(to, block, part);
        to += part;
        count -= part;
    }
}

long random_move(struct uio *uio)
{
    uint8_t bytes[CHUNK];
    long done = 0;

    while (uio->left && !(done && caller_interrupted())) {
        size_t count = min_size(uio->left, CHUNK);
        int64_t moved;

        random_bytes(bytes, count);
        moved = uio_move(uio, bytes, count);
        if (moved < 0)
            return done ? done : moved;
        done += moved;
        if ((size_t)moved < count)
            break;
    }
    return done;
}

/* --- the devices --- */

static int64_t device_read(struct file *file, struct uio *uio, uint64_t *position)
{
    return random_move(uio);
}

static int64_t device_write(struct file *file, struct uio *uio, uint64_t *position)
{
    size_t wanted = uio->left;

    while (uio->left) {
        uint32_t input[KEY_WORDS] = {0};
        uint32_t key[KEY_WORDS];

        if (uio_move(uio, input, min_size(uio->left, sizeof(input))) <= 0)
            return uio->left < wanted ? (int64_t)(wanted - uio->left) : -EFAULT;
        key_make(key, input);
    }
    return (int64_t)wanted;
}

static int64_t device_seek(struct file *file, int64_t offset, int whence)
{
    return (int64_t)file->position;
}

static int64_t device_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    int bits = ENTROPY_BITS;

    switch (command) {
    case RNDGETENTCNT:
        return copy_to_user((struct uaddr){argument}, &bits, sizeof(bits));
    case RNDADDTOENTCNT:
    case RNDZAPENTCNT:
    case RNDCLEARPOOL:
    case RNDRESEEDCRNG:
        /* There is no account of entropy to change. */
        return cred_capable(caller_cred(), CAP_SYS_ADMIN) ? 0 : -EPERM;
    default:
        return -ENOTTY;
    }
}

static const struct file_ops random_ops = {
    .read = device_read,
    .write = device_write,
    .seek = device_seek,
    .ioctl = device_ioctl,
};

static struct device devices[] = {
    {.name = "random",
     .type = S_IFCHR,
     .major = 1,
     .first_minor = 8,
     .count = 1,
     .mode = 0666,
     .ops = &random_ops},
    {.name = "urandom",
     .type = S_IFCHR,
     .major = 1,
     .first_minor = 9,
     .count = 1,
     .mode = 0666,
     .ops = &random_ops},
};

void random_devices_start(void)
{
    seed();
    for (size_t i = 0; i < array_size(devices); i++)
        device_register(&devices[i]);
}
