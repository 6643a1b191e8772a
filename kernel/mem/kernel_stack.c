/*
 * Kernel stacks. The region is cut into slots of a guard page and a stack. Slots that were used
 * once and are unmapped again wait in a list of their numbers; mapped free ones wait in `ready`.
 *
 * Debug kernels paint a stack when it is mapped and look, when it is given back, how far down the
 * paint is gone; each new depth is logged, and less than a quarter left is a broken invariant.
 *
 * Locks: stack_lock (interrupts off) guards the lists; mapping is done outside it.
 */
#include "mem/kernel_stack.h"
#include "arch/context.h"
#include "arch/mmu.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "sched/spin.h"
#include "trace/log.h"

enum {
    STACK_PAGES = KERNEL_STACK_SIZE / PAGE_SIZE,
    SLOT_SIZE = KERNEL_STACK_SIZE + PAGE_SIZE,
    READY_LIMIT = 64,
    PAINT = 0xa5,
    DEPTH_STEP = 256, /* bytes between two logged depths */
    MARGIN = KERNEL_STACK_SIZE / 4,
};

/* Describes a slot that holds a stack; its address lies in the stack's lowest word while the stack
 * is free or in use. */
struct stack_slot {
    uint64_t stack; /* the lowest byte */
    struct stack_slot *next;
    struct frame *frames[STACK_PAGES];
};

static struct slab_cache slot_cache = SLAB_CACHE("kernel-stack", sizeof(struct stack_slot));
static struct slab_cache hole_cache = SLAB_CACHE("kernel-stack-hole", sizeof(struct stack_slot));
static struct spinlock stack_lock;
static struct stack_slot *ready; /* mapped, free */
static struct stack_slot *holes; /* unmapped, of hole_cache */
static unsigned ready_count;
static uint64_t next_slot; /* address of the first slot never used */

static void frames_drop(struct stack_slot *slot, unsigned mapped)
{
    for (unsigned i = 0; i < STACK_PAGES; i++) {
        if (i < mapped)
            mmu_kernel_unmap(slot->stack + (uint64_t)i * PAGE_SIZE);
        if (slot->frames[i])
            frame_put(slot->frames[i]);
    }
}

static uint64_t deepest; /* a bytes; debug kernels only */

/* The bytes that were ever used of a stack, whose lowest word names its slot. */
static uint64_t stack_depth(const struct stack_slot *slot)
{
    const uint8_t *bytes = (const uint8_t *)slot->stack;
    uint64_t unused = sizeof(struct stack_slot *);

    while (unused < KERNEL_STACK_SIZE && bytes[unused] == PAINT)
        unused++;
    return KERNEL_STACK_SIZE - unused;
}

static void depth_note(const struct stack_slot *slot)
{
    uint64_t depth = stack_depth(slot);

    if (depth < __atomic_load_n(&deepest, __ATOMIC_RELAXED) + DEPTH_STEP)
        return;
    __atomic_store_n(&deepest, depth, __ATOMIC_RELAXED);
    log_line("deepest kernel stack so far: %llu of %u bytes", (unsigned long long)depth,
             KERNEL_STACK_SIZE);
    kernel_assert(depth <= KERNEL_STACK_SIZE - MARGIN);
}

/* An address for a new stack: of a hole, or fresh. 0: the region is full. */
static uint64_t address_take(void)
{
    uint64_t address = 0, saved = spin_lock_irq(&stack_lock);
    struct stack_slot *hole = holes;

    if (hole) {
        holes = hole->next;
        hole_cache.idle--;
        address = hole->stack;
    } else {
        if (!next_slot)
            next_slot = mmu_kernel_region_start();
        if (next_slot + SLOT_SIZE <= mmu_kernel_region_end()) {
            address = next_slot + PAGE_SIZE;
            next_slot += SLOT_SIZE;
        }
    }
    spin_unlock_irq(&stack_lock, saved);
    if (hole)
        slab_free(&hole_cache, hole);
    return address;
}

/* Remembers an unmapped address; without memory for that it is given up, which costs address space
 * only. */
static void address_return(uint64_t address)
{
    struct stack_slot *hole = slab_alloc(&hole_cache);

    if (!hole)
        return;
    hole->stack = address;
    uint64_t saved = spin_lock_irq(&stack_lock);
    hole->next = holes;
    holes = hole;
    hole_cache.idle++;
    spin_unlock_irq(&stack_lock, saved);
}

static int slot_map(struct stack_slot *slot)
{
    for (unsigned i = 0; i < STACK_PAGES; i++) {
        slot->frames[i] = frame_alloc(FRAME_KERNEL, 0, 0);
        if (!slot->frames[i] || mmu_kernel_map(slot->stack + (uint64_t)i * PAGE_SIZE,
                                               frame_phys(slot->frames[i]), true)) {
            frames_drop(slot, i);
            return -1;
        }
    }
    return 0;
}

static struct stack_slot *slot_create(void)
{
    struct stack_slot *slot = slab_alloc_zero(&slot_cache);

    if (!slot)
        return NULL;
    slot->stack = address_take();
    if (slot->stack && !slot_map(slot)) {
        if (DEBUG_CHECKS)
            memset((void *)slot->stack, PAINT, KERNEL_STACK_SIZE);
        return slot;
    }
    if (slot->stack)
        address_return(slot->stack);
    slab_free(&slot_cache, slot);
    return NULL;
}

uint8_t *kernel_stack_alloc(void)
{
    uint64_t saved = spin_lock_irq(&stack_lock);
    struct stack_slot *slot = ready;

    if (slot) {
        ready = slot->next;
        ready_count--;
        slot_cache.idle--;
    }
    spin_unlock_irq(&stack_lock, saved);
    if (!slot)
        slot = slot_create();
    if (!slot)
        return NULL;
    *(struct stack_slot **)slot->stack = slot;
    return (uint8_t *)slot->stack;
}

void kernel_stack_free(uint8_t *stack)
{
    if (!stack)
        return;
    struct stack_slot *slot = *(struct stack_slot **)(void *)stack;
    kernel_assert(slot->stack == (uint64_t)stack); /* else the stack ran into its last word */
    if (DEBUG_CHECKS)
        depth_note(slot);
    uint64_t saved = spin_lock_irq(&stack_lock);
    bool keep = ready_count < READY_LIMIT;
    if (keep) {
        slot->next = ready;
        ready = slot;
        ready_count++;
        slot_cache.idle++;
    }
    spin_unlock_irq(&stack_lock, saved);
    if (keep)
        return;
    frames_drop(slot, STACK_PAGES);
    address_return(slot->stack);
    slab_free(&slot_cache, slot);
}

unsigned kernel_stack_cached(void)
{
    return ready_count;
}
