/*
 * What holds of a space whenever its lock is free: the invariants of its two trees, and that the
 * accounts and the list of exceptions say what the mapping tree says. O(pages + mappings), for
 * debug kernels.
 */
#include "lib/assert.h"
#include "lib/container.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include "mem/table_node.h"
#include <linux/mman.h>

/* What the mappings add up to. */
struct sums {
    uint64_t data_pages, locked_pages, exception_bytes;
};

static struct sums maps_sum(const struct map_tree *maps)
{
    const struct mapping *map;
    struct sums sums = {0};

    for (uint64_t from = 0; (map = map_tree_next(maps, from)); from = map->end) {
        uint64_t bytes = map->end - map->start;
        kernel_assert(is_aligned(map->start | map->end, PAGE_SIZE) && map->end <= MMU_USER_END);
        if (space_is_data(map))
            sums.data_pages += bytes >> PAGE_SHIFT;
        if (map->flags & MAPPING_LOCKED)
            sums.locked_pages += bytes >> PAGE_SHIFT;
        if (map->flags & MAPPING_FORK_EXCEPTION)
            sums.exception_bytes += bytes;
    }
    return sums;
}

/* Each exception is one of the mappings below it; that none is missing shows in the sum of their
 * bytes. */
static void exceptions_check(struct space *space)
{
    const struct mapping *exception, *map;

    for (uint64_t from = 0; (exception = map_tree_next(&space->exceptions, from));
         from = exception->end) {
        kernel_assert(space_maps_cover(space, exception->start, exception->end));
        for (uint64_t at = exception->start; at < exception->end; at = map->end) {
            map = map_tree_next(&space->maps, at);
            kernel_assert((map->flags & MAPPING_FORK_EXCEPTION) == exception->flags);
        }
    }
}

static void used_slots_check(struct space *space)
{
    const struct pte *entries = table_entries(space->root);

    for (unsigned i = 0; i < MMU_USER_SLOTS; i++)
        kernel_assert(pte_empty(pte_load(&entries[i])) || (space->used[i / 64] >> i % 64 & 1));
}

void space_check(struct space *space)
{
    mutex_lock(&space->lock);
    map_tree_check(&space->maps);
    map_tree_check(&space->exceptions);
    table_check(space);
    used_slots_check(space);
    exceptions_check(space);
    struct sums sums = maps_sum(&space->maps);
    kernel_assert(sums.data_pages == space->data_pages);
    kernel_assert(sums.locked_pages == space->locked_pages);
    kernel_assert(sums.exception_bytes == space->exceptions.total);
    mutex_unlock(&space->lock);
}
