/*
 * The share tree of page tables: nodes, owning a path, dropping. Theory and invariants in table.h.
 */
#include "mem/table.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/fault_injection.h"
#include "mem/table_node.h"
#include "sched/spin.h"
#include "sched/thread.h"

enum { POOL_TABLES = 128 };

/* Tables that are known to be all zero, refs 0. */
static struct spinlock pool_lock;
static struct frame *pool[POOL_TABLES];
static unsigned pool_count;

struct frame *table_alloc(void)
{
    struct frame *table = NULL;
    uint64_t saved = spin_lock_irq(&pool_lock);

    if (pool_count && !allocation_fails())
        table = pool[--pool_count];
    spin_unlock_irq(&pool_lock, saved);
    if (!table)
        return frame_alloc(FRAME_TABLE, 0, FRAME_ZERO);
    atomic_store_explicit(&table->refs, 1, memory_order_relaxed);
    return table;
}

void table_free(struct frame *table)
{
    debug_assert(table->table.lines == 0);
    table->flags = 0;
    table->table.anonymous = table->table.file = 0;
    uint64_t saved = spin_lock_irq(&pool_lock);
    bool kept = pool_count < POOL_TABLES;
    if (kept)
        pool[pool_count++] = table;
    spin_unlock_irq(&pool_lock, saved);
    if (!kept)
        frame_free(table);
}

uint64_t table_pooled(void)
{
    return pool_count;
}

static void leaf_put(struct pte entry)
{
    if (!(pte_flags(entry) & PTE_LEAF_SPECIAL))
        frame_put(frame_of(pte_target(entry)));
}

/* Forgets the entries of a shadow whose 512 pages nobody else holds and frees them as the one block
 * they are. */
static bool shadow_free_whole(struct frame *shadow)
{
    struct frame *first = frame_of(pte_target(pte_load(table_entries(shadow))));

    for (unsigned i = 0; i < PTE_PER_TABLE; i++)
        if (frame_refs(first + i) != 1)
            return false;
    memset(table_entries(shadow), 0, PAGE_SIZE);
    shadow->table.lines = 0;
    frame_join(first, FRAME_ORDER_HUGE);
    frame_free(first);
    return true;
}

static void entry_put(struct pte entry, unsigned level)
{
    if (!pte_is_leaf(entry, level))
        table_put(frame_of(pte_target(entry)), level - 1);
    else if (level == 0)
        leaf_put(entry);
    else
        table_put(huge_shadow(entry), 0);
}

/* Empties one line of a level-0 table. */
static void put_pages(struct pte *entries)
{
    for (unsigned i = 0; i < ENTRIES_PER_LINE; i++) {
        struct pte entry = entries[i];
        if (pte_empty(entry))
            continue;
        entries[i].bits = 0;
        leaf_put(entry);
    }
}

static void put_branches(struct pte *entries, unsigned level)
{
    for (unsigned i = 0; i < ENTRIES_PER_LINE; i++) {
        struct pte entry = entries[i];
        entries[i].bits = 0;
        if (!pte_empty(entry))
            entry_put(entry, level);
    }
    sched_point();
}

void table_put(struct frame *table, unsigned level)
{
    if (atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) != 1)
        return;
    if ((table->flags & TABLE_SHADOW) && !(table->flags & TABLE_SPLIT) &&
        shadow_free_whole(table)) {
        table_free(table);
        return;
    }
    struct pte *entries = table_entries(table);
    for (uint64_t lines = table->table.lines; lines; lines &= lines - 1) {
        unsigned first = (unsigned)__builtin_ctzll(lines) * ENTRIES_PER_LINE;
        if (level)
            put_branches(entries + first, level);
        else
            put_pages(entries + first);
    }
    table->table.lines = 0;
    table_free(table);
}

/* One more holder for what a level > 0 entry points to, which from now on nobody may write through.
 */
static struct pte share_branch(struct pte *slot, struct pte entry, unsigned level)
{
    if (pte_is_leaf(entry, level)) {
        frame_get(huge_shadow(entry));
        entry = pte_protect(entry);
    } else {
        frame_get(frame_of(pte_target(entry)));
        entry = pte_seal(entry);
    }
    pte_store(slot, entry);
    return entry;
}

/* The pages of one line, for a copy of a level-0 table. */
static void share_pages(struct pte *from, struct pte *to)
{
    for (unsigned i = 0; i < ENTRIES_PER_LINE; i++) {
        struct pte entry = pte_load(&from[i]);
        if (pte_empty(entry))
            continue;
        if (!(pte_flags(entry) & PTE_LEAF_SPECIAL))
            frame_get(frame_of(pte_target(entry)));
        if (pte_writable(entry) && !(pte_flags(entry) & PTE_LEAF_SHARED)) {
            entry = pte_protect(entry);
            pte_store(&from[i], entry);
        }
        to[i] = entry;
    }
}

static void share_branches(struct pte *from, struct pte *to, unsigned level)
{
    for (unsigned i = 0; i < ENTRIES_PER_LINE; i++) {
        struct pte entry = pte_load(&from[i]);
        if (!pte_empty(entry))
            to[i] = share_branch(&from[i], entry, level);
    }
}

/* A copy of a shared table: every child has one more holder afterwards and is protected in both.
 * NULL: no memory. */
static struct frame *table_copy(struct space *space, struct frame *old, unsigned level)
{
    struct frame *copy = table_alloc();

    if (!copy)
        return NULL;
    struct pte *from = table_entries(old), *to = table_entries(copy);
    for (uint64_t lines = old->table.lines; lines; lines &= lines - 1) {
        unsigned first = (unsigned)__builtin_ctzll(lines) * ENTRIES_PER_LINE;
        if (level)
            share_branches(from + first, to + first, level);
        else
            share_pages(from + first, to + first);
        space->work.entries_touched += ENTRIES_PER_LINE;
    }
    copy->table = old->table;
    if (old->flags & TABLE_SHADOW)
        __atomic_fetch_or(&old->flags, TABLE_SPLIT, __ATOMIC_RELEASE);
    space->work.tables_copied++;
    return copy;
}

int table_own_child(struct space *space, uint64_t address, struct pte *slot, unsigned level)
{
    struct pte entry = pte_load(slot);
    bool huge = pte_is_leaf(entry, level);
    struct frame *child = huge ? huge_shadow(entry) : frame_of(pte_target(entry));
    struct frame *old = NULL;

    if (frame_refs(child) > 1) {
        old = child;
        child = table_copy(space, old, level - 1);
        if (!child)
            return -ENOMEM;
    } else if (!huge && !pte_sealed(entry)) {
        return 0;
    }
    if (huge)
        shadow_to_table(space, child, entry, old != NULL);
    pte_store(slot, pte_table(frame_phys(child)));
    if (old || huge)
        mmu_flush_page(&space->mmu, address);
    if (old)
        table_put(old, level - 1);
    return 0;
}

static int make_child(struct space *space, struct frame *table, struct pte *slot, unsigned index,
                      unsigned level)
{
    struct frame *child = table_alloc();

    if (!child)
        return -ENOMEM;
    pte_store(slot, pte_table(frame_phys(child)));
    table->table.lines |= line_bit(index);
    if (level == MMU_LEVELS - 1)
        space->used[index / 64] |= 1ull << (index % 64);
    space->work.tables_made++;
    return 0;
}

int table_own(struct space *space, uint64_t address, unsigned level, bool create,
              struct pte **table)
{
    struct frame *node = space->root;

    *table = NULL;
    for (unsigned l = MMU_LEVELS - 1; l > level; l--) {
        unsigned index = mmu_index(address, l);
        struct pte *slot = table_entries(node) + index;
        bool empty = pte_empty(pte_load(slot));
        if (empty && !create)
            return 0;
        int error = empty ? make_child(space, node, slot, index, l)
                          : table_own_child(space, address, slot, l);
        if (error)
            return error;
        node = frame_of(pte_target(pte_load(slot)));
    }
    *table = table_entries(node);
    return 0;
}

const struct pte *table_find(struct space *space, uint64_t address, unsigned *level)
{
    struct pte *entries = table_entries(space->root);

    for (unsigned l = MMU_LEVELS - 1;; l--) {
        struct pte *slot = entries + mmu_index(address, l);
        struct pte entry = pte_load(slot);
        if (pte_empty(entry))
            return NULL;
        if (pte_is_leaf(entry, l)) {
            *level = l;
            return slot;
        }
        entries = table_entries(frame_of(pte_target(entry)));
    }
}

void table_counts_add(struct table_counts *counts, struct pte leaf, int32_t pages)
{
    if (pte_flags(leaf) & PTE_LEAF_SPECIAL)
        return;
    if (pte_flags(leaf) & PTE_LEAF_FILE)
        counts->file += pages;
    else
        counts->anonymous += pages;
}

void table_count(struct space *space, uint64_t address, unsigned level,
                 const struct table_counts *counts)
{
    struct frame *node = space->root;

    for (unsigned l = MMU_LEVELS - 1;; l--) {
        node->table.anonymous += (uint32_t)counts->anonymous;
        node->table.file += (uint32_t)counts->file;
        if (l == level)
            break;
        node = table_child(table_entries(node) + mmu_index(address, l));
    }
    uint64_t resident = space->root->table.anonymous + (uint64_t)space->root->table.file;
    if (resident > space->resident_peak)
        space->resident_peak = resident;
}

static int32_t leaf_pages(unsigned level)
{
    return level ? PTE_PER_TABLE : 1;
}

/* Replacing the one by the other changes no count. */
static bool counted_alike(struct pte a, struct pte b)
{
    return ((pte_flags(a) ^ pte_flags(b)) & (PTE_LEAF_SPECIAL | PTE_LEAF_FILE)) == 0;
}

void table_set_leaf(struct space *space, uint64_t address, unsigned level, struct pte *table,
                    struct pte entry)
{
    unsigned index = mmu_index(address, level);
    struct pte old = pte_load(&table[index]);

    if (pte_empty(old) || !counted_alike(old, entry)) {
        struct table_counts counts = {0, 0};
        if (!pte_empty(old))
            table_counts_add(&counts, old, -leaf_pages(level));
        table_counts_add(&counts, entry, leaf_pages(level));
        table_count(space, address, level, &counts);
    }
    frame_of_kernel(table)->table.lines |= line_bit(index);
    pte_store(&table[index], entry);
}

void table_fill_leaf(uint64_t address, struct pte *table, struct pte entry)
{
    unsigned index = mmu_index(address, 0);

    frame_of_kernel(table)->table.lines |= line_bit(index);
    pte_store(&table[index], entry);
}

struct pte table_take_entry(struct space *space, uint64_t address, unsigned level, struct pte *slot)
{
    struct pte old = pte_exchange(slot, (struct pte){0});

    struct table_counts counts = {0, 0};
    table_counts_add(&counts, old, -leaf_pages(level));
    table_count(space, address, level, &counts);
    return old;
}

void table_clear_leaf(struct space *space, uint64_t address, unsigned level, struct pte *table)
{
    struct pte old = table_take_entry(space, address, level, &table[mmu_index(address, level)]);

    mmu_flush_page(&space->mmu, address);
    entry_put(old, level);
}

static void uncount_branch(struct space *space, uint64_t address, unsigned level,
                           const struct frame *branch)
{
    struct table_counts counts = {-(int32_t)branch->table.anonymous, -(int32_t)branch->table.file};

    table_count(space, address, level, &counts);
}

void table_clear_branch(struct space *space, uint64_t address, unsigned level, struct pte *slot)
{
    struct pte old = pte_exchange(slot, (struct pte){0});
    struct frame *branch = pte_is_leaf(old, level) ? huge_shadow(old) : frame_of(pte_target(old));

    uncount_branch(space, address, level, branch);
    if (level == MMU_LEVELS - 1)
        space->used[mmu_index(address, level) / 64] &= ~(1ull << (mmu_index(address, level) % 64));
    mmu_flush_range(&space->mmu, address, address + mmu_span(level));
    table_put(branch, level - 1);
}

void table_fork_root(struct space *child, struct space *parent)
{
    struct pte *from = table_entries(parent->root), *to = table_entries(child->root);

    for (unsigned word = 0; word < array_size(parent->used); word++) {
        for (uint64_t left = parent->used[word]; left; left &= left - 1) {
            unsigned index = word * 64 + (unsigned)__builtin_ctzll(left);
            to[index] = share_branch(&from[index], pte_load(&from[index]), MMU_LEVELS - 1);
        }
        child->used[word] = parent->used[word];
    }
    child->root->table = parent->root->table;
}

void table_drop_root(struct space *space)
{
    struct pte *entries = table_entries(space->root);

    for (unsigned word = 0; word < array_size(space->used); word++) {
        for (; space->used[word]; space->used[word] &= space->used[word] - 1) {
            unsigned index = word * 64 + (unsigned)__builtin_ctzll(space->used[word]);
            struct pte entry = entries[index];
            entries[index].bits = 0;
            if (!pte_empty(entry))
                entry_put(entry, MMU_LEVELS - 1);
        }
    }
    space->root->table.lines = 0;
    space->root->table.anonymous = space->root->table.file = 0;
}
