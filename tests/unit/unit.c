/*
 * Common parts of the unit tests; see unit.h.
 */
#include "unit.h"

#include "oracle.h"

#include "lib/assert.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t random_state;
static _Atomic uint64_t allocations, live;
static uint64_t fail_countdown;

_Noreturn void assert_failed(const char *expression, const char *file, int line,
                             const char *function)
{
    fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, function, expression);
    abort();
}

void unit_begin(const char *name)
{
    const char *seed = getenv("UNIT_SEED");

    random_state = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
    printf("%s: UNIT_SEED=%llu\n", name, (unsigned long long)random_state);
    fflush(stdout);
    random_state = random_state * 0x9e3779b97f4a7c15u + 1;
}

uint64_t unit_rounds(uint64_t operations)
{
    const char *rounds = getenv("UNIT_ROUNDS");

    return operations * (rounds != NULL ? strtoull(rounds, NULL, 0) : 1);
}

uint64_t unit_random(uint64_t limit)
{
    uint64_t value;

    random_state += 0x9e3779b97f4a7c15u;
    value = (random_state ^ (random_state >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return (value ^ (value >> 31)) % limit;
}

bool unit_chance(uint64_t times)
{
    return unit_random(times) == 0;
}

void *unit_alloc(size_t size)
{
    void *memory;

    if (fail_countdown > 0 && --fail_countdown == 0)
        return NULL;
    memory = malloc(size);
    if (memory == NULL)
        abort();
    memset(memory, 0xa5, size);
    allocations++;
    live++;
    return memory;
}

void unit_free(void *memory)
{
    live--;
    free(memory);
}

void unit_fail_at(uint64_t n)
{
    fail_countdown = n;
}

bool unit_fail_pending(void)
{
    return fail_countdown > 0;
}

uint64_t unit_allocations(void)
{
    return allocations;
}

uint64_t unit_live(void)
{
    return live;
}

void unit_object_get(void *object)
{
    if (atomic_fetch_add(&((struct unit_object *)object)->refs, 1) <= 0)
        abort();
}

void unit_object_put(void *object)
{
    if (atomic_fetch_sub(&((struct unit_object *)object)->refs, 1) <= 0)
        abort();
}

const struct string_oracle *string_oracle(void)
{
    static const struct string_oracle oracle = {
        memcmp, memchr, strlen, strnlen, strcmp, strncmp, strchr, strrchr, strstr, strspn, strcspn,
    };

    return &oracle;
}
