/*
 * File systems: types by name (tmpfs, proc, 9p, …) and their instances (what Linux calls a super
 * block). An instance is counted by its mounts; its inodes and dentries are gone before it.
 *
 * A new type: fill a static struct filesystem_type, call filesystem_register() once at boot; `make`
 * allocates an instance with filesystem_create(), makes the root inode and sets filesystem->root =
 * dentry_root(...).
 */
#ifndef FS_FILESYSTEM_H
#define FS_FILESYSTEM_H

#include "sched/mutex.h"
#include <bsd/sys/queue.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dentry;
struct filesystem;
struct inode;

/* filesystem_type.flags */
enum {
    FILESYSTEM_UNCACHED =
        1, /* dentries die with their last count; nothing absent is remembered (procfs) */
    FILESYSTEM_NODEV = 2,  /* needs no block device: "nodev" in /proc/filesystems */
    FILESYSTEM_SINGLE = 4, /* one instance for all mounts (devtmpfs): make is called once */
    FILESYSTEM_FIXED =
        16, /* names cannot be made: what is absent is -ENOENT to every call (procfs) */
    FILESYSTEM_XATTR_USER = 8, /* user.* attributes are passed on (else -EOPNOTSUPP) */
};

/* What statfs(2) shows; the common fields are filled in above. */
struct filesystem_usage {
    uint64_t block_size, blocks, blocks_free, blocks_available;
    uint64_t files, files_free;
    uint64_t name_length;
};

struct filesystem_ops {
    int (*usage)(struct filesystem *filesystem,
                 struct filesystem_usage *usage); /* [all zero, 4096, 255] */
    int (*sync)(struct filesystem *filesystem);   /* [0] */
    /* New options (mount -o remount,…). [-EINVAL if there are any] */
    int (*remount)(struct filesystem *filesystem, const char *options);
    /* The options as /proc/mounts shows them, each with a leading comma; as snprintf. [none] */
    int (*options)(struct filesystem *filesystem, char *buffer, size_t size);
    /* The last count is gone, the root dentry too: frees private. [fine] */
    void (*release)(struct filesystem *filesystem);
};

struct filesystem_type {
    const char *name;
    uint32_t flags;
    uint64_t magic; /* f_type, linux/magic.h */
    const struct filesystem_ops *ops;
    /* A new instance. source: the first argument of mount(2), "" if it was NULL; options: its
       comma-separated text, never NULL. -EINVAL for an option it does not know. */
    int (*make)(struct filesystem_type *type, const char *source, const char *options,
                struct filesystem **filesystem);
    STAILQ_ENTRY(filesystem_type) link;
    struct filesystem *single; /* of FILESYSTEM_SINGLE, counted; filesystem.c's lock */
};

struct filesystem {
    _Atomic uint32_t refs;            /* mounts, and calls in progress */
    struct filesystem_type *type;     /* c */
    const struct filesystem_ops *ops; /* c */
    struct dentry *root;              /* c counted, set by make */
    uint32_t device;                  /* c st_dev: an anonymous number, major 0 */
    bool read_only;                   /* the instance itself cannot be written */
    _Atomic uint64_t next_number;     /* for inode_init */
    struct mutex rename_lock;         /* held by renames between directories */
    void *private;                    /* c the type's */
};

/* Makes a type known; type is static. */
void filesystem_register(struct filesystem_type *type);
/* By name, or NULL. */
struct filesystem_type *filesystem_find(const char *name);
/* Calls visit for each type in order of registration (/proc/filesystems). */
void filesystem_visit(void (*visit)(const struct filesystem_type *type, void *argument),
                      void *argument);

/* A new instance with one count, without a root. NULL: no memory. */
struct filesystem *filesystem_create(struct filesystem_type *type);
struct filesystem *filesystem_get(struct filesystem *filesystem);
/* The last count drops the root, the cached dentries and the instance. */
void filesystem_put(struct filesystem *filesystem);

/* Options: takes the next `key` or `key=value` off *options, cutting the text in place. False at
   the end; *value is NULL without '='. */
bool filesystem_option(char **options, char **key, char **value);

/* Writes back everything everywhere (sync(2)). */
void filesystem_sync_all(void);

#endif
