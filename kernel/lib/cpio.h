/*
 * Reading a "newc" cpio archive (cpio(5)) that lies in memory: the initramfs.
 *
 * The bytes may be cut short or hostile: nothing outside them is read, and names are checked to be
 * zero-terminated and to hold no other zero byte. Several archives one after the other, padded with
 * zero bytes, are read as one. No allocation, no locks; O(1) per entry.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpio_reader {
    const uint8_t *bytes;
    size_t size;
    size_t at; /* offset of the next header; a multiple of 4 */
};

/* One member. Hard links share ino and device; only the last of them carries the data. */
struct cpio_entry {
    const char *name;    /* zero-terminated, points into the archive, not empty, as written there */
    size_t name_size;    /* without the zero byte */
    const uint8_t *data; /* points into the archive */
    uint32_t size;       /* of the data, bytes; a symbolic link's is its target, without a NUL */
    uint32_t ino, mode, uid, gid, links, mtime;
    uint32_t device_major, device_minor; /* where the file was */
    uint32_t node_major, node_minor;     /* which device it is, for device nodes */
};

/* Begins at the first member. The bytes must stay until reading is done. */
void cpio_open(struct cpio_reader *reader, const void *bytes, size_t size);

/*
 * Reads the next member, skipping end markers and padding. Returns 1 and *entry, 0 at the end, or
 * -EINVAL if the archive is broken at reader->at (then every further call says the same).
 */
int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry);

#endif
