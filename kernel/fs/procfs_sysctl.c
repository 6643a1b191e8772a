/*
 * /proc/sys (proc(5)): the kernel's constants that programs ask for. Those that Linux lets root
 * change but that are fixed here are not writable, so that nobody believes to have changed them.
 */
#include "fs/procfs_internal.h"

#include "abi/version.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mem/frame.h"
#include <linux/capability.h>

enum { UUID_SIZE = 16, FRAMES_PER_THREAD = 8 * 4 };

static int text_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%s\n", (const char *)node->entry->data);
    return 0;
}

/* An eighth of memory may be kernel stacks, as Linux reckons. */
static int threads_max_show(const struct proc_node *node, struct text_buffer *text)
{
    struct frame_totals frames;
    frame_totals_get(&frames);
    text_put(text, "%llu\n", (unsigned long long)(frames.total / FRAMES_PER_THREAD));
    return 0;
}

/* A tenth of memory, in KiB, as Linux reckons (a file takes about 1 KiB). */
static int file_max_show(const struct proc_node *node, struct text_buffer *text)
{
    struct frame_totals frames;
    frame_totals_get(&frames);
    text_put(text, "%llu\n", (unsigned long long)(frames.total * (PAGE_SIZE / 1024) / 10));
    return 0;
}

/* The version 4 layout of RFC 4122. */
static void uuid_make(uint8_t uuid[UUID_SIZE])
{
    for (unsigned i = 0; i < UUID_SIZE; i += sizeof(uint64_t)) {
        uint64_t bits;
        if (!cpu_random(&bits))
            bits = hash_u64(clock_monotonic() + i);
        memcpy(uuid + i, &bits, sizeof(bits));
    }
    uuid[6] = (uuid[6] & 0x0f) | 0x40;
    uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static void uuid_put(struct text_buffer *text, const uint8_t uuid[UUID_SIZE])
{
    for (unsigned i = 0; i < UUID_SIZE; i++)
        text_put(text, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    text_put_char(text, '\n');
}

static int uuid_show(const struct proc_node *node, struct text_buffer *text)
{
    uint8_t uuid[UUID_SIZE];
    uuid_make(uuid);
    uuid_put(text, uuid);
    return 0;
}

static uint8_t boot_id[UUID_SIZE]; /* constant after procfs_sysctl_init */

static int boot_id_show(const struct proc_node *node, struct text_buffer *text)
{
    uuid_put(text, boot_id);
    return 0;
}

struct sysctl {
    const char *directory;
    struct proc_entry entry;
};

#define VALUE(place, value_name, value)                                                    \
    {                                                                                      \
        place,                                                                             \
        {                                                                                  \
            .name = value_name, .mode = S_IFREG | 0444, .show = text_show, .data = (value) \
        }                                                                                  \
    }
#define SHOWN(place, value_name, value_show)                                 \
    {                                                                        \
        place,                                                               \
        {                                                                    \
            .name = value_name, .mode = S_IFREG | 0444, .show = (value_show) \
        }                                                                    \
    }

static const struct sysctl sysctls[] = {
    VALUE("sys/fs", "nr_open", "1048576"),
    VALUE("sys/fs", "pipe-max-size", "1048576"),
    VALUE("sys/fs", "protected_hardlinks", "1"),
    VALUE("sys/fs", "protected_symlinks", "1"),
    SHOWN("sys/fs", "file-max", file_max_show),
    VALUE("sys/kernel", "cap_last_cap", "40"),
    VALUE("sys/kernel", "core_pattern", "core"),
    VALUE("sys/kernel", "ngroups_max", "65536"),
    VALUE("sys/kernel", "osrelease", VERSION_RELEASE),
    VALUE("sys/kernel", "ostype", VERSION_SYSTEM),
    VALUE("sys/kernel", "overflowgid", "65534"),
    VALUE("sys/kernel", "overflowuid", "65534"),
    VALUE("sys/kernel", "pid_max", "4194304"),
    VALUE("sys/kernel", "randomize_va_space", "2"),
    VALUE("sys/kernel", "tainted", "0"),
    VALUE("sys/kernel", "version", VERSION_BUILD),
    SHOWN("sys/kernel", "threads-max", threads_max_show),
    SHOWN("sys/kernel/random", "boot_id", boot_id_show),
    VALUE("sys/kernel/random", "entropy_avail", "256"),
    VALUE("sys/kernel/random", "poolsize", "256"),
    SHOWN("sys/kernel/random", "uuid", uuid_show),
    VALUE("sys/vm", "max_map_count", "65530"),
    VALUE("sys/vm", "mmap_min_addr", "65536"),
    VALUE("sys/vm", "overcommit_memory", "0"),
    VALUE("sys/vm", "overcommit_ratio", "50"),
    VALUE("sys/vm", "swappiness", "60"),
};

_Static_assert(CAP_LAST_CAP == 40, "cap_last_cap above");

void procfs_sysctl_init(void)
{
    uuid_make(boot_id);
    for (size_t i = 0; i < array_size(sysctls); i++)
        procfs_register(&procfs_tree, sysctls[i].directory, &sysctls[i].entry);
}
