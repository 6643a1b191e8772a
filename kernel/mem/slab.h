/*
 * Objects of one size in slabs of frames (Bonwick, "The Slab Allocator", 1994), and a heap of
 * power-of-two caches above them. Nothing here sleeps; any context but NMI. Debug kernels poison
 * what is freed.
 */
#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include "sched/spin.h"
#include <stddef.h>
#include <stdint.h>

struct slab;

/* Declared statically by its user: struct slab_cache cache = SLAB_CACHE("name", sizeof(struct x));
 */
struct slab_cache {
    const char *name;
    uint32_t size; /* bytes per object */
    uint32_t align;
    struct spinlock lock;
    struct slab *partial; /* slabs with a free object */
    uint32_t objects;     /* per slab, computed on first use */
    uint32_t stride, order;
    uint64_t in_use, slabs; /* lock */
    uint64_t idle; /* of those in use: waiting with their owner, under its lock; no leaks */
    struct slab_cache *next; /* list of all caches, made on first use */
    bool registered;
};

#define SLAB_CACHE(cache_name, object_size)                      \
    {                                                            \
        .name = (cache_name), .size = (object_size), .align = 16 \
    }

/* An object, contents undefined; NULL: no memory, or fault injection. */
void *slab_alloc(struct slab_cache *cache);
/* The same, zeroed. */
void *slab_alloc_zero(struct slab_cache *cache);
void slab_free(struct slab_cache *cache, void *object);
/* Calls visit for each cache that was ever used. */
void slab_visit(void (*visit)(const struct slab_cache *cache, void *argument), void *argument);

/* Heap: any size up to 4 MiB. NULL: no memory. heap_free(NULL) is legal. */
void *heap_alloc(size_t size);
void *heap_alloc_zero(size_t size);
void heap_free(void *pointer);
/* A copy of `size` bytes / of a string. */
void *heap_copy(const void *from, size_t size);
char *heap_string(const char *text);

#endif
