/*
 * Page tables as a share tree.
 *
 * A node is a page table in its frame: frame->refs counts the entries that point to it. Fork shares
 * whole subtrees by one count on each table below a used root slot; whoever changes something later
 * owns the path to it, table by table from the top (table_own).
 *
 * Invariants (table_check states them as code)
 *  1. refs of a table is the number of entries that point to it; refs of a page, the number of
 * leaves plus the kernel's holders.
 *  2. A table with refs > 1 is immutable, but for accessed bits and for taking write permission
 * away.
 *  3. A table is exclusively owned only if all tables on the path to it have refs 1. table_own
 * establishes that top-down.
 *  4. An entry that points to a table with refs > 1 is sealed. An entry that is not sealed lets
 * stores through only to leaves that are exclusively owned, or shared by mapping (PTE_LEAF_SHARED).
 *  5. frame->table.lines has bit n set if one of the entries 8n … 8n+7 is used: a copy or a drop
 * reads only those. A table whose lines are 0 is all zero, so freed tables are kept for reuse as
 * zeroed ones.
 *  6. frame->table.anonymous and .file are the numbers of resident pages below it.
 *
 * Huge leaves. A 2 MiB leaf stands for a table, its *shadow*, which holds the 512 pages in the
 * usual way: the shadow is the node that is counted, shared, copied and dropped, and the leaf is
 * only the form that an entry pointing to it has (frame->page.shadow of the first page finds it).
 * So splitting a huge page is writing the other form into the entry, it needs no memory, and
 * sharing one after fork is the same share tree as everything else. TABLE_SPLIT marks a shadow
 * whose pages may have other holders: it can no longer be written through a huge leaf.
 *
 * Locks: the space's lock for its own path. Shared nodes are protected by immutability: a count
 * that is > 1 can only be made 1 by the other holders giving theirs up, and nobody writes a node
 * that he does not own exclusively.
 */
#ifndef MEM_TABLE_H
#define MEM_TABLE_H

#include "arch/mmu.h"
#include "mem/space.h"

enum {
    TABLE_SHADOW = 1, /* frame->flags: this table is in huge form */
    TABLE_SPLIT = 2,  /* its pages may be shared one by one */
};

/* A zeroed table with refs 1, or NULL. */
struct frame *table_alloc(void);
/* Gives one up: refs 1 or 0, no entries left (lines 0). */
void table_free(struct frame *table);
/* Drops one count of a table at `level`; the last one drops everything below it. */
void table_put(struct frame *table, unsigned level);

/*
 * Makes the table of `level` that covers `address` exclusively the space's, copying shared tables
 * on the way; with `create` missing ones are made, otherwise *table is NULL when there is nothing
 * there. A huge leaf on the way is turned into a table. level < MMU_LEVELS - 1. 0 or -ENOMEM: then
 * what programs see is unchanged. Space lock held.
 */
int table_own(struct space *space, uint64_t address, unsigned level, bool create,
              struct pte **table);

/*
 * Finds the entry that translates address: *level is 0 or 1. NULL if there is none. Read-only: the
 * path may be shared. Space lock held.
 */
const struct pte *table_find(struct space *space, uint64_t address, unsigned *level);

/* Writes a leaf into an owned table, keeping lines and the page counts of all tables on the path.
   What was there is overwritten, not dropped. */
void table_set_leaf(struct space *space, uint64_t address, unsigned level, struct pte *table,
                    struct pte entry);
/* The same for an empty entry of an owned level-0 table, without the counts: the caller adds up
   what he put in (table_counts_add) and has it counted once (table_count), while he still holds the
   space's lock. */
void table_fill_leaf(uint64_t address, struct pte *table, struct pte entry);
struct table_counts {
    int32_t anonymous, file; /* pages */
};
void table_counts_add(struct table_counts *counts, struct pte leaf, int32_t pages);
/* Adds to the page counts of every table on the owned path down to `level`. */
void table_count(struct space *space, uint64_t address, unsigned level,
                 const struct table_counts *counts);
/* Clears an owned leaf entry, flushes it, and drops the page. */
void table_clear_leaf(struct space *space, uint64_t address, unsigned level, struct pte *table);

/* Makes [start, end) translate to nothing. Borders are owned first, so that after -ENOMEM nothing
   has changed. Whole subtrees are dropped without being copied. Space lock held. */
int table_zap(struct space *space, uint64_t start, uint64_t end);
/* The first step of table_zap alone: afterwards a zap of the same range cannot fail. */
int table_zap_prepare(struct space *space, uint64_t start, uint64_t end);

/* Owns every table that translates something in [start, end); huge leaves that stick out become
 * tables. 0 or -ENOMEM. */
int table_own_range(struct space *space, uint64_t start, uint64_t end);

/* Calls visit->leaf for each leaf in [start, end), after table_own_range of it: it may rewrite
 * *entry (the same page). */
struct table_visit {
    void (*leaf)(struct table_visit *visit, uint64_t address, unsigned level, struct pte *entry);
    void *argument;
};
void table_visit_owned(struct space *space, uint64_t start, uint64_t end,
                       struct table_visit *visit);
/* The same over shared tables, read-only. */
void table_visit_shared(struct space *space, uint64_t start, uint64_t end,
                        struct table_visit *visit);

/* Moves the leaves of [from, from + length) to `to`, page by page; both ranges' paths are owned
 * first. 0 or -ENOMEM. */
int table_move(struct space *space, uint64_t from, uint64_t to, uint64_t length);

/* A 2 MiB leaf for zeroed memory at the aligned address: entry of the owned level-1 table `table`
 * must be empty. 0 or -ENOMEM. */
int table_set_huge(struct space *space, uint64_t address, struct pte *table, unsigned flags);
/* Can the huge leaf be written as a whole: nobody else holds the shadow or any page of it? */
bool table_huge_exclusive(struct pte entry);

/* fork: see fork_tables in space.c. */
void table_fork_root(struct space *child, struct space *parent);
/* The dial's other settings: owns every table (and every page) of the space. 0 or -ENOMEM. */
int table_own_all(struct space *space, bool pages);
/* Empties the whole space. */
void table_drop_root(struct space *space);

/* The number of tables that the space reaches. O(tables). */
uint64_t table_nodes(struct space *space);
/* Asserts the invariants over the whole space. O(pages). */
void table_check(struct space *space);

#endif
