/*
 * Page tables, one entry at a time. The share tree (mem/table.c) is written once above this
 * contract.
 *
 * Levels count from the leaves: level 0 holds pages of 4 KiB, level 1 tables or pages of 2 MiB, up
 * to level MMU_LEVELS - 1, the root. An entry is *empty* (all bits 0), a *table* or a *leaf*.
 *
 * Sealing takes write permission away from everything below a table entry. On x86_64 and arm64 it
 * clears the entry's W bit, since permissions are the AND over the levels. On riscv64 a sealed
 * entry is invalid to the hardware and keeps its pointer in software bits. Nothing above this
 * header knows which.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/address.h"
#include <stdatomic.h>
#include <stdbool.h>

/* A page-table entry. */
struct pte {
    uint64_t bits;
};

enum {
    PTE_PER_TABLE = 512,
    PTE_LEAF_WRITE = 1,   /* stores allowed */
    PTE_LEAF_EXECUTE = 2, /* instruction fetch allowed */
    PTE_LEAF_SHARED = 4,  /* software: leaf of a MAP_SHARED mapping, never copied on write */
    PTE_LEAF_SPECIAL = 8, /* software: the frame is not counted (the zero page, device memory) */
    PTE_LEAF_NONE = 16,   /* no access at all (PROT_NONE), the page is kept */
    PTE_LEAF_FILE = 32,   /* software: counted as file memory, else as anonymous memory */
};

#include <machine/mmu.h>
/*
 * machine/mmu.h defines MMU_LEVELS, MMU_USER_SLOTS (root entries that belong to user space, from
 * 0), MMU_USER_END (the first address above user space, an uint64_t constant) and these inline
 * functions:
 *
 *   struct pte pte_table(struct phys table)              a table entry, not sealed
 *   struct pte pte_leaf(struct phys page, unsigned level, unsigned flags)     flags: PTE_LEAF_…;
 * user-accessible bool pte_empty(struct pte)                           nothing here bool
 * pte_is_leaf(struct pte, unsigned level)         true at level 0 for every non-empty entry struct
 * phys pte_target(struct pte)                   of a table or leaf, sealed or not struct pte
 * pte_seal(struct pte), pte_unseal(struct pte), bool pte_sealed(struct pte)        table entries
 *   unsigned pte_flags(struct pte)                       PTE_LEAF_… of a leaf
 *   struct pte pte_with_flags(struct pte, unsigned level, unsigned flags)   the same page and A/D
 * bits, other flags bool pte_writable(struct pte)                        leaf: the hardware allows
 * stores at this level struct pte pte_protect(struct pte)                   leaf: without write
 * permission bool pte_accessed(struct pte), pte_dirty(struct pte); struct pte pte_clean(struct
 * pte), pte_old(struct pte) unsigned mmu_index(uint64_t address, unsigned level) index into the
 * table of that level uint64_t mmu_span(unsigned level)                    bytes that one entry of
 * that level covers
 */

/* Entries are read and written through these, since other CPUs' page walkers read them (and set
 * accessed and dirty). */
static inline struct pte pte_load(const struct pte *slot)
{
    return (struct pte){__atomic_load_n(&slot->bits, __ATOMIC_ACQUIRE)};
}

static inline void pte_store(struct pte *slot, struct pte value)
{
    __atomic_store_n(&slot->bits, value.bits, __ATOMIC_RELEASE);
}

static inline struct pte pte_exchange(struct pte *slot, struct pte value)
{
    return (struct pte){__atomic_exchange_n(&slot->bits, value.bits, __ATOMIC_ACQ_REL)};
}

/* The part of an address space that the machine needs. Zeroed is legal for mmu_drop. */
struct mmu_space {
    struct pte *root;           /* kernel address of the root table */
    _Atomic uint64_t active[4]; /* bit per CPU: this space may be in its TLB */
    uint64_t generation;        /* for address-space identifiers */
};

/* Prepares a root: `root` is a zeroed frame; the kernel's part is filled in. */
void mmu_init(struct mmu_space *space, struct pte *root);
/* Clears the kernel's part of the root again, so that the frame is all zero. No CPU may have it
 * loaded. */
void mmu_drop(struct mmu_space *space);
/* Loads `next` on this CPU (NULL: the kernel's own space). Interrupts off. */
void mmu_switch(struct mmu_space *previous, struct mmu_space *next);
/* Forgets every translation and cached table pointer of the space, or of one address (with the
   cached pointers to tables on its path), on every CPU that may hold it, before it returns.
   Interrupts on or off; no spinlock held. */
void mmu_flush(struct mmu_space *space);
void mmu_flush_page(struct mmu_space *space, uint64_t address);
void mmu_flush_range(struct mmu_space *space, uint64_t start, uint64_t end);

/* Kernel address space: maps count pages at the page-aligned kernel address in the region for
   mapped stacks and the like; tables are never freed. 0 or -ENOMEM. Global, not executable. */
int mmu_kernel_map(uint64_t address, struct phys page, bool writable);
void mmu_kernel_unmap(uint64_t address);
/* The region that mmu_kernel_map serves: [start, end). */
uint64_t mmu_kernel_region_start(void);
uint64_t mmu_kernel_region_end(void);

/* Needed by the architecture, given by mem/frame.c: one zeroed page for a kernel table, or NULL. */
void *mmu_table_alloc(void);

#endif
