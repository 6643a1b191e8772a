/*
 * Start-up of the process layer: processes in /proc, the counts that other files of /proc show, and
 * the lines of the leak ledger.
 */
#include "proc/proc.h"

#include "fs/mount.h"
#include "mem/reclaim.h"
#include "proc/oom.h"
#include "proc/proc_node.h"
#include "proc/proc_process.h"
#include "trace/ledger.h"

static const struct proc_entry processes = {
    .name = "",
    .lookup = proc_process_lookup,
    .next = proc_process_next,
};

/* Numbers are given out one after the other, so that the last one tells how many there were, as
   long as it has not begun again. */
static void counts_get(struct proc_counts *counts)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct process *process;
    struct task *task;

    counts->last_pid = pid_last();
    counts->forks = (uint64_t)pid_last();
    TAILQ_FOREACH (process, &all_processes, all_link) {
        spin_lock(&process->signal_lock);
        TAILQ_FOREACH (task, &process->tasks, link) {
            counts->threads++;
            counts->blocked += atomic_load(&task->thread.state) == THREAD_WAITING;
        }
        spin_unlock(&process->signal_lock);
    }
    spin_unlock_irq(&tree_lock, saved);
}

static uint64_t processes_count(void)
{
    uint64_t saved = spin_lock_irq(&tree_lock), count = 0;
    struct process *process;

    TAILQ_FOREACH (process, &all_processes, all_link)
        count++;
    spin_unlock_irq(&tree_lock, saved);
    return count;
}

static uint64_t pids_count(void)
{
    return pid_count();
}

static uint64_t mounts_count(void)
{
    uint64_t count = 0;

    mount_lock_tree();
    for (struct mount *mount = mount_next(NULL); mount; mount = mount_next(mount))
        count++;
    mount_unlock_tree();
    return count;
}

static struct ledger_line lines[] = {
    {.name = "processes", .value = processes_count},
    {.name = "pids", .value = pids_count},
    {.name = "mounts", .value = mounts_count},
};

void proc_start(void)
{
    procfs_register(&procfs_tree, "", &processes);
    procfs_set_counts(counts_get);
    reclaim_set_killer(oom_kill);
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        ledger_register(&lines[i]);
}
