/*
 * Huge leaves and their shadows; the theory is in table.h.
 */
#include "lib/assert.h"
#include "lib/errno.h"
#include "mem/table.h"
#include "mem/table_node.h"

int table_set_huge(struct space *space, uint64_t address, struct pte *table, unsigned flags)
{
    struct frame *shadow = table_alloc();

    if (!shadow)
        return -ENOMEM;
    struct frame *block = frame_alloc(FRAME_PAGE, FRAME_ORDER_HUGE, FRAME_ZERO);
    if (!block) {
        table_free(shadow);
        return -ENOMEM;
    }
    frame_split(block);
    struct pte *entries = table_entries(shadow);
    for (unsigned i = 0; i < PTE_PER_TABLE; i++)
        entries[i] = pte_leaf(frame_phys(block + i), 0, flags);
    shadow->table.lines = UINT64_MAX;
    shadow->table.anonymous = PTE_PER_TABLE;
    shadow->flags = TABLE_SHADOW;
    block->page.shadow = shadow;
    table_set_leaf(space, address, 1, table, pte_leaf(frame_phys(block), 1, flags));
    space->work.pages_zeroed += PTE_PER_TABLE;
    return 0;
}

bool table_huge_exclusive(struct pte entry)
{
    struct frame *shadow = huge_shadow(entry);

    return frame_refs(shadow) == 1 &&
           !(__atomic_load_n(&shadow->flags, __ATOMIC_ACQUIRE) & TABLE_SPLIT);
}

void shadow_to_table(struct space *space, struct frame *shadow, struct pte leaf, bool pages_shared)
{
    struct pte *entries = table_entries(shadow);
    unsigned flags = pte_flags(leaf);

    if (pages_shared || (shadow->flags & TABLE_SPLIT))
        flags &= ~(unsigned)PTE_LEAF_WRITE;
    for (unsigned i = 0; i < PTE_PER_TABLE; i++)
        entries[i] = pte_leaf(pte_target(entries[i]), 0, flags);
    if (shadow->flags & TABLE_SHADOW)
        frame_of(pte_target(leaf))->page.shadow = NULL;
    shadow->flags = 0;
    space->work.huge_split++;
}
