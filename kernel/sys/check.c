/*
 * See check.h. The trees are checked at one call of CALLS_PER_CHECK only: it costs as much as there
 * are pages, mappings and files.
 */
#include "sys/check.h"

#include "arch/cpu.h"
#include "file/file_table.h"
#include "lib/assert.h"
#include "mem/space.h"
#include "proc/access.h"
#include "proc/process.h"

enum { CALLS_PER_CHECK = 64 };

/* signal_lock keeps the table without a count, which would make its owner's look-ups dearer for
 * good. */
static void files_check(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);

    if (process->files)
        file_table_check(process->files);
    spin_unlock_irq(&process->signal_lock, saved);
}

static void trees_check(struct process *process)
{
    struct space *space = process_space(process);

    if (space)
        space_check(space);
    space_put(space);
    files_check(process);
}

void border_check(void)
{
    static _Atomic uint32_t calls;

    kernel_assert(cpu_this()->spin_depth == 0 && cpu_this()->interrupt_depth == 0);
    if (atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) % CALLS_PER_CHECK == 0)
        trees_check(process_current());
}
