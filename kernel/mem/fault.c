/*
 * Page faults: what a first touch, and the first store after a fork, cost.
 *
 * A fault finds its mapping, then makes the entry for the address say yes. A store to a page that
 * somebody else can see through another entry first owns the path to the entry (table_own), then
 * copies the page, unless its count says that the other holders are gone. Memory is taken before
 * the tree is changed, so that a failed fault leaves everything as it was.
 *
 * Runs with the space's lock held; a file's page is read with the lock of its backing held below
 * that.
 */
#include "arch/trap.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/huge.h"
#include "mem/reclaim.h"
#include "mem/space_parts.h"
#include "mem/table.h"
#include <linux/mman.h>

enum { FAULT_AROUND_PAGES = 16 };

struct fault {
    struct space *space;
    const struct mapping *map;
    uint64_t address; /* of the page */
    bool write;
};

static int check_access(const struct mapping *map, unsigned access)
{
    uint32_t needed = PROT_READ | PROT_WRITE | PROT_EXEC;

    if (access & FAULT_WRITE)
        needed = PROT_WRITE;
    else if (access & FAULT_EXECUTE)
        needed = PROT_EXEC;
    return map->prot & needed ? 0 : -EACCES;
}

/* Puts a fresh page at the fault's address, whose path may be shared. Takes over the count on
 * `frame`, also in failure. */
static int install(const struct fault *fault, struct frame *frame, unsigned flags)
{
    struct pte *table;
    int error = table_own(fault->space, fault->address, 0, true, &table);

    if (error) {
        if (!(flags & PTE_LEAF_SPECIAL))
            frame_put(frame);
        return error;
    }
    table_set_leaf(fault->space, fault->address, 0, table, pte_leaf(frame_phys(frame), 0, flags));
    return 0;
}

/* --- anonymous memory --- */

static bool huge_fits(const struct fault *fault)
{
    uint64_t start = align_down(fault->address, mmu_span(1));

    return huge_wanted(fault->map->flags) && start >= fault->map->start &&
           start + mmu_span(1) <= fault->map->end;
}

/* Tries to put 2 MiB there. False: use a small page. */
static bool install_huge(const struct fault *fault)
{
    uint64_t start = align_down(fault->address, mmu_span(1));
    struct pte *table;

    if (table_own(fault->space, start, 1, true, &table))
        return false;
    if (!pte_empty(pte_load(&table[mmu_index(start, 1)])))
        return false;
    return !table_set_huge(fault->space, start, table,
                           space_leaf_flags(fault->map) | PTE_LEAF_WRITE);
}

static int touch_anonymous(const struct fault *fault)
{
    unsigned flags = space_leaf_flags(fault->map);

    if (!fault->write)
        return install(fault, frame_zero, flags | PTE_LEAF_SPECIAL);
    if (huge_fits(fault) && install_huge(fault))
        return 0;
    struct frame *frame = frame_alloc(FRAME_PAGE, 0, FRAME_ZERO);
    if (!frame)
        return -ENOMEM;
    fault->space->work.pages_zeroed++;
    return install(fault, frame, flags | PTE_LEAF_WRITE);
}

/* --- files and shared memory --- */

static uint64_t index_of(const struct mapping *map, uint64_t address)
{
    return (map->offset + (address - map->start)) >> PAGE_SHIFT;
}

static struct backing *backing_of(const struct mapping *map)
{
    return ((struct map_source *)map->object)->backing;
}

static int copy_page(struct space *space, const struct frame *from, struct frame **copy)
{
    *copy = frame_alloc(FRAME_PAGE, 0, 0);
    if (!*copy)
        return -ENOMEM;
    memcpy(frame_address(*copy), frame_address(from), PAGE_SIZE);
    space->work.pages_copied++;
    return 0;
}

/* Maps pages that are in memory anyway around a fault that a read caused, inside the same table and
 * mapping. */
static void fault_around(const struct fault *fault, struct pte *table)
{
    const struct mapping *map = fault->map;
    uint64_t start = align_down(fault->address, FAULT_AROUND_PAGES * PAGE_SIZE);
    uint64_t end = min_u64(start + FAULT_AROUND_PAGES * PAGE_SIZE, map->end);
    unsigned flags = space_leaf_flags(map) | PTE_LEAF_FILE;
    struct table_counts counts = {0, 0};

    for (uint64_t at = max_u64(start, map->start); at < end; at += PAGE_SIZE) {
        if (!pte_empty(pte_load(&table[mmu_index(at, 0)])))
            continue;
        struct frame *frame = backing_peek(backing_of(map), index_of(map, at));
        if (!frame)
            continue;
        struct pte entry = pte_leaf(frame_phys(frame), 0, flags);
        table_fill_leaf(at, table, entry);
        table_counts_add(&counts, entry, 1);
    }
    table_count(fault->space, fault->address, 0, &counts);
}

static int touch_device(const struct fault *fault)
{
    struct phys page;
    unsigned flags = space_leaf_flags(fault->map) | PTE_LEAF_SPECIAL;
    struct pte *table;
    int error =
        backing_of(fault->map)
            ->ops->device(backing_of(fault->map), index_of(fault->map, fault->address), &page);

    if (!error)
        error = table_own(fault->space, fault->address, 0, true, &table);
    if (error)
        return error;
    if (fault->map->prot & PROT_WRITE)
        flags |= PTE_LEAF_WRITE;
    table_set_leaf(fault->space, fault->address, 0, table, pte_leaf(page, 0, flags));
    return 0;
}

static int touch_file(const struct fault *fault)
{
    struct backing *backing = backing_of(fault->map);
    bool shared = fault->map->flags & MAPPING_SHARED, copy = fault->write && !shared;
    unsigned flags = space_leaf_flags(fault->map);
    struct frame *frame, *own;
    struct pte *table;

    if (backing->ops->device)
        return touch_device(fault);
    int error = backing_page_mapped(backing, index_of(fault->map, fault->address),
                                    fault->write && shared, &frame);
    if (error)
        return error;
    if (copy) {
        error = copy_page(fault->space, frame, &own);
        frame_put(frame);
        return error ? error : install(fault, own, flags | PTE_LEAF_WRITE);
    }
    error = install(fault, frame, flags | PTE_LEAF_FILE | (fault->write ? PTE_LEAF_WRITE : 0));
    if (!error && !fault->write && !table_own(fault->space, fault->address, 0, false, &table))
        fault_around(fault, table);
    return error;
}

/* --- stores to what is there already --- */

static void rewrite(const struct fault *fault, unsigned level, struct pte *table, struct pte entry)
{
    table_set_leaf(fault->space, fault->address, level, table, entry);
    mmu_flush_page(&fault->space->mmu, fault->address);
}

/* The page is private and somebody else may see it: makes a copy ours. */
static int break_page(const struct fault *fault, struct pte *table, struct pte entry)
{
    unsigned flags =
        (pte_flags(entry) & ~(unsigned)(PTE_LEAF_FILE | PTE_LEAF_SPECIAL)) | PTE_LEAF_WRITE;
    bool zero = pte_flags(entry) & PTE_LEAF_SPECIAL;
    struct frame *old = frame_of(pte_target(entry)), *frame;

    if (!zero && old->kind == FRAME_PAGE && frame_refs(old) == 1) {
        rewrite(fault, 0, table, pte_with_flags(entry, 0, flags));
        return 0;
    }
    if (zero) {
        frame = frame_alloc(FRAME_PAGE, 0, FRAME_ZERO);
        fault->space->work.pages_zeroed += frame != NULL;
    } else if (copy_page(fault->space, old, &frame)) {
        frame = NULL;
    }
    if (!frame)
        return -ENOMEM;
    rewrite(fault, 0, table, pte_leaf(frame_phys(frame), 0, flags));
    if (!zero)
        frame_put(old);
    return 0;
}

static int write_shared(const struct fault *fault, struct pte *table, struct pte entry)
{
    struct frame *frame;

    if (!(pte_flags(entry) & PTE_LEAF_SPECIAL)) {
        int error = backing_page_mapped(backing_of(fault->map),
                                        index_of(fault->map, fault->address), true, &frame);
        if (error)
            return error;
        frame_put(frame); /* the entry has its own count */
    }
    rewrite(fault, 0, table, pte_with_flags(entry, 0, pte_flags(entry) | PTE_LEAF_WRITE));
    return 0;
}

/* The huge leaf is ours alone: write it as a whole; otherwise its table form is used from now on.
 */
static int write_huge(const struct fault *fault, bool *done)
{
    uint64_t start = align_down(fault->address, mmu_span(1));
    struct pte *table;
    int error = table_own(fault->space, start, 1, false, &table);
    struct pte entry = error ? (struct pte){0} : pte_load(&table[mmu_index(start, 1)]);

    *done = !error && pte_is_leaf(entry, 1) && table_huge_exclusive(entry);
    if (*done)
        rewrite(fault, 1, table, pte_with_flags(entry, 1, pte_flags(entry) | PTE_LEAF_WRITE));
    return error;
}

static int write_present(const struct fault *fault, unsigned level)
{
    struct pte *table;
    bool done = false;
    int error = level ? write_huge(fault, &done) : 0;

    if (error || done)
        return error;
    error = table_own(fault->space, fault->address, 0, false, &table);
    if (error)
        return error;
    struct pte entry = pte_load(&table[mmu_index(fault->address, 0)]);
    if (pte_writable(entry)) {
        mmu_flush_page(&fault->space->mmu, fault->address);
        return 0;
    }
    return pte_flags(entry) & PTE_LEAF_SHARED ? write_shared(fault, table, entry)
                                              : break_page(fault, table, entry);
}

/* --- the fault --- */

static int fault_locked(struct space *space, uint64_t address, unsigned access)
{
    const struct mapping *map = map_tree_find(&space->maps, address);
    unsigned level;

    if (!map)
        map = space_grow_stack(space, address);
    if (!map)
        return -EFAULT;
    int error = check_access(map, access);
    if (error)
        return error;
    struct fault fault = {space, map, page_floor(address), access & FAULT_WRITE};
    space->work.faults++;
    const struct pte *entry = table_find(space, address, &level);
    if (entry && fault.write)
        return write_present(&fault, level);
    if (entry) {
        mmu_flush_page(&space->mmu,
                       fault.address); /* another thread was faster, or the CPU remembers less */
        return 0;
    }
    return map->object ? touch_file(&fault) : touch_anonymous(&fault);
}

int space_fault(struct space *space, struct uaddr address, unsigned access)
{
    int error;

    if (address.value >= MMU_USER_END)
        return -EFAULT;
    do {
        mutex_lock(&space->lock);
        error = fault_locked(space, address.value, access);
        mutex_unlock(&space->lock);
    } while (error == -ENOMEM && reclaim_or_kill());
    return error;
}

static int page_once(struct space *space, struct uaddr address, unsigned access,
                     struct frame **frame)
{
    unsigned level;

    mutex_lock(&space->lock);
    int error = fault_locked(space, address.value, access);
    const struct pte *entry = error ? NULL : table_find(space, address.value, &level);
    if (entry) {
        uint64_t inside = level ? address.value & (mmu_span(1) - 1) & PAGE_MASK : 0;
        *frame = frame_of((struct phys){pte_target(pte_load(entry)).value + inside});
        frame_get(*frame);
    }
    mutex_unlock(&space->lock);
    return error;
}

int space_page(struct space *space, struct uaddr address, unsigned access, struct frame **frame)
{
    int error;

    if (address.value >= MMU_USER_END)
        return -EFAULT;
    do
        error = page_once(space, address, access, frame);
    while (error == -ENOMEM && reclaim_or_kill());
    return error;
}
