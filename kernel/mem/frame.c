/*
 * The frame allocator: binary buddies (Knuth, TAOCP 1, 2.5) over each range of RAM, behind a small
 * cache of single frames.
 *
 * Metadata, one struct frame per frame, lies at the start of the largest range. It is not touched
 * at boot: a range keeps `fresh`, the first frame that was never handed to the buddies, and when a
 * request finds no free block the next block of 4 MiB is initialised and freed into the lists. So
 * start-up costs the same for 64 MiB and for 512 GiB.
 *
 * Invariants: a free block of order n starts at a frame number that is a multiple of 1 << n, has
 * refs 0 and kind FRAME_FREE, and its buddy is not a free block of the same order. Every frame
 * below `fresh` belongs to exactly one free block or allocation.
 *
 * Locks: frame_lock (interrupts off) guards lists and ranges. Cost: O(FRAME_ORDER_MAX); single
 * frames usually O(1).
 */
#include "mem/frame.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mem/fault_injection.h"
#include "mem/reclaim.h"
#include "sched/spin.h"
#include "trace/log.h"

enum {
    BLOCK_FRAMES = 1 << FRAME_ORDER_MAX,
    CACHE_FRAMES = 64,
    CACHE_BATCH = 32,
};

struct frame_range {
    uint64_t start, end; /* frame numbers */
    uint64_t fresh;      /* frames from here on were never used */
};

static struct spinlock frame_lock;
static struct frame_range ranges[MACHINE_RANGES];
static unsigned range_count;
struct frame *frame_array;
static struct frame *free_lists[FRAME_ORDER_MAX + 1];
static struct frame *cached[CACHE_FRAMES]; /* single frames, refs 0 */
static unsigned cached_count;
static struct frame_totals totals;
struct frame_marks frame_marks;
struct frame *frame_zero;

bool frame_exists(struct phys address)
{
    uint64_t number = address.value >> PAGE_SHIFT;

    for (unsigned i = 0; i < range_count; i++)
        if (number >= ranges[i].start && number < ranges[i].fresh)
            return true;
    return false;
}

static void list_push(struct frame *frame, unsigned order)
{
    frame->kind = FRAME_FREE;
    frame->order = (uint8_t)order;
    frame->free.previous = NULL;
    frame->free.next = free_lists[order];
    if (frame->free.next)
        frame->free.next->free.previous = frame;
    free_lists[order] = frame;
}

static void list_remove(struct frame *frame, unsigned order)
{
    if (frame->free.previous)
        frame->free.previous->free.next = frame->free.next;
    else
        free_lists[order] = frame->free.next;
    if (frame->free.next)
        frame->free.next->free.previous = frame->free.previous;
}

/* The range that holds an initialised frame number, or NULL. */
static struct frame_range *range_of(uint64_t number)
{
    for (unsigned i = 0; i < range_count; i++)
        if (number >= ranges[i].start && number < ranges[i].fresh)
            return &ranges[i];
    return NULL;
}

static bool buddy_is_free(const struct frame_range *range, uint64_t buddy, unsigned order)
{
    return buddy >= range->start && buddy + (1ull << order) <= range->fresh &&
           frame_array[buddy].kind == FRAME_FREE && frame_array[buddy].order == order;
}

/* Frees a block into the lists, joining it with its buddies. frame_lock held. */
static void block_free(struct frame *frame, unsigned order)
{
    uint64_t number = (uint64_t)(frame - frame_array);
    struct frame_range *range = range_of(number);

    while (order < FRAME_ORDER_MAX) {
        uint64_t buddy = number ^ (1ull << order);
        if (!buddy_is_free(range, buddy, order))
            break;
        list_remove(&frame_array[buddy], order);
        frame_array[buddy].order = UINT8_MAX; /* no longer the head of a free block */
        frame_array[number].order = UINT8_MAX;
        number &= ~(1ull << order);
        order++;
    }
    list_push(&frame_array[number], order);
}

/* Initialises the next block of some range and frees it. False when all RAM is in use. frame_lock
 * held. */
static bool range_open_block(void)
{
    for (unsigned i = 0; i < range_count; i++) {
        struct frame_range *range = &ranges[i];
        if (range->fresh == range->end)
            continue;
        uint64_t first = range->fresh;
        uint64_t end = min_u64(align_down(first, BLOCK_FRAMES) + BLOCK_FRAMES, range->end);
        memset(&frame_array[first], 0, (size_t)(end - first) * sizeof(struct frame));
        for (uint64_t n = first; n < end; n++)
            frame_array[n].order = UINT8_MAX;
        range->fresh = end;
        while (first < end) {
            unsigned order = FRAME_ORDER_MAX;
            while (!is_aligned(first, 1ull << order) || first + (1ull << order) > end)
                order--;
            list_push(&frame_array[first], order);
            first += 1ull << order;
        }
        return true;
    }
    return false;
}

/* frame_lock held. */
static struct frame *block_alloc(unsigned order)
{
    unsigned found = order;

    while (found <= FRAME_ORDER_MAX && !free_lists[found])
        found++;
    if (found > FRAME_ORDER_MAX)
        return range_open_block() ? block_alloc(order) : NULL;
    struct frame *frame = free_lists[found];
    list_remove(frame, found);
    while (found > order) {
        found--;
        list_push(frame + (1u << found), found);
    }
    frame->kind = FRAME_KERNEL; /* still under the lock: its buddy must not take it for free */
    frame->order = UINT8_MAX;
    return frame;
}

/* frame_lock held. */
static struct frame *single_alloc(void)
{
    while (!cached_count) {
        for (unsigned i = 0; i < CACHE_BATCH; i++) {
            struct frame *frame = block_alloc(0);
            if (!frame)
                break;
            cached[cached_count++] = frame;
        }
        if (!cached_count)
            return NULL;
    }
    return cached[--cached_count];
}

/* frame_lock held. */
static void single_free(struct frame *frame)
{
    if (cached_count == CACHE_FRAMES) {
        for (unsigned i = 0; i < CACHE_BATCH; i++)
            block_free(cached[--cached_count], 0);
    }
    frame->kind = FRAME_KERNEL; /* not FREE: a cached frame must not be joined */
    cached[cached_count++] = frame;
}

uint64_t frames_free(void)
{
    return __atomic_load_n(&totals.free, __ATOMIC_RELAXED);
}

/* How many frames must stay free after an allocation of this kind by the current thread. */
static uint64_t frames_kept(enum frame_kind kind)
{
    const struct thread *thread = thread_current();

    if (!thread || !thread->process || (atomic_load(&thread->pending) & THREAD_KILL))
        return 0;
    return kind == FRAME_PAGE || kind == FRAME_CACHE ? frame_marks.reserve
                                                     : frame_marks.reserve / 4;
}

struct frame *frame_alloc(enum frame_kind kind, unsigned order, unsigned flags)
{
    struct frame *frame;
    uint64_t free = frames_free();

    debug_assert(order <= FRAME_ORDER_MAX);
    if (allocation_fails())
        return NULL;
    if (__builtin_expect(free < frame_marks.start, 0))
        reclaim_start();
    if (__builtin_expect(free < frame_marks.low, 0) && free < frames_kept(kind) + (1ull << order))
        return NULL;
    uint64_t saved = spin_lock_irq(&frame_lock);
    frame = order ? block_alloc(order) : single_alloc();
    if (frame) {
        totals.free -= 1ull << order;
        totals.allocated += 1ull << order;
    }
    spin_unlock_irq(&frame_lock, saved);
    if (!frame)
        return NULL;
    debug_assert(frame_refs(frame) == 0);
    frame->kind = (uint8_t)kind;
    frame->order = (uint8_t)order;
    frame->flags = 0;
    memset(&frame->table, 0, sizeof frame->table);
    atomic_store_explicit(&frame->refs, 1, memory_order_release);
    if (flags & FRAME_ZERO)
        memset(frame_address(frame), 0, (size_t)PAGE_SIZE << order);
    return frame;
}

void frame_free(struct frame *frame)
{
    unsigned order = frame->order;

    debug_assert(frame->kind != FRAME_FREE && frame_refs(frame) <= 1);
    if (DEBUG_CHECKS)
        memset(frame_address(frame), 0xdf, (size_t)PAGE_SIZE << order);
    atomic_store_explicit(&frame->refs, 0, memory_order_relaxed);
    uint64_t saved = spin_lock_irq(&frame_lock);
    totals.free += 1ull << order;
    if (order)
        block_free(frame, order);
    else
        single_free(frame);
    spin_unlock_irq(&frame_lock, saved);
}

void frame_split(struct frame *block)
{
    unsigned count = 1u << block->order;

    for (unsigned i = 0; i < count; i++) {
        struct frame *frame = block + i;
        frame->kind = block->kind;
        frame->order = 0;
        frame->flags = 0;
        atomic_store_explicit(&frame->refs, 1, memory_order_relaxed);
    }
}

void frame_join(struct frame *block, unsigned order)
{
    unsigned count = 1u << order;

    for (unsigned i = 1; i < count; i++) {
        atomic_store_explicit(&block[i].refs, 0, memory_order_relaxed);
        block[i].order = UINT8_MAX;
    }
    block->order = (uint8_t)order;
}

void frame_totals_get(struct frame_totals *result)
{
    uint64_t saved = spin_lock_irq(&frame_lock);

    *result = totals;
    spin_unlock_irq(&frame_lock, saved);
}

/* Cuts the metadata for frames up to `last` out of the range that has most room. */
static void metadata_place(uint64_t last)
{
    uint64_t pages = divide_up(last * sizeof(struct frame), PAGE_SIZE);
    struct frame_range *best = &ranges[0];

    for (unsigned i = 1; i < range_count; i++)
        if (ranges[i].end - ranges[i].start > best->end - best->start)
            best = &ranges[i];
    if (best->end - best->start <= pages)
        panic("too little memory: %llu KiB needed for its own description",
              (unsigned long long)pages * 4);
    frame_array = phys_to_kernel((struct phys){best->start << PAGE_SHIFT});
    best->start += pages;
    best->fresh = best->start;
}

/* 1/128 of memory, but at most 16 MiB, is the reserve; the marks above it leave room for what is
 * allocated while a round runs. */
static void marks_set(void)
{
    uint64_t reserve = min_u64(totals.total / 128, 4096);

    frame_marks = (struct frame_marks){.start = reserve * 3,
                                       .low = reserve * 3,
                                       .high = reserve * 6,
                                       .reserve = reserve,
                                       .total = totals.total};
}

void frame_init(void)
{
    uint64_t last = 0;

    for (unsigned i = 0; i < machine.ram_count; i++) {
        uint64_t start = machine.ram[i].start >> PAGE_SHIFT, end = machine.ram[i].end >> PAGE_SHIFT;
        if (start >= end)
            continue;
        ranges[range_count++] = (struct frame_range){start, end, start};
        last = max_u64(last, end);
    }
    if (!range_count)
        panic("the loader described no memory");
    metadata_place(last);
    for (unsigned i = 0; i < range_count; i++)
        totals.total += ranges[i].end - ranges[i].start;
    totals.free = totals.total;
    marks_set();
    frame_zero = frame_alloc(FRAME_PAGE, 0, FRAME_ZERO);
    if (!frame_zero)
        panic("no memory for the zero page");
}

void *mmu_table_alloc(void)
{
    struct frame *frame = frame_alloc(FRAME_KERNEL, 0, FRAME_ZERO);

    return frame ? frame_address(frame) : NULL;
}
