/*
 * The kernel's random generator: ChaCha20 (RFC 8439) with fast key erasure, seeded from the
 * processor and the clock, or from the boot parameter seed=N, for machines that must repeat
 * exactly.
 */
#ifndef MEM_RANDOM_H
#define MEM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* seed 0: from the machine. */
void random_init(uint64_t seed);
/* Fills with unpredictable bytes. Any context. */
void random_fill(void *buffer, size_t count);
uint64_t random_u64(void);
/* Mixes bytes that somebody wrote to /dev/random into the state. */
void random_mix(const void *bytes, size_t count);

#endif
