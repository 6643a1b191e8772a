/*
 * Address spaces: life, fork, and the list of all of them. Theory in space.h and table.h.
 */
#include "mem/space.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/reclaim.h"
#include "mem/slab.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include "sched/thread.h"
#include <linux/mman.h>

static struct slab_cache space_cache = SLAB_CACHE("space", sizeof(struct space));
static struct slab_cache node_cache = SLAB_CACHE("map-node", sizeof(struct map_node));

/* All spaces, for truncate. spaces_lock may be taken with any other lock of this file held and is
 * held for O(1) only. */
static struct spinlock spaces_lock;
static TAILQ_HEAD(, space) spaces = TAILQ_HEAD_INITIALIZER(spaces);

static void *node_alloc(void)
{
    return slab_alloc(&node_cache);
}

static void node_free(void *node)
{
    slab_free(&node_cache, node);
}

static void source_get(void *object)
{
    struct map_source *source = object;

    atomic_fetch_add(&source->backing->mapped, 1);
    source->get(source);
}

static void source_put(void *object)
{
    struct map_source *source = object;

    atomic_fetch_sub(&source->backing->mapped, 1);
    source->put(source);
}

const struct map_tree_ops space_map_ops = {node_alloc, node_free, source_get, source_put, NULL};

/* A space that is not on the list yet, with an empty root. */
static struct space *space_alloc(void)
{
    struct space *space = slab_alloc_zero(&space_cache);

    if (!space)
        return NULL;
    atomic_store_explicit(&space->refs, 1, memory_order_relaxed);
    space->root = table_alloc();
    if (!space->root) {
        slab_free(&space_cache, space);
        return NULL;
    }
    mmu_init(&space->mmu, frame_address(space->root));
    return space;
}

static void space_publish(struct space *space)
{
    uint64_t saved = spin_lock_irq(&spaces_lock);

    TAILQ_INSERT_TAIL(&spaces, space, link);
    spin_unlock_irq(&spaces_lock, saved);
}

struct space *space_create(void)
{
    struct space *space = space_alloc();

    if (space)
        space_publish(space);
    return space;
}

struct space *space_get(struct space *space)
{
    atomic_fetch_add_explicit(&space->refs, 1, memory_order_relaxed);
    return space;
}

/* Takes an unpublished or unlisted space apart. */
static void space_drop(struct space *space)
{
    while (!map_tree_drop_some(&space_map_ops, &space->maps, 256))
        sched_point();
    map_tree_drop(&space_map_ops, &space->exceptions);
    table_drop_root(space);
    mmu_drop(&space->mmu);
    table_free(space->root);
    slab_free(&space_cache, space);
}

void space_put(struct space *space)
{
    if (!space || atomic_fetch_sub_explicit(&space->refs, 1, memory_order_acq_rel) != 1)
        return;
    uint64_t saved = spin_lock_irq(&spaces_lock);
    TAILQ_REMOVE(&spaces, space, link);
    spin_unlock_irq(&spaces_lock, saved);
    space_drop(space);
}

/* --- fork --- */

/* What a mapping that asked for it is to a child: nothing, or fresh memory, or not locked. Works on
 * the child alone. */
static int except_mapping(struct space *child, uint64_t start, uint64_t end, uint32_t flags)
{
    struct map_change unlock = {.flags_clear = MAPPING_LOCKED};
    int error = 0;

    if (flags & (MAPPING_DONTFORK | MAPPING_WIPEONFORK))
        error = table_zap(child, start, end);
    if (error)
        return error;
    if (flags & MAPPING_DONTFORK)
        return space_maps_erase(child, start, end);
    if (flags & MAPPING_LOCKED)
        return space_maps_change(child, start, end, &unlock);
    return 0;
}

/* The child begins with its parent's list of exceptions and applies it; O(exceptions). */
static int fork_exceptions(struct space *child, const struct map_tree *exceptions)
{
    const struct mapping *at;
    int error = 0;

    for (uint64_t from = 0; !error && (at = map_tree_next(exceptions, from)); from = at->end)
        error = except_mapping(child, at->start, at->end, at->flags);
    return error;
}

int space_fork(struct space *parent, unsigned depth, struct space **result)
{
    struct space *child = space_alloc();
    int error = 0;

    if (!child)
        return -ENOMEM;
    mutex_lock(&parent->lock);
    table_fork_root(child, parent);
    map_tree_fork(&child->maps, &parent->maps);
    child->layout = parent->layout;
    child->data_pages = parent->data_pages;
    child->locked_pages = parent->locked_pages;
    mmu_flush(&parent->mmu);
    if (parent->exceptions.root) {
        struct map_tree exceptions = {0};
        map_tree_fork(&exceptions, &parent->exceptions);
        map_tree_fork(&child->exceptions, &parent->exceptions);
        error = fork_exceptions(child, &exceptions);
        map_tree_drop(&space_map_ops, &exceptions);
    }
    if (!error && depth)
        error = table_own_all(child, depth > 1);
    if (!error && depth)
        error = map_tree_own_all(&space_map_ops, &child->maps);
    child->resident_peak = child->root->table.anonymous + (uint64_t)child->root->table.file;
    if (!error)
        space_publish(child); /* behind its parent, and before that is unlocked: a truncation that
                                 missed it here meets it there */
    mutex_unlock(&parent->lock);
    if (error)
        space_drop(child);
    else
        *result = child;
    return error;
}

/* --- truncation --- */

struct file_zap {
    struct table_visit visit;
    struct space *space;
};

static void zap_file_leaf(struct table_visit *visit, uint64_t address, unsigned level,
                          struct pte *entry)
{
    struct file_zap *zap = visit->argument;

    if (level == 0 && (pte_flags(pte_load(entry)) & PTE_LEAF_FILE))
        table_clear_leaf(zap->space, address, 0, entry - mmu_index(address, 0));
}

/* Removes the translations of [start, end), or with !all only those that still are the file's
 * pages. */
static int zap_addresses(struct space *space, uint64_t start, uint64_t end, bool all)
{
    struct file_zap zap = {.space = space};

    if (all)
        return table_zap(space, start, end);
    zap.visit = (struct table_visit){zap_file_leaf, &zap};
    int error = table_own_range(space, start, end);
    if (!error)
        table_visit_owned(space, start, end, &zap.visit);
    return error;
}

static int zap_in_space(struct space *space, struct backing *backing, uint64_t first, uint64_t last,
                        bool all)
{
    const struct mapping *map;
    int error = 0;

    for (uint64_t from = 0; !error && (map = map_tree_next(&space->maps, from)); from = map->end) {
        struct map_source *source = map->object;
        if (!source || source->backing != backing)
            continue;
        uint64_t low = map->offset >> PAGE_SHIFT,
                 high = low + ((map->end - map->start) >> PAGE_SHIFT);
        uint64_t a = first > low ? first : low, b = last < high ? last : high;
        if (a < b)
            error = zap_addresses(space, map->start + ((a - low) << PAGE_SHIFT),
                                  map->start + ((b - low) << PAGE_SHIFT),
                                  all || (map->flags & MAPPING_SHARED));
    }
    return error;
}

/* The space after `space` in the list (NULL: the first) with a reference; drops the one on `space`.
 */
static struct space *spaces_next(struct space *space)
{
    uint64_t saved = spin_lock_irq(&spaces_lock);
    struct space *next = space ? TAILQ_NEXT(space, link) : TAILQ_FIRST(&spaces);

    while (next) {
        uint32_t refs = atomic_load(&next->refs);
        if (refs && atomic_compare_exchange_strong(&next->refs, &refs, refs + 1))
            break;
        if (!refs)
            next = TAILQ_NEXT(next, link);
    }
    spin_unlock_irq(&spaces_lock, saved);
    space_put(space);
    return next;
}

void space_zap_backing(struct backing *backing, uint64_t first, uint64_t end, bool even_private)
{
    if (!atomic_load(&backing->mapped))
        return;
    for (struct space *space = spaces_next(NULL); space; space = spaces_next(space)) {
        int error;
        do {
            mutex_lock(&space->lock);
            error = zap_in_space(space, backing, first, end, even_private);
            mutex_unlock(&space->lock);
            if (error && !reclaim_or_kill())
                sched_yield(); /* memory for a border table: somebody will give some back */
        } while (error);
    }
}

bool space_backing_written(struct backing *backing)
{
    bool found = false;

    for (struct space *space = spaces_next(NULL); space; space = spaces_next(space)) {
        const struct mapping *map;
        mutex_lock(&space->lock);
        for (uint64_t from = 0; !found && (map = map_tree_next(&space->maps, from));
             from = map->end) {
            struct map_source *source = map->object;
            found = source && source->backing == backing && (map->flags & MAPPING_SHARED) &&
                    !(map->flags & MAPPING_MAY_NOT_WRITE);
        }
        mutex_unlock(&space->lock);
    }
    return found;
}
