/*
 * Forgetting translations, here and on the other CPUs that may hold them.
 *
 * One request is under way at a time (flush_lock). The asker fills in what to flush, marks the CPUs
 * in `waiting`, interrupts them, flushes its own, and waits until the mask is empty. A CPU that
 * waits for the lock or for the mask with interrupts off answers the request under way itself, so
 * that two askers cannot wait for each other.
 */
#include "apic.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "instructions.h"
#include "mmu_local.h"
#include "processor.h"
#include "trap_table.h"

enum { FLUSH_PAGES_MAX = 32 }; /* beyond this many pages everything is forgotten at once */

struct flush_request {
    uint64_t start, end; /* equal: everything that is not global; kernel pages: always by range */
    _Atomic uint64_t waiting[CPU_LIMIT / 64];
};

static struct flush_request request;
static atomic_bool flush_lock;

static void flush_local(uint64_t start, uint64_t end)
{
    if (start == end || (end - start) / PAGE_SIZE > FLUSH_PAGES_MAX) {
        cr3_write(cr3_read());
        return;
    }
    for (uint64_t address = start; address < end; address += PAGE_SIZE)
        page_invalidate(address);
}

void mmu_flush_requested(void)
{
    unsigned id = cpu_this()->id;
    uint64_t bit = UINT64_C(1) << id % 64;

    if ((atomic_load(&request.waiting[id / 64]) & bit) == 0)
        return;
    flush_local(request.start, request.end);
    atomic_fetch_and(&request.waiting[id / 64], ~bit);
}

static bool flush_pending(void)
{
    uint64_t any = 0;

    for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
        any |= atomic_load(&request.waiting[i]);
    return any != 0;
}

/* Marks and interrupts every CPU in `mask` but this one. */
static void flush_send(const uint64_t *mask, unsigned self)
{
    for (unsigned id = 0; id < cpu_count(); id++) {
        uint64_t bit = UINT64_C(1) << id % 64;

        if (id == self || (mask[id / 64] & bit) == 0)
            continue;
        atomic_fetch_or(&request.waiting[id / 64], bit);
        apic_interrupt(id, VECTOR_FLUSH);
    }
}

/* Interrupts off. */
static void flush_others(const uint64_t *mask, uint64_t start, uint64_t end)
{
    while (atomic_exchange_explicit(&flush_lock, true, memory_order_acquire)) {
        mmu_flush_requested();
        cpu_relax();
    }
    request.start = start;
    request.end = end;
    flush_send(mask, cpu_this()->id);
    while (flush_pending()) {
        mmu_flush_requested();
        cpu_relax();
    }
    atomic_store_explicit(&flush_lock, false, memory_order_release);
}

static void flush_space(struct mmu_space *space, uint64_t start, uint64_t end)
{
    uint64_t saved = irq_save();
    unsigned id = cpu_this()->id;

    if ((atomic_load_explicit(&space->active[id / 64], memory_order_relaxed) >> id % 64 & 1) != 0)
        flush_local(start, end);
    if (cpu_count() > 1) {
        uint64_t mask[CPU_LIMIT / 64];

        for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
            mask[i] = atomic_load(&space->active[i]);
        flush_others(mask, start, end);
    }
    irq_restore(saved);
}

void mmu_flush(struct mmu_space *space)
{
    flush_space(space, 0, 0);
}

void mmu_flush_page(struct mmu_space *space, uint64_t address)
{
    flush_space(space, page_floor(address), page_floor(address) + PAGE_SIZE);
}

void mmu_flush_range(struct mmu_space *space, uint64_t start, uint64_t end)
{
    if (start < end)
        flush_space(space, page_floor(start), page_ceil(end));
}

void mmu_flush_kernel_page(uint64_t address)
{
    static const uint64_t everybody[CPU_LIMIT / 64] = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                                       UINT64_MAX};
    uint64_t saved = irq_save();

    page_invalidate(address);
    if (cpu_count() > 1)
        flush_others(everybody, address, address + PAGE_SIZE);
    irq_restore(saved);
}
