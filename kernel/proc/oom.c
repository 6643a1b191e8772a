/*
 * Choosing who goes when memory is at its end. The weight of a process is what its address space
 * holds, in pages and page tables, moved by oom_score_adj in thousandths of all memory, as Linux
 * does it; -1000 and process 1 are exempt. One at a time: while somebody is on the way out, others
 * wait for that, but not for ever, since the one that waits may hold what the other needs.
 *
 * Locks: tree_lock for the list, each process's signal_lock for its space. Cost: O(processes).
 */
#include "proc/oom.h"

#include "arch/time.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mem/space.h"
#include "proc/signal.h"
#include "sched/thread.h"
#include "trace/log.h"
#include <linux/oom.h>

enum {
    PAUSE = 5 * 1000 * 1000,       /* nanoseconds between two looks */
    PATIENCE = 1000 * 1000 * 1000, /* with one that is on its way out */
    TABLE_SPAN_SHIFT = 21,         /* a last-level table covers 2 MiB */
    TABLES_PER_MAPPING = 3,
};

struct candidate {
    struct process *process; /* counted */
    int64_t weight;
    bool ending; /* some process with memory is on its way out */
};

static uint64_t last_kill; /* tree_lock; clock_monotonic */

/* Page tables, from above: as many as were made, and no more than the mappings can need. */
static uint64_t tables_of(const struct space *space)
{
    uint64_t made = space->work.tables_made + space->work.tables_copied;
    uint64_t needed =
        (space->maps.total >> TABLE_SPAN_SHIFT) + TABLES_PER_MAPPING * space->maps.count;

    return min_u64(made, needed);
}

/* In pages; negative: exempt. signal_lock held, which keeps the space. */
static int64_t weight_of(const struct process *process)
{
    const struct space *space = process->space;
    int32_t adjust = process->oom_score_adjust;
    int64_t pages =
        (int64_t)space->root->table.anonymous + space->root->table.file + (int64_t)tables_of(space);

    if (adjust == OOM_SCORE_ADJ_MIN || process == process_one)
        return -1;
    pages += (int64_t)(frame_marks.total / OOM_SCORE_ADJ_MAX) * adjust;
    return pages > 0 ? pages : 0;
}

static void consider(struct candidate *best, struct process *process)
{
    spin_lock(&process->signal_lock);
    if (process->space && process->group_exit)
        best->ending = true;
    int64_t weight = process->space && !process->group_exit ? weight_of(process) : -1;
    spin_unlock(&process->signal_lock);
    if (weight <= best->weight)
        return;
    best->process = process;
    best->weight = weight;
}

static void choose(struct candidate *best)
{
    uint64_t saved = spin_lock_irq(&tree_lock), now = clock_monotonic();
    struct process *process;

    *best = (struct candidate){.weight = -1};
    TAILQ_FOREACH (process, &all_processes, all_link)
        consider(best, process);
    if (best->ending && now - last_kill < PATIENCE)
        best->process = NULL;
    if (best->process) {
        process_get(best->process);
        last_kill = now;
    }
    spin_unlock_irq(&tree_lock, saved);
}

static void name_of(struct process *process, char *name, size_t size)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct task *task = TAILQ_FIRST(&process->tasks);

    strlcpy(name, task ? task->thread.name : process->last_name, size);
    spin_unlock_irq(&process->signal_lock, saved);
}

static void end_process(struct candidate *victim)
{
    char name[sizeof(((struct thread *)0)->name)];

    name_of(victim->process, name, sizeof(name));
    log_line("out of memory: killed process %d (%s), %lld pages", victim->process->pid->number,
             name, (long long)victim->weight);
    signal_process(victim->process, SIGKILL, NULL);
    process_put(victim->process);
}

static bool being_killed(void)
{
    return (atomic_load(&thread_current()->pending) & THREAD_KILL) != 0;
}

bool oom_kill(void)
{
    struct candidate victim;
    struct wait_queue nobody = {0};
    struct waiter self;

    choose(&victim);
    if (victim.process)
        end_process(&victim);
    else if (!victim.ending)
        return false;
    if (being_killed())
        return false;
    waiter_init(&self);
    wait_enter(&nobody, &self);
    wait_sleep(WAIT_KILLABLE, clock_monotonic() + PAUSE);
    wait_leave(&nobody, &self);
    return !being_killed();
}
