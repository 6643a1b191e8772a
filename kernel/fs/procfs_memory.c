/*
 * The files of /proc that tell about memory: meminfo, slabinfo, and the leak ledger,
 * /proc/furca/ledger, with a line "name value" for each number that must be back where it was after
 * a test.
 */
#include "fs/dentry.h"
#include "fs/procfs_internal.h"

#include "arch/address.h"
#include "arch/context.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/frame.h"
#include "mem/kernel_stack.h"
#include "mem/slab.h"
#include "mem/table_node.h"
#include "trace/ledger.h"

enum { KIB_PER_PAGE = PAGE_SIZE / 1024 };

static void add_slab_pages(const struct slab_cache *cache, void *argument)
{
    *(uint64_t *)argument += cache->slabs << cache->order;
}

static uint64_t slab_pages(void)
{
    uint64_t pages = 0;
    slab_visit(add_slab_pages, &pages);
    return pages;
}

static void memory_line(struct text_buffer *text, const char *name, uint64_t pages)
{
    text_put(text, "%-16s%8llu kB\n", name, (unsigned long long)(pages * KIB_PER_PAGE));
}

/* Lines of things that Furca does not have (swap, write-back, movable kernel memory) are there with
   0, where programs ask for them; lines of things that it does not count are left out. */
static int meminfo_show(const struct proc_node *node, struct text_buffer *text)
{
    static const char *const zero[] = {"SwapTotal:", "SwapFree:", "Dirty:", "Writeback:"};
    struct frame_totals frames;
    uint64_t shared, cached, slabs = slab_pages();
    frame_totals_get(&frames);
    backing_totals(&shared, &cached);
    memory_line(text, "MemTotal:", frames.total);
    memory_line(text, "MemFree:", frames.free);
    memory_line(text, "MemAvailable:", frames.free + cached);
    memory_line(text, "Buffers:", 0);
    memory_line(text, "Cached:", shared + cached);
    memory_line(text, "SwapCached:", 0);
    for (size_t i = 0; i < array_size(zero); i++)
        memory_line(text, zero[i], 0);
    memory_line(text, "Shmem:", shared);
    memory_line(text, "KReclaimable:", 0);
    memory_line(text, "Slab:", slabs);
    memory_line(text, "SReclaimable:", 0);
    memory_line(text, "SUnreclaim:", slabs);
    memory_line(text, "CommitLimit:", frames.total);
    text_put(text, "HugePages_Total:       0\nHugePages_Free:        0\n");
    text_put(text, "Hugepagesize:       2048 kB\n");
    return 0;
}

/* What vmstat(8) asks for; there is no swap, and paging is not counted. */
static int vmstat_show(const struct proc_node *node, struct text_buffer *text)
{
    struct frame_totals frames;
    uint64_t shared, cached;
    frame_totals_get(&frames);
    backing_totals(&shared, &cached);
    text_put(text, "nr_free_pages %llu\nnr_file_pages %llu\nnr_shmem %llu\n",
             (unsigned long long)frames.free, (unsigned long long)(shared + cached),
             (unsigned long long)shared);
    text_put(text,
             "nr_dirty 0\nnr_writeback 0\nnr_slab_reclaimable 0\nnr_slab_unreclaimable %llu\n",
             (unsigned long long)slab_pages());
    text_put(text, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgalloc_normal %llu\n",
             (unsigned long long)frames.allocated);
    text_put(text, "pgfault 0\npgmajfault 0\noom_kill 0\n");
    return 0;
}

static void slab_line(const struct slab_cache *cache, void *argument)
{
    unsigned long long total = cache->slabs * cache->objects;
    text_put(argument, "%-17s %6llu %6llu %6u %4u %4u", cache->name,
             (unsigned long long)cache->in_use, total, cache->size, cache->objects,
             1u << cache->order);
    text_put(argument, " : tunables %4u %4u %4u : slabdata %6llu %6llu %6u\n", 0, 0, 0,
             (unsigned long long)cache->slabs, (unsigned long long)cache->slabs, 0);
}

static int slabinfo_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text,
             "slabinfo - version: 2.1\n"
             "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
             " : tunables <limit> <batchcount> <sharedfactor>"
             " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    slab_visit(slab_line, text);
    return 0;
}

static void ledger_slab_line(const struct slab_cache *cache, void *argument)
{
    text_put(argument, "slab.%s %llu\n", cache->name,
             (unsigned long long)(cache->in_use - cache->idle));
}

static void ledger_value_line(const struct ledger_line *line, void *argument)
{
    text_put(argument, "%s %llu\n", line->name, (unsigned long long)line->value());
}

/* Frames that wait for their next use. */
static uint64_t pooled_pages(void)
{
    return table_pooled() + (uint64_t)kernel_stack_cached() * (KERNEL_STACK_SIZE / PAGE_SIZE);
}

/* What is only remembered is no leak: unused names are dropped first, pages of files are not
   counted, nor frames that slabs keep, whose objects have lines of their own. */
static int ledger_show(const struct proc_node *node, struct text_buffer *text)
{
    struct frame_totals frames;
    uint64_t shared, cached;
    dentry_cache_trim(0);
    frame_totals_get(&frames);
    backing_totals(&shared, &cached);
    text_put(
        text, "frames %llu\n",
        (unsigned long long)(frames.total - frames.free - cached - slab_pages() - pooled_pages()));
    ledger_visit(ledger_value_line, text);
    slab_visit(ledger_slab_line, text);
    return 0;
}

static const struct proc_entry meminfo_entry = {
    .name = "meminfo",
    .mode = S_IFREG | 0444,
    .show = meminfo_show,
};

static const struct proc_entry vmstat_entry = {
    .name = "vmstat",
    .mode = S_IFREG | 0444,
    .show = vmstat_show,
};

static const struct proc_entry slabinfo_entry = {
    .name = "slabinfo",
    .mode = S_IFREG | 0400,
    .show = slabinfo_show,
};

static const struct proc_entry ledger_entry = {
    .name = "ledger",
    .mode = S_IFREG | 0444,
    .show = ledger_show,
};

void procfs_memory_init(void)
{
    procfs_register(&procfs_tree, "", &meminfo_entry);
    procfs_register(&procfs_tree, "", &vmstat_entry);
    procfs_register(&procfs_tree, "", &slabinfo_entry);
    procfs_register(&procfs_tree, "furca", &ledger_entry);
}
