/*
 * The share tree's invariants as code, and the dial's slow settings. Everything here is O(tables)
 * or O(pages).
 */
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/table.h"
#include "mem/table_node.h"

/* What a subtree adds up to. */
struct sums {
    uint64_t anonymous, file;
};

static void check_leaf(struct pte entry, unsigned level, bool writable_path, struct sums *sums)
{
    unsigned flags = pte_flags(entry);

    if (level) {
        struct frame *shadow = huge_shadow(entry);
        kernel_assert(shadow->flags & TABLE_SHADOW);
        kernel_assert(!writable_path || !pte_writable(entry) || table_huge_exclusive(entry));
        sums->anonymous += PTE_PER_TABLE;
        return;
    }
    if (flags & PTE_LEAF_SPECIAL)
        return;
    struct frame *frame = frame_of(pte_target(entry));
    kernel_assert(frame_refs(frame) >= 1);
    kernel_assert(!writable_path || !pte_writable(entry) || (flags & PTE_LEAF_SHARED) ||
                  frame_refs(frame) == 1 ||
                  frame->kind == FRAME_PAGE); /* a kernel holder may come and go */
    if (flags & PTE_LEAF_FILE)
        sums->file++;
    else
        sums->anonymous++;
}

static struct sums check_table(struct frame *table, unsigned level, bool writable_path)
{
    struct pte *entries = table_entries(table);
    struct sums sums = {0, 0};

    kernel_assert(table->kind == FRAME_TABLE && frame_refs(table) >= 1);
    for (unsigned i = 0; i < PTE_PER_TABLE; i++) {
        struct pte entry = pte_load(&entries[i]);
        if (level == MMU_LEVELS - 1 && i >= MMU_USER_SLOTS)
            break;
        if (pte_empty(entry))
            continue;
        kernel_assert(table->table.lines & line_bit(i));
        if (pte_is_leaf(entry, level)) {
            check_leaf(entry, level, writable_path, &sums);
            continue;
        }
        struct frame *child = table_child(&entries[i]);
        kernel_assert(frame_refs(child) == 1 || pte_sealed(entry));
        struct sums below = check_table(child, level - 1, writable_path && !pte_sealed(entry));
        sums.anonymous += below.anonymous;
        sums.file += below.file;
    }
    kernel_assert(table->table.anonymous == sums.anonymous && table->table.file == sums.file);
    return sums;
}

void table_check(struct space *space)
{
    check_table(space->root, MMU_LEVELS - 1, true);
}

static uint64_t count_below(struct frame *table, unsigned level)
{
    struct pte *entries = table_entries(table);
    uint64_t count = 1;

    for (uint64_t lines = level ? table->table.lines : 0; lines; lines &= lines - 1) {
        unsigned first = (unsigned)__builtin_ctzll(lines) * ENTRIES_PER_LINE;
        for (unsigned i = first; i < first + ENTRIES_PER_LINE; i++) {
            struct pte entry = pte_load(&entries[i]);
            if (pte_empty(entry))
                continue;
            count +=
                pte_is_leaf(entry, level) ? 1 : count_below(table_child(&entries[i]), level - 1);
        }
    }
    return count;
}

uint64_t table_nodes(struct space *space)
{
    return count_below(space->root, MMU_LEVELS - 1);
}

static int own_page(struct space *space, struct pte *slot)
{
    struct pte entry = pte_load(slot);
    unsigned flags = pte_flags(entry);

    if (flags & (PTE_LEAF_SPECIAL | PTE_LEAF_SHARED | PTE_LEAF_FILE))
        return 0;
    struct frame *copy = frame_alloc(FRAME_PAGE, 0, 0);
    if (!copy)
        return -ENOMEM;
    struct frame *old = frame_of(pte_target(entry));
    memcpy(frame_address(copy), frame_address(old), PAGE_SIZE);
    pte_store(slot, pte_leaf(frame_phys(copy), 0, flags));
    frame_put(old);
    space->work.pages_copied++;
    return 0;
}

static int own_below(struct space *space, struct frame *table, unsigned level, uint64_t base,
                     bool pages)
{
    struct pte *entries = table_entries(table);
    int error = 0;

    for (uint64_t lines = table->table.lines; lines && !error; lines &= lines - 1) {
        unsigned first = (unsigned)__builtin_ctzll(lines) * ENTRIES_PER_LINE;
        for (unsigned i = first; i < first + ENTRIES_PER_LINE && !error; i++) {
            uint64_t address = base + i * mmu_span(level);
            if (pte_empty(pte_load(&entries[i])))
                continue;
            if (level == 0) {
                error = pages ? own_page(space, &entries[i]) : 0;
                continue;
            }
            error = table_own_child(space, address, &entries[i], level);
            if (!error)
                error = own_below(space, table_child(&entries[i]), level - 1, address, pages);
        }
    }
    return error;
}

int table_own_all(struct space *space, bool pages)
{
    return own_below(space, space->root, MMU_LEVELS - 1, 0, pages);
}
