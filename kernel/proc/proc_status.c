/*
 * /proc/PID/status: the same as stat for people, line by line as Linux writes them.
 */
#include "proc/proc_node.h"

#include "arch/cpu.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mem/space.h"
#include "proc/identity.h"
#include <linux/mman.h>

static const struct {
    char letter;
    const char *text;
} states[] = {
    {'R', "R (running)"}, {'S', "S (sleeping)"}, {'D', "D (disk sleep)"},
    {'T', "T (stopped)"}, {'Z', "Z (zombie)"},   {'X', "X (dead)"},
};

static const char *state_text(char letter)
{
    for (size_t i = 0; i < array_size(states); i++) {
        if (states[i].letter == letter)
            return states[i].text;
    }
    return "R (running)";
}

static void put_name(struct text_buffer *text, const char *name)
{
    text_put(text, "Name:\t");
    for (; *name; name++) {
        if (*name == '\n' || *name == '\\')
            text_put(text, *name == '\n' ? "\\n" : "\\\\");
        else
            text_put_char(text, *name);
    }
    text_put_char(text, '\n');
}

static void put_umask(struct text_buffer *text, struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    int32_t umask = process->fs ? (int32_t)process->fs->umask : -1;

    spin_unlock_irq(&process->signal_lock, saved);
    if (umask >= 0)
        text_put(text, "Umask:\t%#04o\n", (unsigned)umask);
}

static void put_groups(struct text_buffer *text, const struct cred *cred)
{
    text_put(text, "Groups:\t");
    for (uint32_t i = 0; i < cred->group_count; i++)
        text_put(text, "%s%u", i ? " " : "", cred->groups[i]);
    text_put(text, " \n");
}

/* The size of Linux's table for as many: a power of two from 64 on. */
static unsigned table_size(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock), count = 0;
    unsigned size = 64;

    if (process->files)
        count = file_table_count(process->files);
    spin_unlock_irq(&process->signal_lock, saved);
    while (size < count)
        size *= 2;
    return count ? size : 0;
}

static void put_identity(struct text_buffer *text, const struct proc_node *node,
                         const struct task_view *view)
{
    const struct cred *cred = view->cred;

    put_name(text, view->name);
    put_umask(text, node_process(node));
    text_put(text, "State:\t%s\n", state_text(view->state));
    text_put(text, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", view->pid,
             view->tid, view->parent);
    text_put(text, "Uid:\t%u\t%u\t%u\t%u\n", cred->uid, cred->euid, cred->suid, cred->fsuid);
    text_put(text, "Gid:\t%u\t%u\t%u\t%u\n", cred->gid, cred->egid, cred->sgid, cred->fsgid);
    text_put(text, "FDSize:\t%u\n", table_size(node_process(node)));
    put_groups(text, cred);
    text_put(text, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", view->pid, view->tid,
             view->group, view->session);
}

static void put_size(struct text_buffer *text, const char *name, uint64_t bytes)
{
    text_put(text, "%s:\t%8llu kB\n", name, (unsigned long long)(bytes / 1024));
}

/* Bytes of mappings that may be executed. */
static uint64_t executable_size(struct space *space)
{
    const struct mapping *map;
    uint64_t size = 0;

    mutex_lock(&space->lock);
    for (uint64_t from = 0; (map = map_tree_next(&space->maps, from)); from = map->end) {
        if ((map->prot & PROT_EXEC) && !(map->prot & PROT_WRITE))
            size += map->end - map->start;
    }
    mutex_unlock(&space->lock);
    return size;
}

static void put_memory(struct text_buffer *text, struct space *space)
{
    struct space_stat stat;
    uint64_t resident, executable = executable_size(space);

    space_stat_get(space, &stat);
    resident = stat.anonymous + stat.file;
    put_size(text, "VmPeak", max_u64(stat.total_peak, stat.total));
    put_size(text, "VmSize", stat.total);
    put_size(text, "VmLck", stat.locked);
    put_size(text, "VmPin", 0);
    put_size(text, "VmHWM", max_u64(stat.resident_peak, resident) * PAGE_SIZE);
    put_size(text, "VmRSS", resident * PAGE_SIZE);
    put_size(text, "RssAnon", stat.anonymous * PAGE_SIZE);
    put_size(text, "RssFile", (stat.file - stat.shared) * PAGE_SIZE);
    put_size(text, "RssShmem", stat.shared * PAGE_SIZE);
    put_size(text, "VmData", stat.data);
    put_size(text, "VmStk", stat.stack);
    put_size(text, "VmExe", stat.code);
    put_size(text, "VmLib", executable > stat.code ? executable - stat.code : 0);
    put_size(text, "VmPTE", stat.tables * PAGE_SIZE);
    put_size(text, "VmSwap", 0);
    put_size(text, "HugetlbPages", 0);
    text_put(text, "CoreDumping:\t0\nTHP_enabled:\t1\n");
}

static void put_set(struct text_buffer *text, const char *name, uint64_t set)
{
    text_put(text, "%s:\t%016llx\n", name, (unsigned long long)set);
}

static void put_signals(struct text_buffer *text, const struct task_view *view)
{
    text_put(text, "SigQ:\t%llu/%llu\n", (unsigned long long)identity_signal_count(view->cred->uid),
             (unsigned long long)view->signal_limit);
    put_set(text, "SigPnd", view->pending);
    put_set(text, "ShdPnd", view->shared_pending);
    put_set(text, "SigBlk", view->blocked);
    put_set(text, "SigIgn", view->ignored);
    put_set(text, "SigCgt", view->caught);
    put_set(text, "CapInh", view->cred->inheritable);
    put_set(text, "CapPrm", view->cred->permitted);
    put_set(text, "CapEff", view->cred->effective);
    put_set(text, "CapBnd", view->cred->bounding);
    put_set(text, "CapAmb", view->cred->ambient);
    text_put(text, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n", view->no_new_privileges);
    text_put(text, "Speculation_Store_Bypass:\tvulnerable\n");
    text_put(text, "SpeculationIndirectBranch:\talways enabled\n");
}

/* A set of CPUs as a list of ranges. */
static void put_cpu_list(struct text_buffer *text, uint64_t set)
{
    const char *separator = "";

    for (unsigned first = 0; first < 64; first++) {
        unsigned last = first;
        if (!(set >> first & 1))
            continue;
        while (last + 1 < 64 && (set >> (last + 1) & 1))
            last++;
        text_put(text, last > first ? "%s%u-%u" : "%s%u", separator, first, last);
        separator = ",";
        first = last;
    }
    text_put_char(text, '\n');
}

static void put_schedule(struct text_buffer *text, const struct task_view *view)
{
    unsigned count = cpu_count();
    uint64_t all = count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
    uint64_t set = view->affinity & all ? view->affinity & all : all;

    text_put(text, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", (unsigned long long)set);
    put_cpu_list(text, set);
    text_put(text, "Mems_allowed:\t1\nMems_allowed_list:\t0\n");
    text_put(text, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
             (unsigned long long)view->usage.switches_voluntary,
             (unsigned long long)view->usage.switches_forced);
}

int status_show(const struct proc_node *node, struct text_buffer *text)
{
    struct task_view view;
    struct space *space;
    int error = proc_view_get(node, false, &view);

    if (error)
        return error;
    put_identity(text, node, &view);
    space = process_space(node_process(node));
    if (space)
        put_memory(text, space);
    space_put(space);
    text_put(text, "Threads:\t%u\n", view.threads);
    put_signals(text, &view);
    put_schedule(text, &view);
    proc_view_put(&view);
    return 0;
}
