/*
 * The strings of execve, copied once: from the old program's memory into the pages that the new
 * program's stack will have. They grow upwards, NUL after NUL: arguments, environment, the
 * program's name. The limits are Linux's: 128 KiB for one string, and a quarter of the stack's
 * limit (at least 128 KiB, at most 6 MiB) for strings and pointers together.
 */
#include "arch/user.h"
#include "file/caller.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "proc/exec_parts.h"
#include "sched/thread.h"

enum {
    STRING_LIMIT = 32 * PAGE_SIZE,
    TOTAL_LEAST = 32 * PAGE_SIZE,
    TOTAL_MOST = 6 << 20,
    POINTER_BATCH = 32,
};

int exec_strings_begin(struct exec_strings *strings)
{
    uint64_t quarter = caller_limit(RLIMIT_STACK) / 4;

    strings->limit = max_u64(TOTAL_LEAST, min_u64(quarter, TOTAL_MOST));
    strings->page_limit = (uint32_t)(strings->limit / PAGE_SIZE + 2);
    strings->pages = heap_alloc_zero(strings->page_limit * sizeof(struct frame *));
    return strings->pages ? 0 : -ENOMEM;
}

void exec_strings_drop(struct exec_strings *strings)
{
    for (uint32_t i = 0; strings->pages && i < strings->page_limit && strings->pages[i]; i++)
        frame_put(strings->pages[i]);
    heap_free(strings->pages);
    strings->pages = NULL;
}

/* The place behind the last string and the room up to the end of its page. */
static int room_get(struct exec_strings *strings, char **at, size_t *room)
{
    uint64_t index = strings->used >> PAGE_SHIFT;

    if (strings->used + (strings->argc + strings->envc) * sizeof(uint64_t) >= strings->limit ||
        index >= strings->page_limit)
        return -E2BIG;
    if (!strings->pages[index])
        strings->pages[index] = frame_alloc(FRAME_PAGE, 0, FRAME_ZERO);
    if (!strings->pages[index])
        return -ENOMEM;
    *at = (char *)frame_address(strings->pages[index]) + (strings->used & (PAGE_SIZE - 1));
    *room = PAGE_SIZE - (strings->used & (PAGE_SIZE - 1));
    return 0;
}

int exec_strings_add_kernel(struct exec_strings *strings, const char *text)
{
    size_t left = strlen(text) + 1;

    while (left) {
        char *at;
        size_t room;
        int error = room_get(strings, &at, &room);
        if (error)
            return error;
        size_t count = min_size(room, left);
        memcpy(at, text, count);
        text += count;
        left -= count;
        strings->used += count;
    }
    return 0;
}

static int add_user_string(struct exec_strings *strings, struct uaddr from)
{
    uint64_t start = strings->used;

    for (;;) {
        char *at;
        size_t room;
        int error = room_get(strings, &at, &room);
        if (error)
            return error;
        if (!user_range_ok(from, room))
            room = user_range_ok(from, 1) ? 1 : 0;
        int64_t length = room ? user_copy_string(at, from, room) : -EFAULT;
        if (length < 0)
            return (int)length;
        if ((size_t)length < room) {
            strings->used += (uint64_t)length + 1;
            return strings->used - start > STRING_LIMIT ? -E2BIG : 0;
        }
        strings->used += room;
        from = uaddr_add(from, room);
        if (strings->used - start >= STRING_LIMIT)
            return -E2BIG;
    }
}

int exec_strings_add_user(struct exec_strings *strings, struct uaddr array, uint32_t skip,
                          uint32_t *count)
{
    *count = 0;
    if (!array.value)
        return 0;
    for (uint32_t i = 0;; i++) {
        uint64_t pointer;
        if (copy_from_user(&pointer, uaddr_add(array, i * sizeof pointer), sizeof pointer))
            return -EFAULT;
        if (!pointer)
            return 0;
        if (caller_dying())
            return -EINTR;
        if (i < skip)
            continue;
        int error = add_user_string(strings, (struct uaddr){pointer});
        if (error)
            return error;
        (*count)++;
        if (i % POINTER_BATCH == 0)
            sched_point();
    }
}
