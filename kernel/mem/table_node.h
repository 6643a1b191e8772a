/*
 * The inside of the page-table share tree, for the files that make it up (table*.c). Everyone else
 * uses mem/table.h.
 */
#ifndef MEM_TABLE_NODE_H
#define MEM_TABLE_NODE_H

#include "arch/mmu.h"
#include "mem/frame.h"
#include "mem/space.h"

enum { ENTRIES_PER_LINE = 8 };

static inline struct pte *table_entries(const struct frame *table)
{
    return frame_address(table);
}

static inline uint64_t line_bit(unsigned index)
{
    return 1ull << (index / ENTRIES_PER_LINE);
}

/* The table that a huge leaf stands for. */
static inline struct frame *huge_shadow(struct pte entry)
{
    return frame_of(pte_target(entry))->page.shadow;
}

/* The entry in *slot of an owned table at `level` points to a table (or is huge): makes that table
   exclusively ours and in table form. `address`: any that the entry translates. 0 or -ENOMEM. */
int table_own_child(struct space *space, uint64_t address, struct pte *slot, unsigned level);

/* The child table of an entry in table form. */
static inline struct frame *table_child(const struct pte *slot)
{
    return frame_of(pte_target(pte_load(slot)));
}

/* A shadow leaves its huge form for good: its entries take the flags of the leaf; without write
   permission where pages are shared. The caller owns `shadow` and writes the entry. table_huge.c */
void shadow_to_table(struct space *space, struct frame *shadow, struct pte leaf, bool pages_shared);

/* Clears a table entry (or huge leaf) of an owned table, and drops the branch without looking into
   it more than needed. `address` is where the entry's span begins. */
void table_clear_branch(struct space *space, uint64_t address, unsigned level, struct pte *slot);
/* Takes a leaf out of an owned table and off the counts; the caller flushes, then drops the page.
 */
struct pte table_take_entry(struct space *space, uint64_t address, unsigned level,
                            struct pte *slot);
/* Tables waiting in the pool of zeroed ones: neither in use nor free frames. */
uint64_t table_pooled(void);

#endif
