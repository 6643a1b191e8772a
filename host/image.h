/*
 * The initramfs under construction: a sorted set of files, written as a newc archive into memory.
 * The same set gives the same bytes: the order is that of the paths, and inode numbers are counted
 * from 1.
 *
 * The first entry at a path wins.
 */
#ifndef HOST_IMAGE_H
#define HOST_IMAGE_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct image_entry {
    RB_ENTRY(image_entry) links;
    char *path; /* absolute, inside the guest */
    mode_t mode;
    uid_t uid;
    gid_t gid;
    dev_t device;  /* of a device file */
    int64_t mtime; /* seconds */
    uint64_t size;
    char *target;   /* of a symbolic link */
    char *source;   /* the host's file with the contents, or NULL */
    void *contents; /* the contents themselves, or NULL */
};

RB_HEAD(image_tree, image_entry);

struct image {
    struct image_tree entries;
    uint64_t total;   /* bytes of contents */
    bool fixed_times; /* every modification time is 0 */
};

/* A folder, with those above it; links that the image has already are followed. */
void image_add_directory(struct image *image, const char *path, mode_t mode);

/* A file with the given contents (copied), owned by root. */
void image_add_contents(struct image *image, const char *path, mode_t mode, const void *contents,
                        size_t size);

/* What a host path is, put at a path of the guest whose folder exists in the image; link is the
 * target of a symbolic link. */
void image_add_host(struct image *image, const char *path, const char *host_path,
                    const struct stat *stat, const char *link);

/* The path of the image to which the image's own links lead; components that are missing are made
 * folders. The caller frees it. */
char *image_place(struct image *image, const char *path);

/* Writes the archive. Returns a descriptor of memory that holds it; says what is wrong and exits
 * when a file cannot be read. */
int image_write(const struct image *image);

#endif
