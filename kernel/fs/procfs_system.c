/*
 * The files of /proc that tell about the machine and the kernel as a whole (proc(5)), formatted as
 * Linux formats them, byte for byte, since programs parse them.
 */
#include "fs/procfs_internal.h"

#include "abi/version.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "arch/time.h"
#include "file/caller.h"
#include "file/device.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "sched/thread.h"
#include <linux/magic.h>

enum { SECOND = 1000000000, TICK = SECOND / 100, LOAD_SHIFT = 11, CPU_TEXT_MAX = 8192 };

struct proc_tree procfs_tree = {
    .type = {.name = "proc",
             .flags = FILESYSTEM_UNCACHED | FILESYSTEM_FIXED | FILESYSTEM_NODEV,
             .magic = PROC_SUPER_MAGIC,
             .make = proc_tree_make},
};

static void (*counts_source)(struct proc_counts *counts);

void procfs_set_counts(void (*get)(struct proc_counts *counts))
{
    counts_source = get;
}

void proc_counts_get(struct proc_counts *counts)
{
    *counts = (struct proc_counts){0};
    if (counts_source)
        counts_source(counts);
}

/* --- the machine --- */

static int version_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%s version %s (furca@furca) (gcc %s) %s\n", VERSION_SYSTEM, VERSION_RELEASE,
             __VERSION__, VERSION_BUILD);
    return 0;
}

static int command_line_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%s\n", machine.command_line);
    return 0;
}

static int cpuinfo_show(const struct proc_node *node, struct text_buffer *text)
{
    char *buffer = heap_alloc(CPU_TEXT_MAX);
    if (!buffer)
        return -ENOMEM;
    for (unsigned id = 0; id < cpu_count(); id++) {
        int length = cpu_describe(id, buffer, CPU_TEXT_MAX);
        text_put_bytes(text, buffer, min_size(length, CPU_TEXT_MAX - 1));
    }
    heap_free(buffer);
    return 0;
}

static int interrupts_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "          ");
    for (unsigned id = 0; id < cpu_count(); id++)
        text_put(text, " CPU%-8u", id);
    text_put_char(text, '\n');
    return 0;
}

/* --- time and load --- */

static int uptime_show(const struct proc_node *node, struct text_buffer *text)
{
    struct sched_totals totals;
    uint64_t now = clock_monotonic();
    sched_totals_get(&totals);
    text_put(text, "%llu.%02llu %llu.%02llu\n", (unsigned long long)(now / SECOND),
             (unsigned long long)(now % SECOND / TICK),
             (unsigned long long)(totals.idle_time / SECOND),
             (unsigned long long)(totals.idle_time % SECOND / TICK));
    return 0;
}

static int loadavg_show(const struct proc_node *node, struct text_buffer *text)
{
    struct sched_totals totals;
    struct proc_counts counts;
    sched_totals_get(&totals);
    proc_counts_get(&counts);
    for (unsigned i = 0; i < 3; i++) {
        /* Half of the last digit is added, as Linux rounds. */
        uint64_t load = totals.load[i] + (1 << LOAD_SHIFT) / 200;
        uint64_t part = load & ((1 << LOAD_SHIFT) - 1);
        text_put(text, "%llu.%02llu ", (unsigned long long)(load >> LOAD_SHIFT),
                 (unsigned long long)((part * 100) >> LOAD_SHIFT));
    }
    text_put(text, "%u/%u %d\n", totals.running, counts.threads, counts.last_pid);
    return 0;
}

/* user nice system idle iowait irq softirq steal guest guest_nice, in hundredths of a second. */
static void cpu_line(struct text_buffer *text, const struct sched_totals *totals, unsigned share)
{
    text_put(text, " %llu 0 %llu %llu 0 0 0 0 0 0\n",
             (unsigned long long)(totals->user_time / TICK / share),
             (unsigned long long)(totals->system_time / TICK / share),
             (unsigned long long)(totals->idle_time / TICK / share));
}

/* The scheduler keeps the time of all CPUs together; each is shown an equal part of it. */
static int stat_show(const struct proc_node *node, struct text_buffer *text)
{
    struct sched_totals totals;
    struct proc_counts counts;
    sched_totals_get(&totals);
    proc_counts_get(&counts);
    text_put(text, "cpu ");
    cpu_line(text, &totals, 1);
    for (unsigned id = 0; id < cpu_count(); id++) {
        text_put(text, "cpu%u", id);
        cpu_line(text, &totals, cpu_count());
    }
    text_put(text, "intr 0\nctxt %llu\nbtime %llu\n", (unsigned long long)totals.switches,
             (unsigned long long)(clock_wall_at_boot() / SECOND));
    text_put(text, "processes %llu\nprocs_running %u\nprocs_blocked %u\n",
             (unsigned long long)counts.forks, totals.running, counts.blocked);
    text_put(text, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
    return 0;
}

/* --- what the kernel knows --- */

static void filesystem_line(const struct filesystem_type *type, void *argument)
{
    text_put(argument, "%s\t%s\n", type->flags & FILESYSTEM_NODEV ? "nodev" : "", type->name);
}

static int filesystems_show(const struct proc_node *node, struct text_buffer *text)
{
    filesystem_visit(filesystem_line, text);
    return 0;
}

struct device_listing {
    struct text_buffer *text;
    uint32_t type;
};

static void device_line(const struct device *device, void *argument)
{
    struct device_listing *listing = argument;
    if (device->type == listing->type && device->name)
        text_put(listing->text, "%3u %s\n", device->major, device->name);
}

static int devices_show(const struct proc_node *node, struct text_buffer *text)
{
    struct device_listing characters = {text, S_IFCHR}, blocks = {text, S_IFBLK};
    text_put(text, "Character devices:\n");
    device_visit(device_line, &characters);
    text_put(text, "\nBlock devices:\n");
    device_visit(device_line, &blocks);
    return 0;
}

static int swaps_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}

static int partitions_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "major minor  #blocks  name\n\n");
    return 0;
}

static int nothing_show(const struct proc_node *node, struct text_buffer *text)
{
    return 0;
}

/* --- links to the caller --- */

static int self_link(const struct proc_node *node, struct text_buffer *text)
{
    if (!caller_pid())
        return -ENOENT;
    text_put(text, "%d", caller_pid());
    return 0;
}

static int thread_self_link(const struct proc_node *node, struct text_buffer *text)
{
    if (!caller_pid())
        return -ENOENT;
    text_put(text, "%d/task/%d", caller_pid(), caller_tid());
    return 0;
}

static int data_link(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%s", (const char *)node->entry->data);
    return 0;
}

#define LINK(link_name, link_show)                                          \
    {                                                                       \
        .name = link_name, .mode = S_IFLNK | 0777, .read_link = (link_show) \
    }
#define FILE(file_name, file_show)                                     \
    {                                                                  \
        .name = file_name, .mode = S_IFREG | 0444, .show = (file_show) \
    }

static const struct proc_entry entries[] = {
    LINK("self", self_link),
    LINK("thread-self", thread_self_link),
    {.name = "mounts", .mode = S_IFLNK | 0777, .read_link = data_link, .data = "self/mounts"},
    FILE("cmdline", command_line_show),
    FILE("cpuinfo", cpuinfo_show),
    FILE("devices", devices_show),
    FILE("diskstats", nothing_show),
    FILE("filesystems", filesystems_show),
    FILE("interrupts", interrupts_show),
    FILE("loadavg", loadavg_show),
    FILE("partitions", partitions_show),
    FILE("stat", stat_show),
    FILE("swaps", swaps_show),
    FILE("uptime", uptime_show),
    FILE("version", version_show),
};

void procfs_system_init(void)
{
    for (size_t i = 0; i < array_size(entries); i++)
        procfs_register(&procfs_tree, "", &entries[i]);
}

void procfs_init(void)
{
    procfs_anonymous_init();
    procfs_system_init();
    procfs_memory_init();
    procfs_sysctl_init();
    filesystem_register(&procfs_tree.type);
}
