/*
 * Memory of any size: caches of powers of two (and the sizes between) up to half a slab, whole
 * blocks of frames above. A pointer's frame tells which it was.
 */
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/slab.h"

static struct slab_cache heap_caches[] = {
    SLAB_CACHE("heap-16", 16),     SLAB_CACHE("heap-32", 32),   SLAB_CACHE("heap-64", 64),
    SLAB_CACHE("heap-96", 96),     SLAB_CACHE("heap-128", 128), SLAB_CACHE("heap-192", 192),
    SLAB_CACHE("heap-256", 256),   SLAB_CACHE("heap-512", 512), SLAB_CACHE("heap-1024", 1024),
    SLAB_CACHE("heap-2048", 2048),
};

static struct slab_cache *heap_cache(size_t size)
{
    for (size_t i = 0; i < array_size(heap_caches); i++)
        if (size <= heap_caches[i].size)
            return &heap_caches[i];
    return NULL;
}

void *heap_alloc(size_t size)
{
    struct slab_cache *cache = heap_cache(size);

    if (cache)
        return slab_alloc(cache);
    if (size > (size_t)PAGE_SIZE << FRAME_ORDER_MAX)
        return NULL;
    unsigned order = 0;
    while (((size_t)PAGE_SIZE << order) < size)
        order++;
    struct frame *frame = frame_alloc(FRAME_HEAP, order, FRAME_ATOMIC);
    return frame ? frame_address(frame) : NULL;
}

void *heap_alloc_zero(size_t size)
{
    void *pointer = heap_alloc(size);

    if (pointer)
        memset(pointer, 0, size);
    return pointer;
}

void heap_free(void *pointer)
{
    if (!pointer)
        return;
    struct frame *frame = frame_of_kernel(pointer);
    if (frame->kind == FRAME_SLAB) {
        slab_free(frame->slab.cache, pointer);
        return;
    }
    kernel_assert(frame->kind == FRAME_HEAP);
    frame_free(frame);
}

void *heap_copy(const void *from, size_t size)
{
    void *copy = heap_alloc(size);

    if (copy)
        memcpy(copy, from, size);
    return copy;
}

char *heap_string(const char *text)
{
    return heap_copy(text, strlen(text) + 1);
}
