/*
 * The memory file system: tmpfs, ramfs, rootfs, devtmpfs, and, with a lower directory tree behind
 * it, overlay.
 *
 * A directory holds its entries in two trees, by name and by cookie (its position for getdents,
 * handed out once and never again, so that positions stay good while names come and go). An entry
 * counts its inode; an entry without an inode is a whiteout: it hides the lower directory's name. A
 * regular file is a backing.
 *
 * Locks: entries and links by the directory's inode lock; counters are atomic; lower inodes' table
 * by its spinlock.
 */
#ifndef FS_MEMORY_H
#define FS_MEMORY_H

#include "fs/filesystem.h"
#include "fs/inode.h"
#include "fs/path.h"
#include "mem/backing.h"
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

struct directory_reader;

struct memory_entry {
    RB_ENTRY(memory_entry) name_link;
    RB_ENTRY(memory_entry) cookie_link;
    struct inode *inode; /* counted; NULL: a whiteout */
    uint64_t cookie;     /* position of this entry: >= 2, grows */
    uint32_t hash, length;
    char text[];
};
RB_HEAD(memory_names, memory_entry);
RB_HEAD(memory_cookies, memory_entry);

struct memory_attribute {
    SLIST_ENTRY(memory_attribute) link;
    char *name;
    void *value; /* NULL: removed, hides the lower one */
    size_t size;
};
SLIST_HEAD(memory_attributes, memory_attribute);

struct memory_inode {
    struct inode inode;
    struct memory_attributes attributes; /* inode.lock */
    struct dentry *lower;                /* constant, counted; NULL: all in memory */
    bool pinned; /* inode.lock: holds a count on itself, since memory knows more than lower */
    LIST_ENTRY(memory_inode) lower_link; /* the table's lock */
    union {
        struct {
            struct memory_names names;
            struct memory_cookies cookies;
            uint64_t next_cookie;
            SLIST_ENTRY(memory_inode) dying_link;
        } directory;
        struct {
            struct backing backing;
            uint64_t lower_end; /* backing.lock: bytes from here on are no longer lower's */
            uint64_t charged;   /* inode.lock: pages counted in the instance */
        } regular;
        char *target; /* symbolic links, heap */
    };
};

enum { MEMORY_LOWER_BUCKETS = 1024 };
LIST_HEAD(memory_lower_list, memory_inode);
SLIST_HEAD(memory_dying, memory_inode);

/* filesystem->private. */
struct memory_filesystem {
    _Atomic uint64_t pages_used, inodes_used;
    uint64_t page_limit, inode_limit; /* 0: none */
    uint32_t mode, uid, gid;          /* of the root */
    struct spinlock lock;
    struct memory_dying dying;             /* lock: directories that are being taken apart */
    bool draining;                         /* lock */
    struct path lower;                     /* overlay: counted */
    char *lower_text;                      /* overlay: as given */
    struct memory_lower_list *lower_table; /* lock: overlay: inodes by the lower inode's number */
};

extern const struct filesystem_ops memory_filesystem_ops;
extern const struct inode_ops memory_directory_ops, memory_regular_ops, memory_link_ops,
    memory_special_ops;
extern const struct file_ops memory_directory_file_ops, memory_regular_file_ops;
extern const struct backing_ops memory_backing_ops;

/* filesystem_type.make of tmpfs and its kin. */
int memory_make_filesystem(struct filesystem_type *type, const char *source, const char *options,
                           struct filesystem **result);
int overlay_make_filesystem(struct filesystem_type *type, const char *source, const char *options,
                            struct filesystem **result);
/* An instance without a root; root is made by the caller. */
int memory_instance(struct filesystem_type *type, struct filesystem **result);
int memory_make_root(struct filesystem *filesystem);
/* tmpfs, ramfs, rootfs and overlay become known. */
void memory_register(void);

static inline struct memory_inode *memory_of(struct inode *inode)
{
    return (struct memory_inode *)(void *)((char *)inode - offsetof(struct memory_inode, inode));
}
static inline struct memory_filesystem *memory_instance_of(const struct inode *inode)
{
    return inode->filesystem->private;
}

/* A fresh inode by new_inode->mode, links as for one name. number 0: a new one. -ENOMEM, -ENOSPC,
 * -ENAMETOOLONG. */
int memory_inode_create(struct filesystem *filesystem, const struct inode_new *new_inode,
                        uint64_t number, struct memory_inode **inode);
void memory_release(struct inode *inode);

/* --- memory_entry.c --- */
struct memory_entry *memory_entry_find(struct memory_inode *directory, const struct name *name);
struct memory_entry *memory_entry_from(struct memory_inode *directory, uint64_t cookie);
/* Enters a whiteout, to be filled in. NULL: no memory. */
struct memory_entry *memory_entry_add(struct memory_inode *directory, const struct name *name);
void memory_entry_drop(struct memory_inode *directory, struct memory_entry *entry);
/* Takes one entry (the first), or NULL. */
struct memory_entry *memory_entry_any(struct memory_inode *directory);

/* --- memory_file.c --- */
/* Brings the instance's count of pages up to date with the file. Inode lock held, or nobody else
 * has the inode. */
void memory_charge(struct memory_inode *inode);
int memory_set_attributes(struct inode *inode, const struct inode_change *change);
int memory_get_attributes(struct inode *inode);
int memory_open(struct inode *inode, struct file *file);

/* --- memory_xattr.c --- */
int64_t memory_get_xattr(struct inode *inode, const char *name, void *value, size_t size);
int memory_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                     unsigned flags);
int64_t memory_list_xattr(struct inode *inode, char *list, size_t size);
int memory_remove_xattr(struct inode *inode, const char *name);
void memory_drop_xattrs(struct memory_inode *inode);

/* --- overlay.c: what a lower tree adds --- */
/* The inode for a name that memory does not know: from the lower directory, counted. -ENOENT.
 * Directory lock held. */
int overlay_lookup(struct memory_inode *directory, const struct name *name, struct inode **inode);
/* Does the lower directory have this name? 1, 0 or -errno. */
int overlay_has(struct memory_inode *directory, const struct name *name);
/* Keeps a changed inode for as long as the instance lives / no longer, since nothing can lead to
 * it. Inode lock held. */
void overlay_pin(struct memory_inode *inode);
void overlay_unpin(struct memory_inode *inode);
/* The inode goes: no longer found by its lower number. */
void overlay_forget(struct memory_inode *inode);
/* Unpins everything at the end of an instance. */
void overlay_drain(struct memory_filesystem *instance);
extern const struct backing_ops overlay_backing_ops;

/* --- overlay_directory.c --- */
enum { OVERLAY_BASE_BIT = 62 };
/* Goes on with the lower names that memory does not hide; positions from 1 << OVERLAY_BASE_BIT.
 * Directory lock held. */
int overlay_read_directory(struct file *file, struct directory_reader *outer);
void overlay_directory_release(struct file *file);
/* True when the lower directory shows no name through. 1, 0, -errno. Directory lock held. */
int overlay_empty(struct memory_inode *directory);

#endif
