/*
 * Edits of a space's mapping tree, together with what is derived from it: the accounts, and the
 * list of exceptions that fork works off. The list is drafted before the tree is changed and
 * adopted afterwards, so that an edit that runs out of memory leaves all of it as it was. Without
 * exceptions a draft costs nothing.
 */
#include "lib/container.h"
#include "mem/space_parts.h"
#include <linux/mman.h>

bool space_is_data(const struct mapping *map)
{
    return (map->prot & PROT_WRITE) && !(map->flags & (MAPPING_SHARED | MAPPING_GROWSDOWN));
}

/* Adds (or with sign -1 takes off) what [start, end) holds to the space's accounts. */
static void account_range(struct space *space, uint64_t start, uint64_t end, int sign)
{
    const struct mapping *map;

    for (uint64_t from = start; (map = map_tree_next(&space->maps, from)) && map->start < end;
         from = map->end) {
        uint64_t pages = (min_u64(map->end, end) - max_u64(map->start, start)) >> PAGE_SHIFT;
        if (space_is_data(map))
            space->data_pages += sign > 0 ? pages : -pages;
        if (map->flags & MAPPING_LOCKED)
            space->locked_pages += sign > 0 ? pages : -pages;
    }
}

int space_exceptions_set(struct map_tree *exceptions, uint64_t start, uint64_t end, uint32_t flags)
{
    struct mapping range = {.start = start, .end = end, .flags = flags & MAPPING_FORK_EXCEPTION};
    int error = 0;

    if (map_tree_mapped(exceptions, start, end))
        error = map_tree_erase(&space_map_ops, exceptions, start, end);
    if (!error && range.flags)
        error = map_tree_insert(&space_map_ops, exceptions, &range);
    return error;
}

/* What `change` will make of the exceptions in [start, end). */
static int draft_change(struct map_tree *exceptions, const struct map_tree *maps, uint64_t start,
                        uint64_t end, const struct map_change *change)
{
    const struct mapping *map;
    int error = 0;

    if (!((change->flags_clear | change->flags_set) & MAPPING_FORK_EXCEPTION))
        return 0;
    for (uint64_t from = start; !error && (map = map_tree_next(maps, from)) && map->start < end;
         from = map->end)
        error = space_exceptions_set(exceptions, max_u64(map->start, start), min_u64(map->end, end),
                                     (map->flags & ~change->flags_clear) | change->flags_set);
    return error;
}

/* The end of an edit: adopts the draft, or drops it after an error. Returns the error. */
static int draft_end(struct space *space, struct map_tree *exceptions, int error)
{
    if (error)
        map_tree_drop(&space_map_ops, exceptions);
    else
        map_tree_adopt(&space_map_ops, &space->exceptions, exceptions);
    return error;
}

int space_maps_insert(struct space *space, const struct mapping *map)
{
    struct map_tree exceptions = {0};

    map_tree_fork(&exceptions, &space->exceptions);
    int error = space_exceptions_set(&exceptions, map->start, map->end, map->flags);
    if (!error)
        error = map_tree_insert(&space_map_ops, &space->maps, map);
    if (!error)
        account_range(space, map->start, map->end, 1);
    return draft_end(space, &exceptions, error);
}

int space_maps_erase(struct space *space, uint64_t start, uint64_t end)
{
    struct map_tree exceptions = {0};

    map_tree_fork(&exceptions, &space->exceptions);
    account_range(space, start, end, -1);
    int error = space_exceptions_set(&exceptions, start, end, 0);
    if (!error)
        error = map_tree_erase(&space_map_ops, &space->maps, start, end);
    if (error)
        account_range(space, start, end, 1);
    return draft_end(space, &exceptions, error);
}

int space_maps_change(struct space *space, uint64_t start, uint64_t end,
                      const struct map_change *change)
{
    struct map_tree exceptions = {0};

    map_tree_fork(&exceptions, &space->exceptions);
    account_range(space, start, end, -1);
    int error = draft_change(&exceptions, &space->maps, start, end, change);
    if (!error)
        error = map_tree_change(&space_map_ops, &space->maps, start, end, change);
    account_range(space, start, end, 1);
    return draft_end(space, &exceptions, error);
}

void space_maps_recount(struct space *space)
{
    space->data_pages = 0;
    space->locked_pages = 0;
    account_range(space, 0, MMU_USER_END, 1);
}
