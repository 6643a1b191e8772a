/*
 * What the unit tests have in common: cmocka, repeatable random numbers, an allocator that counts
 * and fails on demand, and counted objects.
 *
 * UNIT_SEED in the environment repeats a run; the seed is printed by unit_begin. UNIT_ROUNDS
 * multiplies the number of operations (1 by default).
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Prints and takes the seed. Call first in main. */
void unit_begin(const char *name);

/* `operations` times UNIT_ROUNDS. */
uint64_t unit_rounds(uint64_t operations);

/* A number in [0, limit); limit is not 0. */
uint64_t unit_random(uint64_t limit);

/* True once in `times` calls on average. */
bool unit_chance(uint64_t times);

/* Allocation. After unit_fail_at(n) the n-th allocation from now fails, once; 0: none does. */
void *unit_alloc(size_t size);
void unit_free(void *memory);
void unit_fail_at(uint64_t n);

/* Whether a failure is still to come. */
bool unit_fail_pending(void);

/* Allocations ever made, and those not freed. Safe with threads. */
uint64_t unit_allocations(void);
uint64_t unit_live(void);

/* Objects with counts. A put below zero and a get from zero end the test. Safe with threads. */
struct unit_object {
    _Atomic int64_t refs;
};
void unit_object_get(void *object);
void unit_object_put(void *object);

#endif
