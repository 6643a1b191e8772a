/*
 * madvise(2), msync(2), mlock(2) and their kin.
 */
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include <linux/mman.h>

/* Calls `step` for each mapped part of [start, end) and says -ENOMEM afterwards if something was
 * not mapped, as madvise does. */
static int for_each_part(struct space *space, uint64_t start, uint64_t end,
                         int (*step)(struct space *space, const struct mapping *map, uint64_t start,
                                     uint64_t end))
{
    const struct mapping *map;
    bool hole = !space_maps_cover(space, start, end);

    for (uint64_t from = start; (map = map_tree_next(&space->maps, from)) && map->start < end;) {
        struct mapping copy = *map;
        from = copy.end;
        int error = step(space, &copy, max_u64(copy.start, start), min_u64(copy.end, end));
        if (error)
            return error;
    }
    return hole ? -ENOMEM : 0;
}

static int drop_part(struct space *space, const struct mapping *map, uint64_t start, uint64_t end)
{
    if (map->flags & MAPPING_LOCKED)
        return -EINVAL;
    return table_zap(space, start, end);
}

/* MADV_FREE: the pages may go at once, which is what the manual page allows. */
static int free_part(struct space *space, const struct mapping *map, uint64_t start, uint64_t end)
{
    if (map->object || (map->flags & (MAPPING_SHARED | MAPPING_LOCKED)))
        return -EINVAL;
    return table_zap(space, start, end);
}

static int populate_part(struct space *space, uint64_t start, uint64_t end, unsigned access)
{
    for (; start < end; start += PAGE_SIZE) {
        int error = space_fault(space, (struct uaddr){start}, access);
        if (error == -ENXIO || error == -EIO)
            return -EFAULT;
        if (error)
            return error == -ENOMEM || error == -EFAULT ? -ENOMEM : -EINVAL;
    }
    return 0;
}

/* MADV_REMOVE: a hole in shared memory. No lock held. */
static int remove_range(struct space *space, uint64_t start, uint64_t end)
{
    struct mapping map;
    int error = 0;

    for (uint64_t from = start; !error && from < end && space_mapping_next(space, from, &map);
         from = map.end) {
        struct map_source *source = map.object;
        uint64_t low = max_u64(map.start, start), high = min_u64(map.end, end);
        if (map.start > from)
            error = -ENOMEM;
        else if (!source || !(map.flags & MAPPING_SHARED))
            error = -EINVAL;
        else if (map.flags & MAPPING_MAY_NOT_WRITE)
            error = -EACCES;
        else
            error = backing_punch(source->backing, (map.offset + low - map.start) >> PAGE_SHIFT,
                                  (map.offset + high - map.start) >> PAGE_SHIFT);
        space_mapping_put(&map);
    }
    return error;
}

struct advice_flags {
    int advice;
    uint32_t set, clear;
};

static const struct advice_flags advice_table[] = {
    {MADV_DONTFORK, MAPPING_DONTFORK, 0},          {MADV_DOFORK, 0, MAPPING_DONTFORK},
    {MADV_WIPEONFORK, MAPPING_WIPEONFORK, 0},      {MADV_KEEPONFORK, 0, MAPPING_WIPEONFORK},
    {MADV_HUGEPAGE, MAPPING_HUGE, MAPPING_NOHUGE}, {MADV_NOHUGEPAGE, MAPPING_NOHUGE, MAPPING_HUGE},
    {MADV_DONTDUMP, MAPPING_DONTDUMP, 0},          {MADV_DODUMP, 0, MAPPING_DONTDUMP},
};

static int wipe_allowed(struct space *space, const struct mapping *map, uint64_t start,
                        uint64_t end)
{
    (void)space, (void)start, (void)end;
    return map->object || (map->flags & MAPPING_SHARED) ? -EINVAL : 0;
}

static int advise_flags(struct space *space, uint64_t start, uint64_t end,
                        const struct advice_flags *advice)
{
    struct map_change change = {.flags_set = advice->set, .flags_clear = advice->clear};
    bool cover = space_maps_cover(space, start, end);
    int error = 0;

    if (advice->set & MAPPING_WIPEONFORK)
        error = for_each_part(space, start, end, wipe_allowed);
    if (error && error != -ENOMEM)
        return error;
    error = space_maps_change(space, start, end, &change);
    return error ? error : cover ? 0 : -ENOMEM;
}

static int nothing_part(struct space *space, const struct mapping *map, uint64_t start,
                        uint64_t end)
{
    (void)space, (void)map, (void)start, (void)end;
    return 0;
}

static int advise_locked(struct space *space, uint64_t start, uint64_t end, int advice)
{
    for (size_t i = 0; i < array_size(advice_table); i++)
        if (advice_table[i].advice == advice)
            return advise_flags(space, start, end, &advice_table[i]);
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return for_each_part(space, start, end, nothing_part);
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
        return for_each_part(space, start, end, drop_part);
    case MADV_FREE:
        return for_each_part(space, start, end, free_part);
    default:
        return -EINVAL;
    }
}

static bool advice_known(int advice)
{
    return (advice >= MADV_NORMAL && advice <= MADV_WILLNEED) || advice == MADV_DONTNEED ||
           (advice >= MADV_FREE && advice <= MADV_DOFORK) || advice == MADV_HUGEPAGE ||
           advice == MADV_NOHUGEPAGE || (advice >= MADV_DONTDUMP && advice <= MADV_DONTNEED_LOCKED);
}

int space_advise(struct space *space, uint64_t address, uint64_t length, int advice)
{
    uint64_t end;

    if (!is_aligned(address, PAGE_SIZE) || !advice_known(advice) ||
        !space_range_ok(address, length, &end))
        return -EINVAL;
    if (end == address)
        return 0;
    if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
        return populate_part(space, address, end, advice == MADV_POPULATE_WRITE);
    if (advice == MADV_REMOVE)
        return remove_range(space, address, end);
    mutex_lock(&space->lock);
    int error = advise_locked(space, address, end, advice);
    mutex_unlock(&space->lock);
    return error;
}

/* --- msync and mlock --- */

int space_sync(struct space *space, uint64_t address, uint64_t length, int flags)
{
    uint64_t end;
    int error = 0;

    if (flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE))
        return -EINVAL;
    if (!is_aligned(address, PAGE_SIZE) || (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
        return -EINVAL;
    if (page_ceil(length) < length || address + page_ceil(length) < address)
        return -ENOMEM;
    if (!space_range_ok(address, length, &end))
        return -ENOMEM;
    struct mapping map;
    for (uint64_t from = address; from < end && space_mapping_next(space, from, &map);
         from = map.end) {
        struct map_source *source = map.object;
        bool inside = map.start < end;
        if (map.start > from)
            error = -ENOMEM;
        if (inside && (flags & MS_INVALIDATE) && (map.flags & MAPPING_LOCKED))
            error = -EBUSY;
        if (inside && source && (flags & MS_SYNC) && source->backing->ops &&
            source->backing->ops->sync)
            error = source->backing->ops->sync(source->backing) ?: error;
        space_mapping_put(&map);
        if (error == -EBUSY || !inside)
            break;
    }
    mutex_lock(&space->lock);
    if (!error && end > address && !space_maps_cover(space, address, end))
        error = -ENOMEM;
    mutex_unlock(&space->lock);
    return error;
}

static int lock_limit(struct space *space, uint64_t extra)
{
    struct space_limits limits;

    space_limits_current(&limits);
    if (limits.locked == UINT64_MAX)
        return 0;
    if (!limits.locked)
        return -EPERM;
    return (space->locked_pages << PAGE_SHIFT) + extra > limits.locked ? -ENOMEM : 0;
}

static int lock_range(struct space *space, uint64_t start, uint64_t end, bool lock)
{
    struct map_change change = {.flags_set = lock ? MAPPING_LOCKED : 0,
                                .flags_clear = lock ? 0 : MAPPING_LOCKED};

    return space_maps_change(space, start, end, &change);
}

int space_lock(struct space *space, uint64_t address, uint64_t length, bool lock, bool on_fault)
{
    uint64_t start = page_floor(address), end = page_ceil(address + length);
    int error;

    if (end < start || address + length < address)
        return -EINVAL;
    if (end == start)
        return 0;
    if (end > MMU_USER_END)
        return -ENOMEM;
    mutex_lock(&space->lock);
    error = lock ? lock_limit(space, end - start) : 0;
    if (!error && !space_maps_cover(space, start, end))
        error = -ENOMEM;
    if (!error)
        error = lock_range(space, start, end, lock);
    mutex_unlock(&space->lock);
    if (!error && lock && !on_fault)
        populate_part(space, start, end, 0);
    return error;
}

int space_lock_all(struct space *space, int flags)
{
    int error = 0;

    if (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
        return -EINVAL;
    mutex_lock(&space->lock);
    if (flags & MCL_CURRENT)
        error = lock_limit(space, space->maps.total);
    if (!error && (!flags || (flags & MCL_CURRENT)))
        error = lock_range(space, 0, MMU_USER_END, flags & MCL_CURRENT);
    if (!error)
        space->lock_future = flags & MCL_FUTURE;
    mutex_unlock(&space->lock);
    return error;
}
