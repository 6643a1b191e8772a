/*
 * The type "sysfs": the few nodes of /sys that programs insist on, all about CPUs, through the
 * machinery of procfs.
 */
#include "fs/procfs_internal.h"

#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include <linux/magic.h>

static const char cpu_directory[] = "devices/system/cpu";
static const char cpu_prefix[] = "cpu";

struct proc_tree sysfs_tree = {
    .type = {.name = "sysfs",
             .flags = FILESYSTEM_UNCACHED | FILESYSTEM_NODEV,
             .magic = SYSFS_MAGIC,
             .make = proc_tree_make},
    .file_size = 4096,
};

/* 0, or 0-N. */
static int cpus_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put_char(text, '0');
    if (cpu_count() > 1)
        text_put(text, "-%u", cpu_count() - 1);
    text_put_char(text, '\n');
    return 0;
}

static int value_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%s\n", (const char *)node->entry->data);
    return 0;
}

static int kernel_max_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%d\n", CPU_LIMIT - 1);
    return 0;
}

/* --- cpuN: each CPU is a core of its own in the one package --- */

static int own_number_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%llu\n", (unsigned long long)node->key);
    return 0;
}

/* A mask of CPUs as 32-bit words in hexadecimal, the highest first: only `id`, or all. */
static void mask_put(struct text_buffer *text, int64_t id)
{
    for (int word = (cpu_count() - 1) / 32; word >= 0; word--) {
        uint32_t bits = 0;
        for (unsigned bit = 0; bit < 32; bit++) {
            unsigned cpu = word * 32 + bit;
            if (cpu < cpu_count() && (id < 0 || cpu == id))
                bits |= UINT32_C(1) << bit;
        }
        text_put(text, word == (int)(cpu_count() - 1) / 32 ? "%x" : ",%08x", bits);
    }
    text_put_char(text, '\n');
}

static int own_mask_show(const struct proc_node *node, struct text_buffer *text)
{
    mask_put(text, node->key);
    return 0;
}

static int all_mask_show(const struct proc_node *node, struct text_buffer *text)
{
    mask_put(text, -1);
    return 0;
}

#define FILE(file_name, file_show)                                     \
    {                                                                  \
        .name = file_name, .mode = S_IFREG | 0444, .show = (file_show) \
    }
#define VALUE(value_name, value)                                                        \
    {                                                                                   \
        .name = value_name, .mode = S_IFREG | 0444, .show = value_show, .data = (value) \
    }

static const struct proc_entry topology_table[] = {
    FILE("core_cpus", own_mask_show),       FILE("core_cpus_list", own_number_show),
    FILE("core_id", own_number_show),       FILE("core_siblings", all_mask_show),
    FILE("core_siblings_list", cpus_show),  FILE("package_cpus", all_mask_show),
    FILE("package_cpus_list", cpus_show),   VALUE("physical_package_id", "0"),
    FILE("thread_siblings", own_mask_show), FILE("thread_siblings_list", own_number_show),
};

static const struct proc_entry cpu_table[] = {
    {.name = "topology",
     .mode = S_IFDIR | 0755,
     .children = topology_table,
     .child_count = array_size(topology_table)},
};

static const struct proc_entry cpu_entry = {
    .name = cpu_prefix,
    .mode = S_IFDIR | 0755,
    .children = cpu_table,
    .child_count = array_size(cpu_table),
};

static void cpu_name(uint64_t id, char *text, size_t size)
{
    format_text(text, size, "%s%llu", cpu_prefix, (unsigned long long)id);
}

static int cpu_lookup(const struct proc_node *directory, const struct name *name,
                      struct proc_node *child)
{
    char text[PROC_NAME_MAX + 1];
    for (unsigned id = 0; id < cpu_count(); id++) {
        cpu_name(id, text, sizeof(text));
        if (strlen(text) == name->length && memcmp(text, name->text, name->length) == 0) {
            *child = (struct proc_node){.entry = &cpu_entry, .key = id};
            return 0;
        }
    }
    return -ENOENT;
}

static bool cpu_next(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name)
{
    if (*cursor >= cpu_count())
        return false;
    cpu_name(*cursor, name->text, sizeof(name->text));
    name->type = S_IFDIR;
    return true;
}

static const struct proc_entry entries[] = {
    FILE("online", cpus_show),
    FILE("possible", cpus_show),
    FILE("present", cpus_show),
    VALUE("offline", ""),
    VALUE("isolated", ""),
    FILE("kernel_max", kernel_max_show),
    {.name = "", .lookup = cpu_lookup, .next = cpu_next},
};

void sysfs_init(void)
{
    for (size_t i = 0; i < array_size(entries); i++)
        procfs_register(&sysfs_tree, cpu_directory, &entries[i]);
    filesystem_register(&sysfs_tree.type);
}
