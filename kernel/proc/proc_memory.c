/*
 * A process's memory seen from outside: /proc/PID/mem, pagemap, cmdline, environ, auxv, and what
 * its share trees had to do (fork).
 */
#include "proc/proc_node.h"

#include "file/caller.h"
#include "file/cred.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/space.h"
#include "mem/uio.h"
#include <linux/auxvec.h>
#include <linux/capability.h>
#include <linux/fs.h>

enum { CHUNK = 512, MAP_CHUNK = 32 };

#define MAP_PRESENT   (UINT64_C(1) << 63)
#define MAP_FILE      (UINT64_C(1) << 61)
#define MAP_EXCLUSIVE (UINT64_C(1) << 56)

/* Appends up to `count` bytes; with string only to the first NUL, inclusive. */
static void put_range(struct text_buffer *text, struct space *space, uint64_t at, uint64_t end,
                      bool string)
{
    char bytes[CHUNK];
    struct uio uio;

    while (at < end && !text->failed) {
        size_t count = min_size(CHUNK, end - at);
        uio_init_kernel(&uio, true, bytes, count);
        int64_t got = space_access(space, at, &uio, false);
        if (got <= 0)
            return;
        char *stop = string ? memchr(bytes, '\0', (size_t)got) : NULL;
        text_put_bytes(text, bytes, stop ? (size_t)(stop - bytes) + 1 : (size_t)got);
        if (stop)
            return;
        at += (uint64_t)got;
    }
}

/* A program that wrote over the last NUL of its arguments shows one string, which may run on into
   the environment (setproctitle(3)). */
int command_line_show(const struct proc_node *node, struct text_buffer *text)
{
    struct space *space = process_space(node_process(node));

    if (!space)
        return 0;
    const struct space_layout *layout = &space->layout;
    put_range(text, space, layout->arguments_start, layout->arguments_end, false);
    if (text->size && text->text[text->size - 1]) {
        text->size = 0;
        put_range(text, space, layout->arguments_start, layout->environment_end, true);
    }
    space_put(space);
    return 0;
}

int environment_show(const struct proc_node *node, struct text_buffer *text)
{
    struct space *space = process_space(node_process(node));

    if (!space)
        return 0;
    put_range(text, space, space->layout.environment_start, space->layout.environment_end, false);
    space_put(space);
    return 0;
}

int auxv_show(const struct proc_node *node, struct text_buffer *text)
{
    static const uint64_t last[2] = {AT_NULL, 0};
    struct space *space = process_space(node_process(node));

    if (!space)
        return 0;
    const struct space_layout *layout = &space->layout;
    uint32_t words = layout->auxv_words;
    text_put_bytes(text, layout->auxv, words * sizeof(uint64_t));
    if (words < 2 || layout->auxv[words - 2] != AT_NULL)
        text_put_bytes(text, last, sizeof(last));
    space_put(space);
    return 0;
}

int fork_work_show(const struct proc_node *node, struct text_buffer *text)
{
    struct space *space = process_space(node_process(node));

    if (!space)
        return 0;
    const struct space_work *work = &space->work;
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {
        {"tables_copied", work->tables_copied},
        {"tables_made", work->tables_made},
        {"entries_touched", work->entries_touched},
        {"pages_copied", work->pages_copied},
        {"pages_zeroed", work->pages_zeroed},
        {"huge_split", work->huge_split},
        {"faults", work->faults},
        {"faults_major", work->faults_major},
    };
    for (size_t i = 0; i < array_size(lines); i++)
        text_put(text, "%s %llu\n", lines[i].name, (unsigned long long)lines[i].value);
    space_put(space);
    return 0;
}

/* --- mem --- */

static int64_t memory_move(struct file *file, struct uio *uio, uint64_t *position, bool write)
{
    struct space *space = process_space(node_process(proc_node_of(file->inode)));
    int64_t moved;

    if (!space)
        return 0;
    moved = uio->left ? space_access(space, *position, uio, write) : 0;
    space_put(space);
    if (moved == -EFAULT)
        return -EIO;
    if (moved > 0)
        *position += (uint64_t)moved;
    return moved;
}

static int64_t memory_read(struct file *file, struct uio *uio, uint64_t *position)
{
    return memory_move(file, uio, position, false);
}

static int64_t memory_write(struct file *file, struct uio *uio, uint64_t *position)
{
    return memory_move(file, uio, position, true);
}

/* Every address is a position. */
static int64_t memory_seek(struct file *file, int64_t offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += (int64_t)file->position;
    else if (whence != SEEK_SET)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

const struct file_ops memory_ops = {
    .read = memory_read,
    .write = memory_write,
    .seek = memory_seek,
};

/* --- pagemap --- */

static uint64_t map_entry(struct space *space, uint64_t address, bool frames)
{
    struct space_page_info page;
    uint64_t entry;

    space_page_look(space, address, &page);
    if (!page.present)
        return 0;
    entry = MAP_PRESENT | (page.file ? MAP_FILE : 0) | (page.refs == 1 ? MAP_EXCLUSIVE : 0);
    return frames ? entry | page.frame.value / PAGE_SIZE : entry;
}

static int64_t map_move(struct space *space, struct uio *uio, uint64_t *position, bool frames)
{
    uint64_t entries[MAP_CHUNK], page = *position / sizeof(uint64_t),
                                 end = MMU_USER_END / PAGE_SIZE;
    size_t count = 0;

    while (count < min_size(MAP_CHUNK, uio->left / sizeof(uint64_t)) && page + count < end) {
        entries[count] = map_entry(space, (page + count) * PAGE_SIZE, frames);
        count++;
    }
    return uio_move(uio, entries, count * sizeof(uint64_t));
}

static int64_t page_map_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct space *space;
    bool frames = cred_capable(file->cred, CAP_SYS_ADMIN);
    int64_t done = 0, moved = 0;

    if (*position % sizeof(uint64_t) || uio->left % sizeof(uint64_t))
        return -EINVAL;
    space = process_space(node_process(proc_node_of(file->inode)));
    while (space && uio->left && *position / sizeof(uint64_t) < MMU_USER_END / PAGE_SIZE) {
        moved = map_move(space, uio, position, frames);
        if (moved <= 0)
            break;
        done += moved;
        *position += (uint64_t)moved;
        if (caller_dying())
            break;
    }
    space_put(space);
    return done ? done : moved;
}

const struct file_ops page_map_ops = {
    .read = page_map_read,
    .seek = memory_seek,
};
