/*
 * /dev/random and /dev/urandom (random(4)): the same generator (mem/random.h), which is ready from
 * the start. What programs write is mixed in; it can only add.
 */
#include "dev/random.h"

#include "file/caller.h"
#include "file/cred.h"
#include "file/device.h"
#include "file/file.h"
#include "file/random.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/random.h"
#include "mem/uio.h"
#include "mem/user.h"
#include <linux/capability.h>
#include <linux/random.h>
#include <linux/stat.h>

enum {
    CHUNK = 64,
    ENTROPY_BITS = 256, /* what RNDGETENTCNT tells */
};

static int64_t device_read(struct file *file, struct uio *uio, uint64_t *position)
{
    return random_move(uio);
}

static int64_t device_write(struct file *file, struct uio *uio, uint64_t *position)
{
    size_t wanted = uio->left;

    while (uio->left) {
        uint8_t bytes[CHUNK];
        int64_t count = uio_move(uio, bytes, min_size(uio->left, CHUNK));

        if (count <= 0)
            return uio->left < wanted ? (int64_t)(wanted - uio->left) : -EFAULT;
        random_mix(bytes, (size_t)count);
    }
    return (int64_t)wanted;
}

static int64_t device_seek(struct file *file, int64_t offset, int whence)
{
    return (int64_t)file->position;
}

static int64_t device_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    int bits = ENTROPY_BITS;

    switch (command) {
    case RNDGETENTCNT:
        return copy_to_user((struct uaddr){argument}, &bits, sizeof(bits));
    case RNDADDTOENTCNT:
    case RNDZAPENTCNT:
    case RNDCLEARPOOL:
    case RNDRESEEDCRNG:
        /* There is no account of entropy to change. */
        return cred_capable(caller_cred(), CAP_SYS_ADMIN) ? 0 : -EPERM;
    default:
        return -ENOTTY;
    }
}

static const struct file_ops random_ops = {
    .read = device_read,
    .write = device_write,
    .seek = device_seek,
    .ioctl = device_ioctl,
};

static struct device devices[] = {
    {.name = "random",
     .type = S_IFCHR,
     .major = 1,
     .first_minor = 8,
     .count = 1,
     .mode = 0666,
     .ops = &random_ops},
    {.name = "urandom",
     .type = S_IFCHR,
     .major = 1,
     .first_minor = 9,
     .count = 1,
     .mode = 0666,
     .ops = &random_ops},
};

void random_devices_start(void)
{
    for (size_t i = 0; i < array_size(devices); i++)
        device_register(&devices[i]);
}
