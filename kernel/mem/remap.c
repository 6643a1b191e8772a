/*
 * mremap(2): resizing and moving mappings. A move edits a draft of the mapping tree and owns both
 * ranges' tables, then moves the entries and adopts the draft.
 */
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include <linux/mman.h>

struct remap {
    uint64_t old, old_end, new_length, flags, target;
};

/* The mapping piece by piece at its new place in `draft`: `length` bytes from old, the last piece
 * stretched to new_length. */
static int draft_copy(struct map_tree *draft, const struct mapping *map, const struct remap *remap,
                      uint64_t address)
{
    struct mapping moved = *map;

    moved.start = address;
    moved.end = address + remap->new_length;
    if (map->object)
        moved.offset = map->offset + (remap->old - map->start);
    return map_tree_insert(&space_map_ops, draft, &moved);
}

/* The mapping tree as it will be: the new place mapped, the old one unmapped or, with
 * MREMAP_DONTUNMAP, no longer locked. */
static int draft_maps(struct map_tree *draft, const struct mapping *map, const struct remap *remap,
                      uint64_t address)
{
    struct map_change unlock = {.flags_clear = MAPPING_LOCKED};
    int error = draft_copy(draft, map, remap, address);

    if (error || remap->old == remap->old_end)
        return error;
    if (remap->flags & MREMAP_DONTUNMAP)
        return map_tree_change(&space_map_ops, draft, remap->old, remap->old_end, &unlock);
    return map_tree_erase(&space_map_ops, draft, remap->old, remap->old_end);
}

/* The same for the list of exceptions. */
static int draft_exceptions(struct map_tree *draft, const struct mapping *map,
                            const struct remap *remap, uint64_t address)
{
    uint32_t left = remap->flags & MREMAP_DONTUNMAP ? map->flags & ~(uint32_t)MAPPING_LOCKED : 0;
    int error = space_exceptions_set(draft, address, address + remap->new_length, map->flags);

    if (error || remap->old == remap->old_end)
        return error;
    return space_exceptions_set(draft, remap->old, remap->old_end, left);
}

/* Moves [old, old_end) to address and stretches it. The target range is free. */
static int64_t move_to(struct space *space, const struct remap *remap, uint64_t address)
{
    const struct mapping *map = map_tree_find(&space->maps, remap->old);
    uint64_t length = min_u64(remap->old_end - remap->old, remap->new_length);
    struct map_tree maps = {0}, exceptions = {0};

    map_tree_fork(&maps, &space->maps);
    map_tree_fork(&exceptions, &space->exceptions);
    int error = draft_maps(&maps, map, remap, address);
    if (!error)
        error = draft_exceptions(&exceptions, map, remap, address);
    if (!error)
        error = table_zap_prepare(space, remap->old, remap->old_end);
    if (!error)
        error = table_move(space, remap->old, address, length);
    if (error) {
        map_tree_drop(&space_map_ops, &maps);
        map_tree_drop(&space_map_ops, &exceptions);
        return error;
    }
    map_tree_adopt(&space_map_ops, &space->maps, &maps);
    map_tree_adopt(&space_map_ops, &space->exceptions, &exceptions);
    if (!(remap->flags & MREMAP_DONTUNMAP) && length < remap->old_end - remap->old)
        table_zap(space, remap->old + length, remap->old_end);
    space_maps_recount(space);
    return (int64_t)address;
}

/* Makes the mapping longer where it is. -ENOMEM: something is in the way. */
static int64_t grow_in_place(struct space *space, const struct remap *remap)
{
    struct mapping part = *map_tree_find(&space->maps, remap->old);
    uint64_t end = remap->old + remap->new_length;

    if (part.end != remap->old_end || end < remap->old || end > MMU_USER_END ||
        map_tree_mapped(&space->maps, remap->old_end, end))
        return -ENOMEM;
    if (part.object)
        part.offset += remap->old_end - part.start;
    part.start = remap->old_end;
    part.end = end;
    int error = space_maps_insert(space, &part);
    return error ? error : (int64_t)remap->old;
}

static int64_t remap_fixed(struct space *space, struct remap *remap)
{
    uint64_t end = remap->target + remap->new_length;

    if (remap->target < remap->old_end && remap->old < end)
        return -EINVAL;
    int error = space_unmap_locked(space, remap->target, end);
    return error ? error : move_to(space, remap, remap->target);
}

static int64_t remap_moved(struct space *space, const struct remap *remap)
{
    const struct mapping *map = map_tree_find(&space->maps, remap->old);
    uint64_t align = !map->object && remap->new_length >= mmu_span(1) ? mmu_span(1) : PAGE_SIZE;
    uint64_t address;
    int error = space_find_gap(space, remap->flags & MREMAP_DONTUNMAP ? remap->target : 0,
                               remap->new_length, align, &address);

    return error ? error : move_to(space, remap, address);
}

/* The old range lies in one mapping that may be moved or grown so. */
static int remap_check(struct space *space, const struct remap *remap)
{
    const struct mapping *map = map_tree_find(&space->maps, remap->old);
    uint64_t old_length = remap->old_end - remap->old;

    if (!map)
        return -EFAULT;
    if (!old_length && !(map->flags & MAPPING_SHARED))
        return -EINVAL;
    if (remap->old_end > map->end)
        return -EFAULT;
    if ((remap->flags & MREMAP_DONTUNMAP) && map->object && !(map->flags & MAPPING_SHARED))
        return 0;
    if (remap->new_length > old_length)
        return space_limits_allow(space, remap->new_length - old_length,
                                  (map->prot & PROT_WRITE) && !(map->flags & MAPPING_SHARED));
    return 0;
}

static int64_t remap_locked(struct space *space, struct remap *remap)
{
    uint64_t old_length = remap->old_end - remap->old;
    bool fixed = remap->flags & MREMAP_FIXED;

    if (!fixed && !(remap->flags & MREMAP_DONTUNMAP) && old_length &&
        remap->new_length <= old_length) {
        if (!map_tree_find(&space->maps, remap->old))
            return -EFAULT;
        int error = remap->new_length == old_length
                        ? 0
                        : space_unmap_locked(space, remap->old + remap->new_length, remap->old_end);
        return error ? error : (int64_t)remap->old;
    }
    int error = remap_check(space, remap);
    if (error)
        return error;
    if (fixed)
        return remap_fixed(space, remap);
    int64_t result =
        remap->flags & MREMAP_DONTUNMAP || !old_length ? -ENOMEM : grow_in_place(space, remap);
    if (result != -ENOMEM || !(remap->flags & MREMAP_MAYMOVE))
        return result;
    return remap_moved(space, remap);
}

int64_t space_remap(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length,
                    uint64_t flags, uint64_t new_address)
{
    struct remap remap = {
        .old = old, .new_length = page_ceil(new_length), .flags = flags, .target = new_address};
    uint64_t end;

    if (flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && page_ceil(old_length) != remap.new_length)
        return -EINVAL;
    if (!remap.new_length || remap.new_length < new_length || !is_aligned(old, PAGE_SIZE))
        return -EINVAL;
    if (!space_range_ok(old, old_length, &remap.old_end) || remap.new_length > MMU_USER_END)
        return -EINVAL;
    if ((flags & MREMAP_FIXED) && !space_range_ok(new_address, remap.new_length, &end))
        return -EINVAL;
    mutex_lock(&space->lock);
    int64_t result = remap_locked(space, &remap);
    mutex_unlock(&space->lock);
    return result;
}
