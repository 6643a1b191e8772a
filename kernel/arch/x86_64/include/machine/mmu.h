/*
 * Page-table entries of x86_64 (Intel SDM volume 3, 4.5 "4-level paging"). Included by arch/mmu.h
 * only.
 *
 * Permissions are the AND over the levels, so sealing a table entry clears its W bit. A leaf with
 * PTE_LEAF_NONE is kept with P clear and a software bit set, so that it is not empty and keeps its
 * page.
 */
#ifndef MACHINE_MMU_H
#define MACHINE_MMU_H

enum {
    MMU_LEVELS = 4,
    MMU_USER_SLOTS = 256,
};

#define MMU_USER_END UINT64_C(0x7ffffffff000)

#define X86_PTE_PRESENT       (UINT64_C(1) << 0)
#define X86_PTE_WRITE         (UINT64_C(1) << 1)
#define X86_PTE_USER          (UINT64_C(1) << 2)
#define X86_PTE_WRITE_THROUGH (UINT64_C(1) << 3)
#define X86_PTE_UNCACHED      (UINT64_C(1) << 4)
#define X86_PTE_ACCESSED      (UINT64_C(1) << 5)
#define X86_PTE_DIRTY         (UINT64_C(1) << 6)
#define X86_PTE_HUGE          (UINT64_C(1) << 7)
#define X86_PTE_GLOBAL        (UINT64_C(1) << 8)
#define X86_PTE_SHARED        (UINT64_C(1) << 9)
#define X86_PTE_SPECIAL       (UINT64_C(1) << 10)
#define X86_PTE_FILE          (UINT64_C(1) << 11)
#define X86_PTE_NONE          (UINT64_C(1) << 52)
#define X86_PTE_NX            (UINT64_C(1) << 63)
#define X86_PTE_TARGET        UINT64_C(0x000ffffffffff000)

static inline struct pte pte_table(struct phys table)
{
    return (struct pte){table.value | X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_USER};
}

static inline uint64_t x86_pte_flag_bits(unsigned flags)
{
    return ((flags & PTE_LEAF_WRITE) ? X86_PTE_WRITE : 0) |
           ((flags & PTE_LEAF_EXECUTE) ? 0 : X86_PTE_NX) |
           ((flags & PTE_LEAF_SHARED) ? X86_PTE_SHARED : 0) |
           ((flags & PTE_LEAF_SPECIAL) ? X86_PTE_SPECIAL : 0) |
           ((flags & PTE_LEAF_FILE) ? X86_PTE_FILE : 0) |
           ((flags & PTE_LEAF_NONE) ? X86_PTE_NONE : X86_PTE_PRESENT);
}

static inline struct pte pte_leaf(struct phys page, unsigned level, unsigned flags)
{
    return (struct pte){page.value | X86_PTE_USER | (level > 0 ? X86_PTE_HUGE : 0) |
                        x86_pte_flag_bits(flags)};
}

static inline bool pte_empty(struct pte entry)
{
    return entry.bits == 0;
}

static inline bool pte_is_leaf(struct pte entry, unsigned level)
{
    return level == 0 ? entry.bits != 0 : (entry.bits & X86_PTE_HUGE) != 0;
}

static inline struct phys pte_target(struct pte entry)
{
    return (struct phys){entry.bits & X86_PTE_TARGET};
}

static inline struct pte pte_seal(struct pte entry)
{
    return (struct pte){entry.bits & ~X86_PTE_WRITE};
}

static inline struct pte pte_unseal(struct pte entry)
{
    return (struct pte){entry.bits | X86_PTE_WRITE};
}

static inline bool pte_sealed(struct pte entry)
{
    return (entry.bits & X86_PTE_WRITE) == 0;
}

static inline unsigned pte_flags(struct pte entry)
{
    uint64_t bits = entry.bits;

    return ((bits & X86_PTE_WRITE) ? PTE_LEAF_WRITE : 0) |
           ((bits & X86_PTE_NX) ? 0 : PTE_LEAF_EXECUTE) |
           ((bits & X86_PTE_SHARED) ? PTE_LEAF_SHARED : 0) |
           ((bits & X86_PTE_SPECIAL) ? PTE_LEAF_SPECIAL : 0) |
           ((bits & X86_PTE_NONE) ? PTE_LEAF_NONE : 0) |
           ((bits & X86_PTE_FILE) ? PTE_LEAF_FILE : 0);
}

static inline struct pte pte_with_flags(struct pte entry, unsigned level, unsigned flags)
{
    uint64_t kept = X86_PTE_TARGET;

    kept |= X86_PTE_ACCESSED | X86_PTE_DIRTY | X86_PTE_USER | (level > 0 ? X86_PTE_HUGE : 0);
    return (struct pte){(entry.bits & kept) | x86_pte_flag_bits(flags)};
}

static inline bool pte_writable(struct pte entry)
{
    uint64_t needed = X86_PTE_WRITE | X86_PTE_PRESENT;

    return (entry.bits & needed) == needed;
}

static inline struct pte pte_protect(struct pte entry)
{
    return (struct pte){entry.bits & ~X86_PTE_WRITE};
}

static inline bool pte_accessed(struct pte entry)
{
    return (entry.bits & X86_PTE_ACCESSED) != 0;
}

static inline bool pte_dirty(struct pte entry)
{
    return (entry.bits & X86_PTE_DIRTY) != 0;
}

static inline struct pte pte_clean(struct pte entry)
{
    return (struct pte){entry.bits & ~X86_PTE_DIRTY};
}

static inline struct pte pte_old(struct pte entry)
{
    return (struct pte){entry.bits & ~X86_PTE_ACCESSED};
}

static inline unsigned mmu_index(uint64_t address, unsigned level)
{
    return (address >> (PAGE_SHIFT + 9 * level)) & (PTE_PER_TABLE - 1);
}

static inline uint64_t mmu_span(unsigned level)
{
    return UINT64_C(1) << (PAGE_SHIFT + 9 * level);
}

#endif
