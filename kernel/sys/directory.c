/*
 * getdents(2), getdents64(2). Entries are gathered in kernel memory while the directory is locked
 * and copied out afterwards.
 */
#include "fs/directory.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"

enum { GATHER_MAX = 32768 };

/* What user space calls struct dirent64 and the older struct linux_dirent. */
struct entry64 {
    uint64_t number;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};
struct entry_old {
    uint64_t number, next;
    uint16_t size;
    char name[]; /* then a NUL, padding, and the type as the last byte */
};

struct gather {
    struct directory_reader reader;
    uint8_t *buffer;
    size_t size, used;
    bool old, overflow; /* overflow: not even the first entry fits */
};

static void entry_write(const struct gather *gather, uint8_t *at, size_t size, const char *name,
                        uint32_t length, uint64_t number, uint32_t type, uint64_t next)
{
    memset(at, 0, size);
    if (gather->old) {
        struct entry_old *entry = (void *)at;

        *entry = (struct entry_old){.number = number, .next = next, .size = (uint16_t)size};
        memcpy(entry->name, name, length);
        at[size - 1] = (uint8_t)(type >> 12);
    } else {
        struct entry64 *entry = (void *)at;

        *entry = (struct entry64){number, (int64_t)next, (uint16_t)size, (uint8_t)(type >> 12)};
        memcpy(entry->name, name, length);
    }
}

static bool gather_add(struct directory_reader *reader, const char *name, uint32_t length,
                       uint64_t number, uint32_t type, uint64_t next)
{
    struct gather *gather = container_of(reader, struct gather, reader);
    size_t head =
        gather->old ? offsetof(struct entry_old, name) + 1 : offsetof(struct entry64, name);
    size_t size = align_up(head + length + 1, 8);

    if (gather->used + size > gather->size) {
        gather->overflow = !gather->used;
        return false;
    }
    entry_write(gather, gather->buffer + gather->used, size, name, length, number, type, next);
    gather->used += size;
    return true;
}

static int64_t gather_from(struct file *file, struct gather *gather, struct uaddr to)
{
    uint64_t before;
    int64_t result;

    mutex_lock(&file->position_lock);
    before = file->position;
    result = directory_read(file, &gather->reader);
    if (gather->used)
        result = (int64_t)gather->used;
    else if (!result && gather->overflow)
        result = -EINVAL;
    if (result > 0 && copy_to_user(to, gather->buffer, gather->used)) {
        file->position = before;
        result = -EFAULT;
    }
    mutex_unlock(&file->position_lock);
    return result;
}

static int64_t getdents(int fd, struct uaddr to, uint32_t count, bool old)
{
    struct file *file = file_argument_opened(fd);
    struct gather gather = {
        .reader = {gather_add}, .size = min_size(count, GATHER_MAX), .old = old};
    int64_t result = -ENOMEM;

    if (!file)
        return -EBADF;
    gather.buffer = heap_alloc(max_size(gather.size, 1));
    if (gather.buffer)
        result = gather_from(file, &gather, to);
    heap_free(gather.buffer);
    file_put(file);
    return result;
}

int64_t sys_getdents64(int32_t fd, struct uaddr buf, uint32_t count)
{
    return getdents(fd, buf, count, false);
}

int64_t sys_getdents(int32_t fd, struct uaddr buf, uint32_t count)
{
    return getdents(fd, buf, count, true);
}
