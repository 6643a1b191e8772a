/*
 * Physical memory, a frame of 4 KiB at a time, each with a count. A buddy allocator per machine
 * with a small per-CPU cache; metadata is initialised block by block when memory is first needed,
 * so that start-up does not depend on its size.
 */
#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "arch/address.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backing;

enum frame_kind {
    FRAME_FREE,   /* in the allocator */
    FRAME_KERNEL, /* kernel memory: stacks, buffers */
    FRAME_SLAB,   /* a slab of objects */
    FRAME_HEAP,   /* a large heap_alloc */
    FRAME_TABLE,  /* a page table: a node of the share tree */
    FRAME_PAGE,   /* an anonymous page */
    FRAME_CACHE,  /* a page of a backing (file or shared memory) */
};

enum {
    FRAME_ORDER_MAX = 10, /* blocks of up to 4 MiB */
    FRAME_ORDER_HUGE = 9, /* 2 MiB */
};

/* Flags of frame_alloc. */
enum {
    FRAME_ZERO = 1,   /* filled with zeros */
    FRAME_ATOMIC = 2, /* must not sleep (nothing sleeps at present: documents the caller) */
};

/*
 * refs counts the entries that point to the frame, plus one per holder in the kernel (a backing's
 * index, a copy in progress). Never processes.
 */
struct frame {
    _Atomic uint32_t refs;
    uint8_t kind;
    uint8_t order;
    uint16_t flags; /* owner's use */
    union {
        struct { /* FRAME_TABLE, see mem/table.h */
            uint64_t lines;
            uint32_t anonymous, file; /* pages that hang below it */
        } table;
        struct { /* FRAME_PAGE at the start of a 2 MiB leaf, see mem/table.h */
            struct frame *shadow;
        } page;
        struct {                     /* FRAME_CACHE */
            struct backing *backing; /* NULL once it was truncated away */
            uint64_t index;          /* in pages */
        } cache;
        struct { /* FRAME_SLAB */
            void *cache;
            void *slab;
        } slab;
        struct { /* FRAME_FREE: links of the buddy's list */
            struct frame *next, *previous;
        } free;
    };
};

/* Counters for the ledger, /proc/meminfo and the tests of constant time. All monotonic but `free`.
 */
struct frame_totals {
    uint64_t total, free; /* frames */
    uint64_t allocated;   /* frames handed out since boot */
};

/* Watermarks of free frames, see mem/reclaim.h. Constant after frame_init but for `start`, which
 * the reclaiming thread moves. */
struct frame_marks {
    uint64_t start;     /* an allocation that finds fewer wakes the reclaiming thread */
    uint64_t low, high; /* memory is short below the one, reclaiming ends at the other */
    uint64_t reserve;   /* not handed out for pages of programs and files */
    uint64_t total;
};
extern struct frame_marks frame_marks;
/* A hint, without a lock. */
uint64_t frames_free(void);

/* Takes over machine.ram. */
void frame_init(void);
/* 1 << order contiguous, aligned frames; the first one's refs is 1 and its order is set. NULL: no
   memory but the reserve, or fault injection. */
struct frame *frame_alloc(enum frame_kind kind, unsigned order, unsigned flags);
/* Frees a block whose only count the caller holds. */
void frame_free(struct frame *frame);
/* Turns a block into single frames of the same kind, each with refs 1. The caller holds its only
 * count. */
void frame_split(struct frame *block);
/* The reverse: 1 << order single frames, each with no count but the caller's, become one block
 * again with refs 1. */
void frame_join(struct frame *block, unsigned order);

/* One struct frame per frame, by frame number: set once at start-up. Only for the inline functions
   below, which are on every fault's and fork's path. */
extern struct frame *frame_array;

static inline struct frame *frame_of(struct phys address)
{
    return frame_array + (address.value >> PAGE_SHIFT);
}

static inline struct frame *frame_of_kernel(const void *pointer)
{
    return frame_of(kernel_to_phys(pointer));
}

static inline struct phys frame_phys(const struct frame *frame)
{
    return (struct phys){(uint64_t)(frame - frame_array) << PAGE_SHIFT};
}

/* The kernel address of its first byte. */
static inline void *frame_address(const struct frame *frame)
{
    return phys_to_kernel(frame_phys(frame));
}

static inline uint32_t frame_refs(const struct frame *frame)
{
    return atomic_load_explicit(&frame->refs, memory_order_acquire);
}

static inline void frame_get(struct frame *frame)
{
    atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
}

/* Drops a count; the last one frees the block. FRAME_CACHE frames are kept alive by their backing's
 * count. */
static inline void frame_put(struct frame *frame)
{
    if (atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_acq_rel) == 1)
        frame_free(frame);
}

/* False for device memory and holes. */
bool frame_exists(struct phys address);

/* The one zeroed page that untouched anonymous memory reads as; its entries are not counted
 * (PTE_LEAF_SPECIAL). */
extern struct frame *frame_zero;

void frame_totals_get(struct frame_totals *result);

#endif
