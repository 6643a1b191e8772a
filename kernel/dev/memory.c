/*
 * /dev/null, /dev/zero, /dev/full (null(4), full(4)) and /dev/mem, which lets nobody at the
 * machine's memory (as Linux with strict access does), but answers programs that only try.
 */
#include "dev/memory.h"

#include "arch/address.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/device.h"
#include "file/file.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/frame.h"
#include "mem/uio.h"
#include <linux/capability.h>
#include <linux/stat.h>

enum {
    MEMORY_MAJOR = 1,
    MINOR_MEM = 1,
    MINOR_NULL = 3,
    MINOR_ZERO = 5,
    MINOR_FULL = 7,
    STEP = 1 << 16, /* bytes of zeros between looks for signals */
};

/* As far as any mapping of /dev/zero can reach. */
#define ZERO_SIZE (UINT64_C(1) << 47)

static int64_t read_nothing(struct file *file, struct uio *uio, uint64_t *position)
{
    return 0;
}

static int64_t write_all(struct file *file, struct uio *uio, uint64_t *position)
{
    size_t count = uio->left;

    uio_skip(uio, count);
    return (int64_t)count;
}

static int64_t write_full(struct file *file, struct uio *uio, uint64_t *position)
{
    return -ENOSPC;
}

static int64_t read_zeros(struct file *file, struct uio *uio, uint64_t *position)
{
    int64_t done = 0;

    while (uio->left && !(done && caller_interrupted())) {
        size_t count = min_size(uio->left, STEP);
        int64_t moved = uio_zero(uio, count);

        if (moved < 0)
            return done ? done : moved;
        done += moved;
        if ((size_t)moved < count)
            break;
    }
    return done;
}

/* Every offset is the same one. */
static int64_t seek_nowhere(struct file *file, int64_t offset, int whence)
{
    file->position = 0;
    return 0;
}

static int map_zeros(struct file *file, uint64_t prot, uint64_t flags, struct backing **backing)
{
    *backing = backing_anonymous(ZERO_SIZE);
    return *backing ? 0 : -ENOMEM;
}

static const struct file_ops null_ops = {
    .read = read_nothing,
    .write = write_all,
    .seek = seek_nowhere,
};

static const struct file_ops zero_ops = {
    .read = read_zeros,
    .write = write_all,
    .seek = seek_nowhere,
    .map = map_zeros,
};

static const struct file_ops full_ops = {
    .read = read_zeros,
    .write = write_full,
    .seek = seek_nowhere,
};

/* --- /dev/mem --- */

static int64_t mem_transfer(struct file *file, struct uio *uio, uint64_t *position)
{
    if (!uio->left)
        return 0;
    return frame_exists((struct phys){*position}) ? -EPERM : -EFAULT;
}

static int64_t mem_seek(struct file *file, int64_t offset, int whence)
{
    return file_seek_sized(file, offset, whence, 0, INT64_MAX);
}

static const struct file_ops mem_ops = {
    .read = mem_transfer,
    .write = mem_transfer,
    .seek = mem_seek,
};

static int mem_open(uint32_t number, struct file *file)
{
    return cred_capable(caller_cred(), CAP_SYS_RAWIO) ? 0 : -EPERM;
}

static int nowait_open(uint32_t number, struct file *file)
{
    file->mode |= FILE_NOWAIT;
    return 0;
}

static struct device devices[] = {
    {.name = "mem",
     .type = S_IFCHR,
     .major = MEMORY_MAJOR,
     .first_minor = MINOR_MEM,
     .count = 1,
     .mode = 0640,
     .gid = 15,
     .ops = &mem_ops,
     .open = mem_open},
    {.name = "null",
     .type = S_IFCHR,
     .major = MEMORY_MAJOR,
     .first_minor = MINOR_NULL,
     .count = 1,
     .mode = 0666,
     .ops = &null_ops,
     .open = nowait_open},
    {.name = "zero",
     .type = S_IFCHR,
     .major = MEMORY_MAJOR,
     .first_minor = MINOR_ZERO,
     .count = 1,
     .mode = 0666,
     .ops = &zero_ops,
     .open = nowait_open},
    {.name = "full",
     .type = S_IFCHR,
     .major = MEMORY_MAJOR,
     .first_minor = MINOR_FULL,
     .count = 1,
     .mode = 0666,
     .ops = &full_ops,
     .open = nowait_open},
};

void memory_devices_start(void)
{
    for (size_t i = 0; i < array_size(devices); i++)
        device_register(&devices[i]);
}
