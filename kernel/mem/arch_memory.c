/*
 * The memory that the architecture asks for: areas of one size for floating point state.
 */
#include "arch/context.h"
#include "lib/assert.h"
#include "mem/slab.h"

static struct slab_cache area_cache = {.name = "fpu-area", .align = 64};

void *arch_memory_alloc(size_t size)
{
    if (!area_cache.size)
        area_cache.size = (uint32_t)size;
    kernel_assert(size == area_cache.size);
    return slab_alloc_zero(&area_cache);
}

void arch_memory_free(void *pointer, size_t size)
{
    kernel_assert(size == area_cache.size);
    slab_free(&area_cache, pointer);
}
