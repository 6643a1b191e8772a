/*
 * Ranges of the page tables: zapping, visiting, moving.
 *
 * An entry whose whole span lies in the range is treated as one, whatever hangs below it: a shared
 * table there is dropped, not copied. Only entries that the range's two borders cut need an owned
 * table below them, at most one path each: these are owned first, so that the rest cannot fail. The
 * recursion is as deep as the tables, at most MMU_LEVELS.
 */
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/table.h"
#include "mem/table_node.h"

/* A part of a table: its entries that [start, end) touches. */
struct part {
    struct pte *entries;
    unsigned level;
    uint64_t start, end;
};

/* What entry `index` of the part covers of the range. */
static struct part part_below(const struct part *part, unsigned index, uint64_t *begin, bool *whole)
{
    uint64_t span = mmu_span(part->level);

    *begin = align_down(part->start, span) +
             (uint64_t)(index - mmu_index(part->start, part->level)) * span;
    *whole = part->start <= *begin && *begin + span <= part->end;
    return (struct part){NULL, part->level - 1, max_u64(part->start, *begin),
                         min_u64(part->end, *begin + span)};
}

static unsigned part_first(const struct part *part)
{
    return mmu_index(part->start, part->level);
}

static unsigned part_last(const struct part *part)
{
    return mmu_index(part->end - 1, part->level);
}

/* The first used entry from `index` on, or PTE_PER_TABLE. Unused lines are passed over whole. */
static unsigned part_next(const struct part *part, unsigned index)
{
    uint64_t lines = frame_of_kernel(part->entries)->table.lines;

    while (index < PTE_PER_TABLE) {
        uint64_t left = lines >> (index / ENTRIES_PER_LINE);
        if (!left)
            return PTE_PER_TABLE;
        if (!(left & 1))
            index = (index / ENTRIES_PER_LINE + (unsigned)__builtin_ctzll(left)) * ENTRIES_PER_LINE;
        if (!pte_empty(pte_load(&part->entries[index])))
            return index;
        index++;
    }
    return index;
}

static struct part part_root(struct space *space, uint64_t start, uint64_t end)
{
    return (struct part){table_entries(space->root), MMU_LEVELS - 1, start, end};
}

/* Owns the tables below entries that the range cuts, or with `all` below every entry. */
static int own_part(struct space *space, const struct part *part, bool all)
{
    for (unsigned i = part_next(part, part_first(part)); part->level && i <= part_last(part);
         i = part_next(part, i + 1)) {
        struct pte *slot = &part->entries[i], entry = pte_load(slot);
        uint64_t begin;
        bool whole;
        struct part below = part_below(part, i, &begin, &whole);

        if ((whole && (!all || pte_is_leaf(entry, part->level))))
            continue;
        int error = table_own_child(space, below.start, slot, part->level);
        if (error)
            return error;
        below.entries = table_entries(table_child(slot));
        error = own_part(space, &below, all);
        if (error)
            return error;
    }
    return 0;
}

int table_zap_prepare(struct space *space, uint64_t start, uint64_t end)
{
    struct part root = part_root(space, start, end);

    return start < end ? own_part(space, &root, false) : 0;
}

int table_own_range(struct space *space, uint64_t start, uint64_t end)
{
    struct part root = part_root(space, start, end);

    return start < end ? own_part(space, &root, true) : 0;
}

enum { BATCH_PAGES = 32 };

/* Leaves that were cleared and are still in translation caches. */
struct zap_batch {
    struct pte entries[BATCH_PAGES];
    unsigned count;
    uint64_t start, end;
};

static void batch_finish(struct space *space, struct zap_batch *batch)
{
    if (!batch->count)
        return;
    mmu_flush_range(&space->mmu, batch->start, batch->end);
    for (unsigned i = 0; i < batch->count; i++)
        if (!(pte_flags(batch->entries[i]) & PTE_LEAF_SPECIAL))
            frame_put(frame_of(pte_target(batch->entries[i])));
    batch->count = 0;
}

static void zap_pages(struct space *space, const struct part *part)
{
    struct zap_batch batch = {.count = 0};
    struct table_counts counts = {0, 0};

    for (unsigned i = part_next(part, part_first(part)); i <= part_last(part);
         i = part_next(part, i + 1)) {
        uint64_t address = part->start + (uint64_t)(i - part_first(part)) * PAGE_SIZE;
        struct pte entry = pte_exchange(&part->entries[i], (struct pte){0});
        table_counts_add(&counts, entry, -1);
        if (!batch.count)
            batch.start = address;
        batch.end = address + PAGE_SIZE;
        batch.entries[batch.count++] = entry;
        if (batch.count == BATCH_PAGES)
            batch_finish(space, &batch);
    }
    batch_finish(space, &batch);
    table_count(space, part->start, 0, &counts);
}

static void zap_part(struct space *space, const struct part *part)
{
    if (part->level == 0) {
        zap_pages(space, part);
        return;
    }
    for (unsigned i = part_next(part, part_first(part)); i <= part_last(part);
         i = part_next(part, i + 1)) {
        struct pte *slot = &part->entries[i];
        uint64_t begin;
        bool whole;
        struct part below = part_below(part, i, &begin, &whole);

        if (whole) {
            table_clear_branch(space, begin, part->level, slot);
            continue;
        }
        below.entries = table_entries(table_child(slot));
        zap_part(space, &below);
    }
}

int table_zap(struct space *space, uint64_t start, uint64_t end)
{
    int error = table_zap_prepare(space, start, end);

    if (!error && start < end) {
        struct part root = part_root(space, start, end);
        zap_part(space, &root);
    }
    return error;
}

static void visit_part(const struct part *part, struct table_visit *visit)
{
    for (unsigned i = part_next(part, part_first(part)); i <= part_last(part);
         i = part_next(part, i + 1)) {
        struct pte *slot = &part->entries[i], entry = pte_load(slot);
        uint64_t begin;
        bool whole;
        struct part below = part_below(part, i, &begin, &whole);

        if (pte_is_leaf(entry, part->level)) {
            visit->leaf(visit, part->level ? begin : below.start, part->level, slot);
            continue;
        }
        below.entries = table_entries(table_child(slot));
        visit_part(&below, visit);
    }
}

void table_visit_owned(struct space *space, uint64_t start, uint64_t end, struct table_visit *visit)
{
    struct part root = part_root(space, start, end);

    if (start < end)
        visit_part(&root, visit);
}

void table_visit_shared(struct space *space, uint64_t start, uint64_t end,
                        struct table_visit *visit)
{
    table_visit_owned(space, start, end, visit);
}

/* --- moving --- */

struct move {
    struct table_visit visit;
    struct space *space;
    uint64_t distance; /* to - from, modulo 2^64 */
    int error;
};

static void make_target(struct table_visit *visit, uint64_t address, unsigned level,
                        struct pte *entry)
{
    struct move *move = visit->argument;
    struct pte *table;

    if (!move->error)
        move->error = table_own(move->space, address + move->distance, level, true, &table);
}

static void move_leaf(struct table_visit *visit, uint64_t address, unsigned level, struct pte *slot)
{
    struct move *move = visit->argument;
    struct pte *table;
    struct pte entry = table_take_entry(move->space, address, level, slot);

    mmu_flush_page(&move->space->mmu, address);
    int error = table_own(move->space, address + move->distance, level, true, &table);
    kernel_assert(!error); /* make_target owned it */
    table_set_leaf(move->space, address + move->distance, level, table, entry);
}

/* Splits the huge leaves of the range: the target is not aligned as they are. */
static int split_range(struct space *space, uint64_t start, uint64_t end)
{
    for (uint64_t at = align_down(start, mmu_span(1)); at < end; at += mmu_span(1)) {
        struct pte *table;
        int error = table_own(space, at, 0, false, &table);
        if (error)
            return error;
    }
    return 0;
}

int table_move(struct space *space, uint64_t from, uint64_t to, uint64_t length)
{
    struct move move = {.space = space, .distance = to - from};
    int error = table_own_range(space, from, from + length);

    if (!error && !is_aligned(move.distance, mmu_span(1)))
        error = split_range(space, from, from + length);
    if (error)
        return error;
    move.visit = (struct table_visit){make_target, &move};
    table_visit_owned(space, from, from + length, &move.visit);
    if (move.error)
        return move.error;
    move.visit.leaf = move_leaf;
    table_visit_owned(space, from, from + length, &move.visit);
    return 0;
}
