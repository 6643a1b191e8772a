/*
 * Open file descriptions: what open(2) makes and fork, dup and SCM_RIGHTS share, with its offset
 * and status flags. The last reference calls release. File table entries, mappings' files and calls
 * in progress hold references; since the file table is a share tree, a description that a thousand
 * children share may have a single one.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include "mem/space.h"
#include "sched/mutex.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backing;
struct cred;
struct directory_reader;
struct file;
struct file_status;
struct inode;
struct file_table;
struct poll_table;
struct uio;

/* Every member may be NULL; the error of the call is then given in brackets. */
struct file_ops {
    /* At *position, which it moves; the caller holds position_lock when the position is the
       description's own. Bytes, 0 at end of file, -errno; -EAGAIN only with O_NONBLOCK in flags (or
       RWF_NOWAIT). [-EINVAL] */
    int64_t (*read)(struct file *file, struct uio *uio, uint64_t *position);
    int64_t (*write)(struct file *file, struct uio *uio, uint64_t *position);
    /* lseek(2) with position_lock held; file_seek_sized serves files with a size. [-ESPIPE] */
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    /* getdents: calls reader->add(...) from file->position on. [-ENOTDIR] */
    int (*read_directory)(struct file *file, struct directory_reader *reader);
    /* Events now (EPOLLIN …), registering with poll_wait(). NULL: always readable and writable. */
    uint32_t (*poll)(struct file *file, struct poll_table *table);
    /* argument is a number or user address. [-ENOTTY] */
    int64_t (*ioctl)(struct file *file, unsigned command, uint64_t argument);
    /* Gives the backing to map, with a count. prot PROT_…, flags MAP_…. [-ENODEV] */
    int (*map)(struct file *file, uint64_t prot, uint64_t flags, struct backing **backing);
    int (*sync)(struct file *file, bool data_only);
    int (*allocate)(struct file *file, int mode, uint64_t offset, uint64_t length);
    /* A file table entry of this process was closed (not the last reference). */
    void (*flush)(struct file *file);
    /* fcntl(F_SETFL) changed flags; NULL: fine. */
    int (*set_flags)(struct file *file, uint32_t flags);
    /* The last reference is gone. */
    void (*release)(struct file *file);
    /* fstat(2) of a file without an inode (pipes, sockets, anonymous files); file_status_init() has
     * filled in the rest. */
    void (*status)(struct file *file, struct file_status *status);
    /* Opening /proc/PID/fd/N of a file without an inode: sets up `fresh`, which has the wanted mode
       and flags but neither ops nor references to anything yet. May sleep as opening a FIFO does. 0
       or -errno. [-ENXIO] */
    int (*reopen)(struct file *file, struct file *fresh);
    /* The target of the link /proc/PID/fd/N when file->name is NULL and there is no path; returns
     * length as snprintf. */
    int (*describe_name)(struct file *file, char *buffer, uint64_t size);
    /* More for /proc/PID/fdinfo, formatted text; returns length as snprintf. */
    int (*describe)(struct file *file, char *buffer, uint64_t size);
};

enum {
    FILE_READ = 1, /* opened for reading */
    FILE_WRITE = 2,
    FILE_PATH = 4,     /* O_PATH */
    FILE_SEEKABLE = 8, /* has an offset */
    FILE_STREAM = 16,  /* pread and pwrite give -ESPIPE */
    FILE_DIRECTORY = 32,
    FILE_OPENED = 64,  /* set by file_opened(): release is due */
    FILE_NOWAIT = 128, /* read and write honour RWF_NOWAIT in uio->flags; others give -EOPNOTSUPP */
    FILE_WRITER = 256, /* fs: counted as a writer of its mount and backing */
};

/* What fstat(2) tells of a file that has no inode. Times are wall-clock nanoseconds. */
struct file_status {
    uint32_t mode, links, uid, gid;
    uint64_t device, inode, size, block_size, blocks;
    uint64_t time; /* all three times */
};

struct path {
    struct mount *mount;
    struct dentry *dentry;
};

struct file {
    _Atomic uint32_t refs;
    uint32_t mode;          /* FILE_…, constant */
    _Atomic uint32_t flags; /* O_APPEND, O_NONBLOCK, …: what F_GETFL shows without the access mode,
                               which is in mode */
    const struct file_ops *ops;
    struct path path;    /* constant; NULL members: none (pipes, sockets, anonymous files carry a
                            pseudo path: name below) */
    struct inode *inode; /* constant, counted, may be NULL for anonymous files */
    const char *name;    /* constant; for /proc/PID/fd of anonymous files: "pipe:[12]",
                            "anon_inode:[eventpoll]"; owned by private or static */
    struct mutex position_lock;
    uint64_t position; /* position_lock */
    void *private;     /* the owner's */
    bool denies_write; /* constant: a running program: its backing may not be opened for writing */
    struct map_source source; /* what mappings of this description refer to; see file_map_source */
    struct epoll_watch *watches; /* epoll registrations, epoll's lock */
    int32_t owner;               /* F_SETOWN: a process or thread, negated a group */
    int32_t owner_type;          /* F_OWNER_… */
    int32_t owner_signal;        /* F_SETSIG */
    void *locks;                 /* flock / OFD bookkeeping, fs/lock.c */
    const struct cred *cred;     /* constant, counted: who opened it */
};

/* A fresh description with one reference, opened by the caller's credentials. NULL: no memory.
   ops->release is not called if it is put before file_opened(). */
struct file *file_alloc(const struct file_ops *ops, uint32_t mode, uint32_t flags);
/* The open succeeded: from now on the last file_put calls ops->release. */
void file_opened(struct file *file);
struct file *file_get(struct file *file);
/* The last reference leaves epoll sets and locks, calls release and frees. May sleep. */
void file_put(struct file *file);

/* The calls on a description, with all checks of mode (-EBADF), limits and positions; user and
   kernel callers alike. position NULL: the description's own offset. uio->flags holds the RWF_…
   flags of the call. */
int64_t file_read(struct file *file, struct uio *uio, uint64_t *position);
int64_t file_write(struct file *file, struct uio *uio, uint64_t *position);
int64_t file_seek(struct file *file, int64_t offset, int whence);
uint32_t file_poll(struct file *file, struct poll_table *table);
int64_t file_ioctl(struct file *file, unsigned command, uint64_t argument);
/* lseek(2) arithmetic for a file of `size` bytes whose offsets reach up to `limit`: SEEK_SET, CUR,
   END, DATA, HOLE (no holes). position_lock held. */
int64_t file_seek_sized(struct file *file, int64_t offset, int whence, uint64_t size,
                        uint64_t limit);
/* Whether this call must not sleep: O_NONBLOCK or RWF_NOWAIT. */
bool file_nonblocking(const struct file *file, const struct uio *uio);

/* What a mapping of this description refers to, with a count: asks ops->map, checks modes against
   prot and flags (-EACCES, -ENODEV, -EPERM). A map operation that answers with a fresh backing each
   time (shared /dev/zero) gets a source of its own. */
int file_map_source(struct file *file, uint64_t prot, uint64_t flags, struct map_source **source);
/* The description behind a mapping's source, or NULL when it is shared anonymous memory. No count
 * is taken. */
struct file *file_of_source(struct map_source *source);
/* The description's end: gives up the backing, and lets it be written if the description was a
 * running program's. */
void file_source_drop(struct file *file);

/* Reads exactly into kernel memory, at an offset: bytes read or -errno. For exec and friends. */
int64_t file_read_kernel(struct file *file, void *buffer, size_t count, uint64_t offset);

/* The defaults of fstat(2) for a file without an inode, then ops->status. */
void file_status_get(struct file *file, struct file_status *status);
/* A fresh inode number for a pseudo file, as pipes and sockets show it. */
uint64_t file_pseudo_number(void);
/* A description for an anonymous object with a static name ("anon_inode:[eventfd]"), opened. NULL:
 * no memory. */
struct file *file_anonymous(const struct file_ops *ops, const char *name, void *object,
                            uint32_t flags);

/* --- implemented by fs, which stands above --- */

/* Gives up file->path and file->inode (either may be empty). */
void file_place_put(struct file *file);
/* The last reference goes: ends flock and OFD locks. Called when file->locks is set. */
void file_locks_release(struct file *file);
/* A descriptor of `file` was closed in `table`: the process's record locks on it end. Called when
 * table->record_locks is set. */
void file_locks_close(struct file *file, struct file_table *table);

#endif
