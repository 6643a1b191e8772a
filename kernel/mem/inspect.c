/*
 * Looking at address spaces: for /proc, mincore, futexes and access from outside. Nothing here
 * copies a shared table, except to write.
 */
#include "arch/trap.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/slab.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include "mem/table_node.h"
#include "mem/uio.h"
#include <linux/mman.h>

bool space_mapping_next(struct space *space, uint64_t address, struct mapping *mapping)
{
    mutex_lock(&space->lock);
    const struct mapping *found = map_tree_next(&space->maps, address);
    if (found) {
        *mapping = *found;
        if (mapping->object)
            space_map_ops.object_get(mapping->object);
    }
    mutex_unlock(&space->lock);
    return found != NULL;
}

void space_mapping_put(struct mapping *mapping)
{
    if (mapping->object)
        space_map_ops.object_put(mapping->object);
}

static void stat_mapping(struct space_stat *stat, const struct mapping *map)
{
    uint64_t size = map->end - map->start;

    if (map->flags & MAPPING_LOCKED)
        stat->locked += size;
    if (map->flags & MAPPING_GROWSDOWN)
        stat->stack += size;
    else if ((map->prot & PROT_WRITE) && !(map->flags & MAPPING_SHARED))
        stat->data += size;
}

void space_stat_get(struct space *space, struct space_stat *stat)
{
    const struct mapping *map;

    *stat = (struct space_stat){0};
    mutex_lock(&space->lock);
    for (uint64_t from = 0; (map = map_tree_next(&space->maps, from)); from = map->end)
        stat_mapping(stat, map);
    stat->total = space->maps.total;
    stat->anonymous = space->root->table.anonymous;
    stat->file = space->root->table.file;
    stat->resident_peak = space->resident_peak;
    stat->total_peak = space->maps.total;
    stat->tables = table_nodes(space);
    stat->code = page_ceil(space->layout.code_end) - page_floor(space->layout.code_start);
    mutex_unlock(&space->lock);
}

/* Entries that point to a page; its backing's own count is none. */
static uint32_t leaf_refs(const struct frame *frame)
{
    uint32_t refs = frame_refs(frame);

    return frame->kind == FRAME_CACHE && frame->cache.backing && refs > 1 ? refs - 1 : refs;
}

/* The product of the counts on the path: how many spaces see the page through these entries. */
static uint32_t path_refs(struct space *space, uint64_t address, unsigned level, struct pte leaf)
{
    struct pte *entries = table_entries(space->root);
    uint64_t product = 1;

    for (unsigned l = MMU_LEVELS - 1; l > level; l--) {
        struct frame *child = table_child(&entries[mmu_index(address, l)]);
        product *= frame_refs(child);
        entries = table_entries(child);
    }
    product *= level ? frame_refs(huge_shadow(leaf)) : leaf_refs(frame_of(pte_target(leaf)));
    return product > UINT32_MAX ? UINT32_MAX : (uint32_t)product;
}

static void page_describe(struct space *space, uint64_t address, unsigned level, struct pte entry,
                          struct space_page_info *info)
{
    uint64_t inside = level ? address & (mmu_span(1) - 1) & PAGE_MASK : 0;

    info->present = true;
    info->special = pte_flags(entry) & PTE_LEAF_SPECIAL;
    info->file = pte_flags(entry) & PTE_LEAF_FILE;
    info->dirty = pte_dirty(entry);
    info->accessed = pte_accessed(entry);
    info->huge = level;
    info->frame.value = pte_target(entry).value + inside;
    info->refs = info->special ? 0 : path_refs(space, address, level, entry);
}

void space_page_look(struct space *space, uint64_t address, struct space_page_info *info)
{
    unsigned level;

    *info = (struct space_page_info){0};
    mutex_lock(&space->lock);
    const struct pte *slot = table_find(space, address, &level);
    if (slot)
        page_describe(space, address, level, pte_load(slot), info);
    mutex_unlock(&space->lock);
}

struct look {
    struct table_visit visit;
    struct space *space;
    void (*page)(uint64_t address, const struct space_page_info *info, void *argument);
    void *argument;
};

static void look_leaf(struct table_visit *visit, uint64_t address, unsigned level,
                      struct pte *entry)
{
    struct look *look = visit->argument;
    struct space_page_info info = {0};

    page_describe(look->space, address, level, pte_load(entry), &info);
    look->page(address, &info, look->argument);
}

void space_pages_look(struct space *space, uint64_t start, uint64_t end,
                      void (*page)(uint64_t address, const struct space_page_info *info,
                                   void *argument),
                      void *argument)
{
    struct look look = {{look_leaf, &look}, space, page, argument};

    mutex_lock(&space->lock);
    table_visit_shared(space, start, end, &look.visit);
    mutex_unlock(&space->lock);
}

int space_resident(struct space *space, uint64_t address, uint64_t length, uint8_t *vector)
{
    uint64_t end;
    int error = 0;

    if (!is_aligned(address, PAGE_SIZE))
        return -EINVAL;
    if (!space_range_ok(address, length, &end))
        return -ENOMEM;
    mutex_lock(&space->lock);
    for (uint64_t at = address; at < end && !error; at += PAGE_SIZE) {
        const struct mapping *map = map_tree_find(&space->maps, at);
        unsigned level;
        if (!map) {
            error = -ENOMEM;
            break;
        }
        *vector = table_find(space, at, &level) != NULL;
        if (!*vector && map->object) {
            struct frame *frame = backing_peek(((struct map_source *)map->object)->backing,
                                               (map->offset + at - map->start) >> PAGE_SHIFT);
            *vector = frame != NULL;
            if (frame)
                frame_put(frame);
        }
        vector++;
    }
    mutex_unlock(&space->lock);
    return error;
}

int space_locate(struct space *space, struct uaddr address, struct space_location *location)
{
    int error = -EFAULT;

    mutex_lock(&space->lock);
    const struct mapping *map = map_tree_find(&space->maps, address.value);
    if (map) {
        struct map_source *source = map->object;
        *location = (struct space_location){NULL, address.value};
        if (source && (map->flags & MAPPING_SHARED)) {
            *location =
                (struct space_location){source->backing, map->offset + address.value - map->start};
            backing_get(source->backing);
        }
        error = 0;
    }
    mutex_unlock(&space->lock);
    return error;
}

int64_t space_access(struct space *space, uint64_t address, struct uio *uio, bool write)
{
    int64_t done = 0;

    while (uio->left) {
        struct frame *frame;
        size_t offset = address & (PAGE_SIZE - 1), count = min_size(PAGE_SIZE - offset, uio->left);
        int error = space_page(space, (struct uaddr){address}, write ? FAULT_WRITE : 0, &frame);
        if (error)
            return done ? done : error == -ENOMEM ? -ENOMEM : -EFAULT;
        int64_t moved = uio_move(uio, (char *)frame_address(frame) + offset, count);
        frame_put(frame);
        if (moved <= 0)
            return done ? done : moved;
        done += moved;
        address += (uint64_t)moved;
    }
    return done;
}

/* --- sources of shared anonymous memory --- */

struct plain_source {
    struct map_source source; /* first */
    _Atomic uint32_t refs;
};

static struct slab_cache source_cache = SLAB_CACHE("map-source", sizeof(struct plain_source));

static void plain_get(struct map_source *source)
{
    atomic_fetch_add(&((struct plain_source *)source)->refs, 1);
}

static void plain_put(struct map_source *source)
{
    struct plain_source *plain = (struct plain_source *)source;

    if (atomic_fetch_sub(&plain->refs, 1) != 1)
        return;
    backing_put(source->backing);
    slab_free(&source_cache, plain);
}

struct map_source *map_source_create(struct backing *backing)
{
    struct plain_source *plain = slab_alloc_zero(&source_cache);

    if (!plain)
        return NULL;
    plain->source = (struct map_source){backing, plain_get, plain_put};
    atomic_store(&plain->refs, 1);
    return &plain->source;
}
