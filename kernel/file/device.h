/*
 * Devices: which driver stands behind a major and minor number, and the nodes in /dev (devtmpfs)
 * that lead there. What drivers need is declared here, below them; fs implements it.
 */
#ifndef FILE_DEVICE_H
#define FILE_DEVICE_H

#include "file/file.h"
#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

/* Device numbers as programs see them (makedev(3), 32 bits). */
static inline uint32_t device_number(uint32_t major, uint32_t minor)
{
    return (minor & 0xff) | (major << 8 & 0xfff00) | (minor & ~UINT32_C(0xff)) << 12;
}
static inline uint32_t device_major(uint32_t device)
{
    return (device & 0xfff00) >> 8;
}
static inline uint32_t device_minor(uint32_t device)
{
    return (device & 0xff) | (device >> 12 & 0xfff00);
}

/* Static in the driver; all constant but link. */
struct device {
    const char *name; /* the node in /dev, perhaps with one directory ("virtio-ports/0"); NULL: no
                         node. With count > 1 the minor follows the name: "ttyS" gives ttyS0, ttyS1,
                         … (minor - first_minor) */
    uint32_t type;    /* S_IFCHR or S_IFBLK */
    uint32_t major, first_minor, count;
    uint32_t mode; /* of the node, 0666 … */
    uint32_t gid;  /* of the node */
    const struct file_ops *ops;
    /* May refuse, set file->private, change file->ops and file->mode. NULL: fine. `number` is the
     * device number. */
    int (*open)(uint32_t number, struct file *file);
    STAILQ_ENTRY(device) link;
};

/* Makes the device known and its nodes, at any time after fs_init(). 0, -EBUSY (numbers taken),
 * -ENOMEM. */
int device_register(struct device *device);
/* The driver of a number, or NULL. */
struct device *device_find(uint32_t type, uint32_t rdev);
/* A directory in devtmpfs, for mount points ("pts", "shm"); a symbolic link there. 0 or -errno;
 * existing ones are fine. */
int device_directory(const char *name, uint32_t mode);
int device_link(const char *name, const char *target);
/* Calls visit for each, for /proc/devices. */
void device_visit(void (*visit)(const struct device *device, void *argument), void *argument);

#endif
