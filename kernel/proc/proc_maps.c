/*
 * /proc/PID/maps, smaps and smaps_rollup: one line per mapping, and what of it is resident. A page
 * that several spaces see through shared tables counts for the share that the product of the
 * counts on its path says (PSS). Cost: maps O(mappings); smaps O(resident pages).
 */
#include "proc/proc_node.h"

#include "arch/address.h"
#include "file/device.h"
#include "fs/filesystem.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/slab.h"
#include "mem/space.h"
#include <linux/limits.h>
#include <linux/mman.h>

enum { NAME_COLUMN = 72, SHARE_SHIFT = 12, INODE_BITS = 20 };

/* What a listing works with. */
struct listing {
    struct text_buffer *text;
    struct space *space;
    char *buffer; /* PATH_MAX bytes for names */
};

static void put_name_column(struct text_buffer *text, size_t start, const char *name)
{
    if (!*name) {
        text_put_char(text, '\n');
        return;
    }
    while (text->size - start < NAME_COLUMN && !text->failed)
        text_put_char(text, ' ');
    text_put_char(text, ' ');
    for (; *name; name++) {
        if (*name == '\n')
            text_put(text, "\\012");
        else
            text_put_char(text, *name);
    }
    text_put_char(text, '\n');
}

/* Memory that no file stands for. */
static const char *anonymous_name(const struct space *space, const struct mapping *map)
{
    const struct space_layout *layout = &space->layout;

    if (map->object)
        return "/dev/zero (deleted)";
    if (map->start <= layout->break_end && map->end >= layout->break_start && layout->break_start)
        return "[heap]";
    if (map->start <= layout->stack_start && map->end >= layout->stack_start)
        return "[stack]";
    return "";
}

static const char *mapping_name(const struct listing *listing, const struct mapping *map)
{
    struct file *file = map->object ? file_of_source(map->object) : NULL;
    const char *name;
    int error;

    if (!file)
        return anonymous_name(listing->space, map);
    name = path_of_file(file, listing->buffer, PATH_MAX, &error);
    return error ? "" : name;
}

static void mapping_place(const struct mapping *map, uint32_t *device, uint64_t *number)
{
    struct file *file = map->object ? file_of_source(map->object) : NULL;

    *device = 0;
    *number = 0;
    if (file && file->inode) {
        *device = file->inode->filesystem->device;
        *number = file->inode->number;
    } else if (map->object && !file) {
        const struct map_source *source = map->object;
        *device = 1;
        *number = hash_u64((uint64_t)source->backing) >> (64 - INODE_BITS);
    }
}

static void put_header(const struct listing *listing, const struct mapping *map)
{
    struct text_buffer *text = listing->text;
    size_t start = text->size;
    uint32_t device;
    uint64_t number;

    mapping_place(map, &device, &number);
    text_put(text, "%08llx-%08llx %c%c%c%c %08llx %02x:%02x %llu ", (unsigned long long)map->start,
             (unsigned long long)map->end, map->prot & PROT_READ ? 'r' : '-',
             map->prot & PROT_WRITE ? 'w' : '-', map->prot & PROT_EXEC ? 'x' : '-',
             map->flags & MAPPING_SHARED ? 's' : 'p',
             map->object ? (unsigned long long)map->offset : 0, device_major(device),
             device_minor(device), (unsigned long long)number);
    put_name_column(text, start, mapping_name(listing, map));
}

/* Calls visit for each mapping of the process. 0, -ENOMEM. */
static int mappings_visit(const struct proc_node *node, struct text_buffer *text,
                          void (*visit)(const struct listing *listing, const struct mapping *map,
                                        void *argument),
                          void *argument)
{
    struct listing listing = {text, process_space(node_process(node)), NULL};
    struct mapping map;

    if (!listing.space)
        return 0;
    listing.buffer = heap_alloc(PATH_MAX);
    for (uint64_t at = 0; listing.buffer && space_mapping_next(listing.space, at, &map);
         at = map.end) {
        visit(&listing, &map, argument);
        space_mapping_put(&map);
    }
    heap_free(listing.buffer);
    space_put(listing.space);
    return listing.buffer ? 0 : -ENOMEM;
}

static void maps_line(const struct listing *listing, const struct mapping *map, void *argument)
{
    put_header(listing, map);
}

int maps_show(const struct proc_node *node, struct text_buffer *text)
{
    return mappings_visit(node, text, maps_line, NULL);
}

/* --- what is resident --- */

/* In bytes; shares in 1 / (1 << SHARE_SHIFT) bytes. */
struct residence {
    uint64_t size, resident, share, share_dirty, share_anonymous, share_file, share_shared;
    uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t referenced, anonymous, huge, locked;
    bool shmem, is_locked; /* of the mapping at hand */
};

static void add_kind(struct residence *sum, const struct space_page_info *page, uint64_t size,
                     uint64_t share)
{
    if (!page->file) {
        sum->anonymous += size;
        sum->share_anonymous += share;
        sum->huge += page->huge ? size : 0;
    } else if (sum->shmem) {
        sum->share_shared += share;
    } else {
        sum->share_file += share;
    }
}

static void add_page(uint64_t address, const struct space_page_info *page, void *argument)
{
    struct residence *sum = argument;
    uint64_t size = page->huge ? UINT64_C(2) << 20 : PAGE_SIZE;
    uint64_t refs = page->refs ? page->refs : 1, share = (size << SHARE_SHIFT) / refs;
    bool dirty = page->dirty || !page->file;

    if (page->special)
        return;
    sum->resident += size;
    sum->share += share;
    sum->share_dirty += dirty ? share : 0;
    sum->referenced += page->accessed ? size : 0;
    sum->locked += sum->is_locked ? share : 0;
    add_kind(sum, page, size, share);
    if (refs > 1)
        *(dirty ? &sum->shared_dirty : &sum->shared_clean) += size;
    else
        *(dirty ? &sum->private_dirty : &sum->private_clean) += size;
}

static void add_mapping(struct space *space, const struct mapping *map, struct residence *sum)
{
    const struct map_source *source = map->object;

    sum->size += map->end - map->start;
    sum->shmem = source && source->backing->anonymous;
    sum->is_locked = map->flags & MAPPING_LOCKED;
    space_pages_look(space, map->start, map->end, add_page, sum);
}

static void put_kib(struct text_buffer *text, const char *name, uint64_t bytes)
{
    text_put(text, "%-16s%8llu kB\n", name, (unsigned long long)(bytes / 1024));
}

static void put_residence(struct text_buffer *text, const struct residence *sum, bool rollup)
{
    put_kib(text, "Rss:", sum->resident);
    put_kib(text, "Pss:", sum->share >> SHARE_SHIFT);
    put_kib(text, "Pss_Dirty:", sum->share_dirty >> SHARE_SHIFT);
    if (rollup) {
        put_kib(text, "Pss_Anon:", sum->share_anonymous >> SHARE_SHIFT);
        put_kib(text, "Pss_File:", sum->share_file >> SHARE_SHIFT);
        put_kib(text, "Pss_Shmem:", sum->share_shared >> SHARE_SHIFT);
    }
    put_kib(text, "Shared_Clean:", sum->shared_clean);
    put_kib(text, "Shared_Dirty:", sum->shared_dirty);
    put_kib(text, "Private_Clean:", sum->private_clean);
    put_kib(text, "Private_Dirty:", sum->private_dirty);
    put_kib(text, "Referenced:", sum->referenced);
    put_kib(text, "Anonymous:", sum->anonymous);
    put_kib(text, "LazyFree:", 0);
    put_kib(text, "AnonHugePages:", sum->huge);
    put_kib(text, "ShmemPmdMapped:", 0);
    put_kib(text, "FilePmdMapped:", 0);
    put_kib(text, "Shared_Hugetlb:", 0);
    put_kib(text, "Private_Hugetlb:", 0);
    put_kib(text, "Swap:", 0);
    put_kib(text, "SwapPss:", 0);
    put_kib(text, "Locked:", sum->locked >> SHARE_SHIFT);
}

static const struct {
    uint32_t flag;
    const char *name;
} flag_names[] = {
    {MAPPING_GROWSDOWN, "gd "}, {MAPPING_LOCKED, "lo "},    {MAPPING_DONTFORK, "dc "},
    {MAPPING_ACCOUNT, "ac "},   {MAPPING_NORESERVE, "nr "}, {MAPPING_WIPEONFORK, "wf "},
    {MAPPING_DONTDUMP, "dd "},  {MAPPING_HUGE, "hg "},      {MAPPING_NOHUGE, "nh "},
};

static void put_flags(struct text_buffer *text, const struct mapping *map)
{
    bool shared = map->flags & MAPPING_SHARED;
    bool may_write = !(map->flags & MAPPING_MAY_NOT_WRITE);

    text_put(text, "VmFlags: %s%s%s%smr %sme %s", map->prot & PROT_READ ? "rd " : "",
             map->prot & PROT_WRITE ? "wr " : "", map->prot & PROT_EXEC ? "ex " : "",
             shared ? "sh " : "", may_write ? "mw " : "", shared ? "ms " : "");
    for (size_t i = 0; i < sizeof(flag_names) / sizeof(flag_names[0]); i++) {
        if (map->flags & flag_names[i].flag)
            text_put(text, "%s", flag_names[i].name);
    }
    text_put_char(text, '\n');
}

static void smaps_lines(const struct listing *listing, const struct mapping *map, void *argument)
{
    struct text_buffer *text = listing->text;
    struct residence sum = {0};

    add_mapping(listing->space, map, &sum);
    put_header(listing, map);
    put_kib(text, "Size:", sum.size);
    put_kib(text, "KernelPageSize:", PAGE_SIZE);
    put_kib(text, "MMUPageSize:", PAGE_SIZE);
    put_residence(text, &sum, false);
    text_put(text, "THPeligible:    %d\n", !map->object && !(map->flags & MAPPING_NOHUGE));
    put_flags(text, map);
}

int smaps_show(const struct proc_node *node, struct text_buffer *text)
{
    return mappings_visit(node, text, smaps_lines, NULL);
}

struct rollup {
    struct residence sum;
    uint64_t start, end;
};

static void rollup_add(const struct listing *listing, const struct mapping *map, void *argument)
{
    struct rollup *rollup = argument;

    if (!rollup->end)
        rollup->start = map->start;
    rollup->end = map->end;
    add_mapping(listing->space, map, &rollup->sum);
}

int smaps_rollup_show(const struct proc_node *node, struct text_buffer *text)
{
    struct rollup rollup = {0};
    size_t start = text->size;
    int error = mappings_visit(node, text, rollup_add, &rollup);

    if (error)
        return error;
    if (!rollup.end)
        return -ESRCH;
    text_put(text, "%08llx-%08llx ---p 00000000 00:00 0 ", (unsigned long long)rollup.start,
             (unsigned long long)rollup.end);
    put_name_column(text, start, "[rollup]");
    put_residence(text, &rollup.sum, true);
    return 0;
}
