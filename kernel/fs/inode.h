/*
 * Inodes: what a name leads to, in memory. A file system embeds struct inode in its own structure
 * and frees that in ops->release. Everything above (path walk, permission, open, stat) works on
 * these fields; slow file systems bring them up to date in ops->get_attributes.
 *
 * Locks: `lock` guards a directory's contents and the attributes (letter l); readers of single
 * attributes do not take it, since each is one word. Order: rename (filesystem->rename_lock), then
 * directories' locks, parent before child, else by address; then files' locks; then backing->lock.
 * c: constant after inode_init and the file system's own set-up; a: atomic.
 */
#ifndef FS_INODE_H
#define FS_INODE_H

#include "file/device.h"
#include "sched/mutex.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backing;
struct cred;
struct dentry;
struct file;
struct file_lock_list;
struct file_ops;
struct filesystem;
struct inode;
struct path;

/* One component of a path: not NUL-terminated; hash is name_hash(text, length). */
struct name {
    const char *text;
    uint32_t length;
    uint32_t hash;
};

/* What a new inode shall be; mode has its type (S_IFMT) and already went through umask. */
struct inode_new {
    uint32_t mode;
    uint32_t uid, gid;
    uint32_t rdev;      /* devices: device_number() */
    const char *target; /* symbolic links: NUL-terminated */
};

/* Bits of inode_change.mask. */
enum {
    INODE_CHANGE_MODE = 1, /* permission bits of mode (07777) */
    INODE_CHANGE_UID = 2,
    INODE_CHANGE_GID = 4,
    INODE_CHANGE_SIZE = 8,
    INODE_CHANGE_ATIME = 16,
    INODE_CHANGE_MTIME = 32,
    INODE_CHANGE_CTIME = 64, /* always set by inode_change() */
};

struct inode_change {
    uint32_t mask;
    uint32_t mode, uid, gid;
    uint64_t size;
    int64_t atime, mtime, ctime; /* nanoseconds since 1970 */
};

/*
 * Every member may be NULL: [then]. Permission, existence, name length, read-only mounts and types
 * were checked above. The locks held: the directory's (both, and the rename lock, for rename; also
 * the target's for remove and rename); for get_attributes and read_link none; for set_attributes
 * and xattr changes the inode's own.
 */
struct inode_ops {
    /* Finds name: 0 and a counted inode, -ENOENT (it is remembered as absent), or another error.
     * [-ENOTDIR] */
    int (*lookup)(struct inode *directory, const struct name *name, struct inode **inode);
    /* Is what the cache says about this name still true? Called without locks at each use; false:
       it is forgotten and looked up again. [true] */
    bool (*revalidate)(struct dentry *dentry);
    /* Makes and enters a file, directory, symbolic link, FIFO, socket or device, by new->mode; a
     * counted inode. [-EPERM] */
    int (*make)(struct inode *directory, const struct name *name, const struct inode_new *new_inode,
                struct inode **inode);
    /* A regular file without a name (O_TMPFILE), links 0. [-EOPNOTSUPP] */
    int (*make_temporary)(struct inode *directory, const struct inode_new *new_inode,
                          struct inode **inode);
    int (*link)(struct inode *directory, const struct name *name,
                struct inode *inode); /* [-EPERM] */
    /* Removes a name; a directory must be found empty (-ENOTEMPTY). [-EPERM] */
    int (*remove)(struct inode *directory, const struct name *name, struct inode *inode);
    /* victim: what the new name leads to, or NULL. flags: 0, RENAME_NOREPLACE, RENAME_EXCHANGE. A
       victim directory must be found empty (-ENOTEMPTY). [-EPERM] */
    int (*rename)(struct inode *from_directory, const struct name *from, struct inode *inode,
                  struct inode *to_directory, const struct name *to, struct inode *victim,
                  unsigned flags);
    /* The target's text without NUL into buffer[size]: its length (cut at size). [-EINVAL] */
    int64_t (*read_link)(struct inode *inode, char *buffer, size_t size);
    /* A link that leads to a path by itself (/proc/PID/exe): fills a counted path. Tried before
     * read_link. */
    int (*follow)(struct inode *inode, struct path *path);
    /* Brings the fields up to date before they are shown. [they are] */
    int (*get_attributes)(struct inode *inode);
    /* Carries the change out, fields included (inode_change_apply() does those).
     * [inode_change_apply] */
    int (*set_attributes)(struct inode *inode, const struct inode_change *change);
    /* MAY_… bits asked for: 0 or -EACCES. [inode_permission_generic] */
    int (*permission)(struct inode *inode, unsigned may);
    /* The inode stands for an open description without a name: sets up another one, whatever the
     * type says (procfs). [by type] */
    int (*reopen)(struct inode *inode, struct file *fresh);
    /* Readies a fresh description: may change file->ops, private, mode. [fine] Not called for
     * O_PATH. */
    int (*open)(struct inode *inode, struct file *file);
    /* Reads contents straight from the source into kernel memory, past any pages of its own: how
       the overlay fills its pages from a lower file without keeping them twice. Bytes, less only at
       the end; -EIO and the like. [through inode->backing] */
    int64_t (*read_direct)(struct inode *inode, uint64_t offset, void *buffer, size_t count);
    /* Extended attributes; names with prefix. size 0 asks for the length. -ENODATA, -ERANGE.
     * [-EOPNOTSUPP] */
    int64_t (*get_xattr)(struct inode *inode, const char *name, void *value, size_t size);
    int (*set_xattr)(struct inode *inode, const char *name, const void *value, size_t size,
                     unsigned flags);
    int64_t (*list_xattr)(struct inode *inode, char *list, size_t size);
    int (*remove_xattr)(struct inode *inode, const char *name);
    /* The last count is gone: frees the structure. */
    void (*release)(struct inode *inode);
};

struct inode {
    _Atomic uint32_t refs;
    uint32_t mode;                      /* l type and permissions */
    uint32_t uid;                       /* l */
    uint32_t gid;                       /* l */
    uint32_t links;                     /* l */
    uint32_t rdev;                      /* c */
    uint64_t number;                    /* c */
    uint64_t size;                      /* l bytes, unless there is a backing: see inode_size() */
    uint64_t blocks;                    /* l 512-byte units */
    int64_t atime, mtime, ctime, btime; /* l nanoseconds since 1970 */
    const struct inode_ops *ops;        /* c */
    const struct file_ops *file_ops;    /* c NULL for devices, FIFOs, sockets, links */
    struct filesystem *filesystem;      /* c not counted: a dentry or file counts its mount */
    struct backing *backing; /* c a regular file's pages, counted by the inode, or NULL */
    void *private;           /* c the file system's */
    struct mutex lock;
    _Atomic(struct file_lock_list *) locks; /* flock and record locks, fs/lock.c */
    _Atomic(void *) special; /* behind a FIFO (file/pipe.c, lock) or a bound socket (net) */
    void (*special_release)(struct inode *inode); /* set with special; called with the last count */
    bool linkable;    /* l without a name (O_TMPFILE), may still be given one */
    uint64_t version; /* l of a directory: changes with its contents */
};

/* Permission bits to ask for. */
enum {
    MAY_EXECUTE = 1,
    MAY_WRITE = 2,
    MAY_READ = 4,
};

/* Fills a zeroed inode: one count, links 1, all times now. number 0: the next free number of the
 * file system. */
void inode_init(struct inode *inode, struct filesystem *filesystem, const struct inode_ops *ops,
                uint32_t mode, uint64_t number);
void inode_get(struct inode *inode);
/* May sleep with the last count. inode_put(NULL) is legal. */
void inode_put(struct inode *inode);

/* Wall-clock time, nanoseconds since 1970. */
int64_t inode_time(void);
/* Bytes of contents: the backing's size if there is one. */
uint64_t inode_size(const struct inode *inode);
/* Writes the change into the fields: mode, owner, times, and the backing's or the inode's size.
 * Lock held. 0. */
int inode_change_apply(struct inode *inode, const struct inode_change *change);
/* Marks a directory as changed: mtime, ctime, version. Lock held. */
void inode_changed(struct inode *directory);

#endif
