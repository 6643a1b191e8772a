/*
 * Slabs. A slab is a block of frames: a header, then objects of one stride. Free objects of a slab
 * form a list through their first word. A cache keeps the slabs that have a free object; full slabs
 * are found again through the frame of the object.
 *
 * Invariants: slab->free has slab->cache->objects - slab->used objects; a slab is on cache->partial
 * exactly if that is > 0; an empty slab goes back to the frames unless it is the only partial one.
 *
 * Locks: each cache's own lock (interrupts off), then the frame allocator's. Cost: O(1).
 */
#include "mem/slab.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mem/fault_injection.h"
#include "mem/frame.h"

enum {
    POISON = 0x6b,
    SLAB_FRAMES_MAX_ORDER = 3,
};

struct slab {
    struct slab_cache *cache;
    struct slab *next, *previous; /* cache->partial */
    void *free;
    uint32_t used;
};

static struct spinlock caches_lock;
static struct slab_cache *caches;

static void cache_layout(struct slab_cache *cache)
{
    uint32_t header = (uint32_t)align_up(sizeof(struct slab), cache->align);

    cache->stride = (uint32_t)align_up(cache->size < sizeof(void *) ? sizeof(void *) : cache->size,
                                       cache->align);
    cache->order = 0;
    /* at least eight objects, or as many as the largest slab takes */
    while (cache->order < SLAB_FRAMES_MAX_ORDER &&
           (((uint32_t)PAGE_SIZE << cache->order) - header) / cache->stride < 8)
        cache->order++;
    cache->objects = (((uint32_t)PAGE_SIZE << cache->order) - header) / cache->stride;
    kernel_assert(cache->objects > 0);
}

static void cache_register(struct slab_cache *cache)
{
    uint64_t saved = spin_lock_irq(&caches_lock);

    if (!cache->registered) {
        cache_layout(cache);
        cache->next = caches;
        caches = cache;
        __atomic_store_n(&cache->registered, true, __ATOMIC_RELEASE);
    }
    spin_unlock_irq(&caches_lock, saved);
}

static void partial_push(struct slab_cache *cache, struct slab *slab)
{
    slab->previous = NULL;
    slab->next = cache->partial;
    if (slab->next)
        slab->next->previous = slab;
    cache->partial = slab;
}

static void partial_remove(struct slab_cache *cache, struct slab *slab)
{
    if (slab->previous)
        slab->previous->next = slab->next;
    else
        cache->partial = slab->next;
    if (slab->next)
        slab->next->previous = slab->previous;
}

static struct slab *slab_create(struct slab_cache *cache)
{
    struct frame *frame = frame_alloc(FRAME_SLAB, cache->order, FRAME_ATOMIC);

    if (!frame)
        return NULL;
    struct slab *slab = frame_address(frame);
    *slab = (struct slab){.cache = cache};
    char *object = (char *)slab + align_up(sizeof *slab, cache->align);
    void **link = &slab->free;
    for (uint32_t i = 0; i < cache->objects; i++, object += cache->stride) {
        *link = object;
        link = (void **)(void *)object;
    }
    *link = NULL;
    for (uint32_t i = 0; i < 1u << cache->order; i++) {
        frame[i].kind = FRAME_SLAB;
        frame[i].slab.cache = cache;
        frame[i].slab.slab = slab;
    }
    return slab;
}

/* An object of the cache; takes a new slab when there is none. Cache lock held. */
static void *object_take(struct slab_cache *cache)
{
    struct slab *slab = cache->partial;

    if (!slab) {
        slab = slab_create(cache);
        if (!slab)
            return NULL;
        cache->slabs++;
        partial_push(cache, slab);
    }
    void *object = slab->free;
    slab->free = *(void **)object;
    if (++slab->used == cache->objects)
        partial_remove(cache, slab);
    cache->in_use++;
    return object;
}

void *slab_alloc(struct slab_cache *cache)
{
    if (!__atomic_load_n(&cache->registered, __ATOMIC_ACQUIRE))
        cache_register(cache);
    if (allocation_fails())
        return NULL;
    uint64_t saved = spin_lock_irq(&cache->lock);
    void *object = object_take(cache);
    spin_unlock_irq(&cache->lock, saved);
    return object;
}

void *slab_alloc_zero(struct slab_cache *cache)
{
    void *object = slab_alloc(cache);

    if (object)
        memset(object, 0, cache->size);
    return object;
}

void slab_free(struct slab_cache *cache, void *object)
{
    struct slab *slab = frame_of_kernel(object)->slab.slab;
    struct frame *unused = NULL;

    kernel_assert(slab->cache == cache);
    if (DEBUG_CHECKS)
        memset(object, POISON, cache->stride);
    uint64_t saved = spin_lock_irq(&cache->lock);
    *(void **)object = slab->free;
    slab->free = object;
    cache->in_use--;
    if (slab->used-- == cache->objects) {
        partial_push(cache, slab);
    } else if (!slab->used && (slab->next || slab->previous)) {
        partial_remove(cache, slab);
        cache->slabs--;
        unused = frame_of_kernel(slab);
    }
    spin_unlock_irq(&cache->lock, saved);
    if (unused)
        frame_free(unused);
}

void slab_visit(void (*visit)(const struct slab_cache *cache, void *argument), void *argument)
{
    uint64_t saved = spin_lock_irq(&caches_lock);
    struct slab_cache *first = caches;

    spin_unlock_irq(&caches_lock, saved);
    for (struct slab_cache *cache = first; cache;
         cache = cache->next) /* caches are never removed */
        visit(cache, argument);
}
