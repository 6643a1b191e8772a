/*
 * Mapping and unmapping: mmap, munmap, mprotect, brk. Every call checks first, then edits a draft
 * of the mapping tree or owns what it will touch, and only then changes translations, so that
 * -ENOMEM leaves the space as it was.
 */
#include "arch/elf.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include <linux/mman.h>

enum {
    STACK_GUARD_GAP = 256 * PAGE_SIZE,
    MAP_LOWEST = 65536, /* vm.mmap_min_addr */
};

bool space_range_ok(uint64_t address, uint64_t length, uint64_t *end)
{
    uint64_t rounded = page_ceil(length);

    if (!is_aligned(address, PAGE_SIZE) || rounded < length || address > MMU_USER_END ||
        rounded > MMU_USER_END - address)
        return false;
    *end = address + rounded;
    return true;
}

bool space_maps_cover(struct space *space, uint64_t start, uint64_t end)
{
    return map_tree_mapped(&space->maps, start, end) == end - start;
}

unsigned space_leaf_flags(const struct mapping *map)
{
    unsigned flags = 0;

    if (!(map->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
        flags |= PTE_LEAF_NONE;
    if (map->prot & PROT_EXEC)
        flags |= PTE_LEAF_EXECUTE;
    if (map->flags & MAPPING_SHARED)
        flags |= PTE_LEAF_SHARED;
    return flags;
}

/* --- limits --- */

int space_limits_allow(struct space *space, uint64_t extra, bool data)
{
    struct space_limits limits;

    space_limits_current(&limits);
    if (limits.address_space != UINT64_MAX && space->maps.total + extra > limits.address_space)
        return -ENOMEM;
    if (data && limits.data != UINT64_MAX &&
        (space->data_pages << PAGE_SHIFT) + extra > limits.data)
        return -ENOMEM;
    return 0;
}

/* Address space is there already; only the limit on private writable memory counts. */
static int space_data_allows(struct space *space, uint64_t extra)
{
    struct space_limits limits;

    space_limits_current(&limits);
    return limits.data != UINT64_MAX && (space->data_pages << PAGE_SHIFT) + extra > limits.data
               ? -ENOMEM
               : 0;
}

/* --- unmapping --- */

/* The free addresses around [start, end), which end up unmapped too and whose tables can go with
 * it. */
static void widen_to_gap(struct space *space, uint64_t *start, uint64_t *end)
{
    const struct mapping *before = map_tree_prev(&space->maps, *start);
    const struct mapping *after = map_tree_next(&space->maps, *end - 1);

    if (!before || before->end <= *start)
        *start = before ? before->end : 0;
    if (!after || after->start >= *end)
        *end = after ? after->start : MMU_USER_END;
}

int space_unmap_locked(struct space *space, uint64_t start, uint64_t end)
{
    uint64_t zap_start = start, zap_end = end;

    if (!map_tree_mapped(&space->maps, start, end))
        return 0;
    widen_to_gap(space, &zap_start, &zap_end);
    int error = table_zap_prepare(space, zap_start, zap_end);
    if (!error)
        error = space_maps_erase(space, start, end);
    if (error)
        return error;
    table_zap(space, zap_start, zap_end); /* prepared: cannot fail */
    return 0;
}

int space_unmap(struct space *space, uint64_t address, uint64_t length)
{
    uint64_t end;

    if (!length || !space_range_ok(address, length, &end))
        return -EINVAL;
    mutex_lock(&space->lock);
    int error = space_unmap_locked(space, address, end);
    mutex_unlock(&space->lock);
    return error;
}

/* --- mapping --- */

/* MAP_32BIT: Linux gives out the second GiB of the address space. */
static int find_low_gap(struct space *space, uint64_t length, uint64_t *address)
{
    return map_tree_gap(&space->maps, 1ull << 30, 1ull << 31, length, PAGE_SIZE, false, address);
}

int space_find_gap(struct space *space, uint64_t hint, uint64_t length, uint64_t align,
                   uint64_t *address)
{
    if (hint) {
        hint = page_ceil(hint);
        if (hint >= MAP_LOWEST && hint + length >= hint && hint + length <= MMU_USER_END &&
            !map_tree_mapped(&space->maps, hint, hint + length)) {
            *address = hint;
            return 0;
        }
    }
    if (!map_tree_gap(&space->maps, MAP_LOWEST, space->layout.map_top, length, align, true,
                      address))
        return 0;
    if (!map_tree_gap(&space->maps, MAP_LOWEST, space->layout.map_top, length, PAGE_SIZE, true,
                      address))
        return 0;
    return map_tree_gap(&space->maps, space->layout.map_top, MMU_USER_END, length, PAGE_SIZE, false,
                        address);
}

/* Large anonymous memory begins where a 2 MiB page can. */
static uint64_t wanted_alignment(const struct map_request *request)
{
    return !request->source && page_ceil(request->length) >= mmu_span(1) &&
                   !(request->extra & MAPPING_GROWSDOWN)
               ? mmu_span(1)
               : PAGE_SIZE;
}

/* Chooses or clears the place. */
static int place_mapping(struct space *space, const struct map_request *request, uint64_t length,
                         uint64_t *start)
{
    *start = request->address;
    if (request->flags & MAP_32BIT && !(request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        return find_low_gap(space, length, start);
    if (!(request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        return space_find_gap(space, request->address, length, wanted_alignment(request), start);
    if ((request->flags & MAP_FIXED_NOREPLACE) &&
        map_tree_mapped(&space->maps, *start, *start + length))
        return -EEXIST;
    if (*start < MAP_LOWEST)
        return -EPERM;
    return space_unmap_locked(space, *start, *start + length);
}

static uint32_t mapping_flags(struct space *space, const struct map_request *request)
{
    uint32_t flags = request->extra;

    if ((request->flags & MAP_TYPE) != MAP_PRIVATE)
        flags |= MAPPING_SHARED;
    if (request->flags & MAP_GROWSDOWN)
        flags |= MAPPING_GROWSDOWN;
    if (request->flags & MAP_NORESERVE)
        flags |= MAPPING_NORESERVE;
    if ((request->flags & MAP_LOCKED) || space->lock_future)
        flags |= MAPPING_LOCKED;
    return flags;
}

static int64_t map_locked(struct space *space, const struct map_request *request, uint64_t length)
{
    struct mapping map = {.prot = (uint32_t)request->prot,
                          .flags = mapping_flags(space, request),
                          .object = request->source,
                          .offset = request->offset};
    int error = space_limits_allow(space, length, space_is_data(&map));

    if (!error)
        error = place_mapping(space, request, length, &map.start);
    map.end = map.start + length;
    if (!error)
        error = space_maps_insert(space, &map);
    return error ? error : (int64_t)map.start;
}

/* MAP_POPULATE and locked mappings: brings the pages in; failures show later, as faults. */
static void populate(struct space *space, uint64_t start, uint64_t end, bool write)
{
    for (; start < end; start += PAGE_SIZE)
        if (space_fault(space, (struct uaddr){start}, write ? 1 : 0))
            return;
}

int64_t space_map(struct space *space, const struct map_request *request)
{
    uint64_t length = page_ceil(request->length), end;
    bool fixed = request->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

    if (!request->length)
        return -EINVAL;
    if (length < request->length || length > MMU_USER_END)
        return -ENOMEM;
    if (fixed && !is_aligned(request->address, PAGE_SIZE))
        return -EINVAL;
    if (fixed && !space_range_ok(request->address, length, &end))
        return -ENOMEM;
    if (request->offset + length < request->offset)
        return -EOVERFLOW;
    mutex_lock(&space->lock);
    int64_t result = map_locked(space, request, length);
    bool locked = space->lock_future;
    mutex_unlock(&space->lock);
    if (result >= 0 && ((request->flags & (MAP_POPULATE | MAP_LOCKED)) || locked) &&
        request->prot && !(request->flags & MAP_NONBLOCK))
        populate(space, (uint64_t)result, (uint64_t)result + length,
                 (request->prot & PROT_WRITE) && (request->flags & MAP_TYPE) == MAP_PRIVATE);
    return result;
}

/* --- protection --- */

struct protect {
    struct table_visit visit;
    unsigned allowed; /* PTE_LEAF_WRITE where stores stay possible */
    unsigned set;     /* PTE_LEAF_EXECUTE, PTE_LEAF_NONE */
};

static void protect_leaf(struct table_visit *visit, uint64_t address, unsigned level,
                         struct pte *slot)
{
    struct protect *protect = visit->argument;
    struct pte entry = pte_load(slot);
    unsigned kept =
        pte_flags(entry) & (PTE_LEAF_SHARED | PTE_LEAF_SPECIAL | PTE_LEAF_FILE | protect->allowed);

    (void)address;
    pte_store(slot, pte_with_flags(entry, level, kept | protect->set));
}

/*
 * How far [start, end) may take these permissions, and in *error why not further: -ENOMEM at a hole
 * or at a limit, -EACCES at a shared mapping of a description that is open for reading only. What
 * lies before is changed all the same, as Linux does.
 */
static uint64_t protect_reach(struct space *space, uint64_t start, uint64_t end, uint64_t prot,
                              int *error)
{
    const struct mapping *map;
    uint64_t at = start, grown = 0;

    *error = -ENOMEM;
    while (at < end && (map = map_tree_next(&space->maps, at)) && map->start <= at) {
        if ((prot & PROT_WRITE) && (map->flags & MAPPING_MAY_NOT_WRITE)) {
            *error = -EACCES;
            return at;
        }
        if ((prot & PROT_WRITE) && !(map->prot & PROT_WRITE) &&
            !(map->flags & (MAPPING_SHARED | MAPPING_GROWSDOWN)))
            grown += min_u64(map->end, end) - at;
        if (grown && space_data_allows(space, grown))
            return at;
        at = map->end;
    }
    if (at >= end)
        *error = 0;
    return min_u64(at, end);
}

/* Changes what is mapped in all of [start, end). */
static int protect_range(struct space *space, uint64_t start, uint64_t end, uint64_t prot)
{
    struct protect protect = {.allowed = prot & PROT_WRITE ? PTE_LEAF_WRITE : 0};
    struct mapping model = {.prot = (uint32_t)prot};
    struct map_change change = {.prot_clear = PROT_READ | PROT_WRITE | PROT_EXEC,
                                .prot_set = (uint32_t)prot};
    int error = table_own_range(space, start, end);

    if (error)
        return error;
    error = space_maps_change(space, start, end, &change);
    if (error)
        return error;
    protect.set = space_leaf_flags(&model);
    protect.visit = (struct table_visit){protect_leaf, &protect};
    table_visit_owned(space, start, end, &protect.visit);
    mmu_flush_range(&space->mmu, start, end);
    return 0;
}

static int protect_locked(struct space *space, uint64_t start, uint64_t end, uint64_t prot)
{
    int refused;
    uint64_t reach = protect_reach(space, start, end, prot, &refused);
    int error = reach > start ? protect_range(space, start, reach, prot) : 0;

    return error ? error : refused;
}

int space_protect(struct space *space, uint64_t address, uint64_t length, uint64_t prot)
{
    uint64_t end;
    bool down = prot & PROT_GROWSDOWN;

    if (!is_aligned(address, PAGE_SIZE) ||
        (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN |
                            PROT_GROWSUP)))
        return -EINVAL;
    if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) == (PROT_GROWSDOWN | PROT_GROWSUP) ||
        (prot & PROT_GROWSUP))
        return -EINVAL;
    if (!length)
        return 0;
    if (!space_range_ok(address, length, &end))
        return -ENOMEM;
    prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
    mutex_lock(&space->lock);
    int error = 0;
    if (down) {
        const struct mapping *map = map_tree_find(&space->maps, address);
        error = map && (map->flags & MAPPING_GROWSDOWN) ? 0 : -EINVAL;
        if (!error)
            address = map->start;
    }
    if (!error)
        error = protect_locked(space, address, end, prot);
    mutex_unlock(&space->lock);
    return error;
}

/* --- growing --- */

static int64_t break_grow(struct space *space, uint64_t old, uint64_t new)
{
    struct mapping map = {.start = old, .end = new, .prot = PROT_READ | PROT_WRITE};
    struct space_limits limits;

    space_limits_current(&limits);
    if (limits.data != UINT64_MAX && new - space->layout.break_start > limits.data)
        return -ENOMEM;
    if (new + PAGE_SIZE > MMU_USER_END || map_tree_mapped(&space->maps, old, new + PAGE_SIZE))
        return -ENOMEM;
    int error = space_limits_allow(space, new - old, true);
    if (space->lock_future)
        map.flags |= MAPPING_LOCKED;
    return error ? error : space_maps_insert(space, &map);
}

uint64_t space_break(struct space *space, uint64_t address)
{
    struct space_layout *layout = &space->layout;
    int64_t error = 0;

    mutex_lock(&space->lock);
    uint64_t old = page_ceil(layout->break_end), new = page_ceil(address);
    if (address < layout->break_start || new < address)
        error = -EINVAL;
    else if (new > old)
        error = break_grow(space, old, new);
    else if (new < old)
        error = space_unmap_locked(space, new, old);
    if (!error)
        layout->break_end = address;
    uint64_t result = layout->break_end;
    mutex_unlock(&space->lock);
    return result;
}

const struct mapping *space_grow_stack(struct space *space, uint64_t address)
{
    const struct mapping *above = map_tree_next(&space->maps, address);
    struct space_limits limits;

    if (!above || !(above->flags & MAPPING_GROWSDOWN))
        return NULL;
    uint64_t start = page_floor(address);
    const struct mapping *below = map_tree_prev(&space->maps, above->start);
    space_limits_current(&limits);
    if (above->end - start > limits.stack || start < MAP_LOWEST ||
        space_limits_allow(space, above->start - start, false))
        return NULL;
    if (below && !(below->flags & MAPPING_GROWSDOWN) &&
        (below->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) &&
        below->end + STACK_GUARD_GAP > start)
        return NULL;
    struct mapping part = *above;
    part.end = above->start;
    part.start = start;
    part.offset = 0;
    if (space_maps_insert(space, &part))
        return NULL;
    return map_tree_find(&space->maps, address);
}
