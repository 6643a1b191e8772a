/*
 * 9P files in memory. An instance is one mounted server; a node is one file of it, with the fid
 * through which it is asked.
 *
 * Two kinds of instances (mount option cache=):
 *   loose  the server's tree is taken as unchanging for the life of the mount, which is read-only.
 * Names, absent names, attributes, link targets and pages are asked for once. A regular file's fid
 * is opened in place and shared by all its descriptions. none   (the default) the server's tree may
 * change at any time. Attributes are asked for at each use of a name; read(2) and write(2) go
 * straight to the server; pages serve mappings only and are dropped when the file turns out to have
 * changed. Shared mappings of a file that is open for writing are refused with EINVAL, as Linux's
 * 9p does with cache=none.
 *
 * Names that are hard links of one another share a node, which is found again by the server's
 * identity of the file (qid). In a loose instance all attributes must agree as well: a tree that
 * spans several devices may show one identity for two files.
 *
 * Locks: `lock` of the instance guards the table of nodes; inode.lock the attributes; backing.lock
 * read_fid. c: constant.
 */
#ifndef FS_P9_NODE_H
#define FS_P9_NODE_H

#include "fs/filesystem.h"
#include "fs/inode.h"
#include "fs/p9_calls.h"
#include "lib/container.h"
#include "mem/backing.h"
#include "sched/spin.h"
#include <bsd/sys/queue.h>

enum { P9_NODE_BUCKETS = 256 };

struct p9_node {
    struct inode inode;
    struct backing backing; /* of regular files */
    uint32_t fid;           /* c not opened, unless it is read_fid too */
    uint32_t read_fid;      /* backing.lock: opened for reading, or P9_NOFID */
    struct p9_qid qid;      /* c */
    _Atomic bool stale;     /* the name behind fid no longer leads to this file */
    _Atomic(char *) target; /* of a symbolic link in a loose instance, once it was read; heap */
    bool hashed;            /* instance's lock */
    LIST_ENTRY(p9_node) link;
};

struct p9_instance {
    struct p9_client *client; /* c */
    bool loose;               /* c */
    struct spinlock lock;
    LIST_HEAD(p9_node_list, p9_node) nodes[P9_NODE_BUCKETS]; /* lock */
};

extern const struct inode_ops p9_inode_ops;
extern const struct file_ops p9_loose_file_ops;
extern const struct file_ops p9_file_ops;
extern const struct file_ops p9_directory_ops;

static inline struct p9_node *p9_node_of(const struct inode *inode)
{
    return container_of((struct inode *)inode, struct p9_node, inode);
}
static inline struct p9_instance *p9_instance_of(const struct inode *inode)
{
    return inode->filesystem->private;
}
static inline struct p9_client *p9_client_of(const struct inode *inode)
{
    return p9_instance_of(inode)->client;
}

/* The node that fid leads to, with a count; consumes the fid, also in failure. 0 or -ENOMEM. */
int p9_node_get(struct filesystem *filesystem, uint32_t fid, const struct p9_attributes *attributes,
                struct p9_node **result);
/* Frees the node, or leaves that to its backing's last count. */
void p9_node_release(struct inode *inode);
/* Is this what the server describes? */
bool p9_node_matches(const struct p9_node *node, const struct p9_attributes *attributes);
/* Takes the attributes over; pages of older contents are dropped. inode.lock not held. */
void p9_node_update(struct p9_node *node, const struct p9_attributes *attributes);
/* Asks the server and updates. 0; -ENOENT and stale: the name is gone or leads elsewhere; other
 * errors of the server. */
int p9_node_refresh(struct p9_node *node);
/* Makes sure that pages can be filled: 0 or what opening for reading said. */
int p9_node_open_pages(struct p9_node *node);
/* A new fid for the node's file, opened with O_… flags. 0 or -errno. */
int p9_node_open(struct p9_node *node, uint32_t flags, uint32_t *result);

/* Extended attributes (p9_xattr.c). */
int64_t p9_get_xattr(struct inode *inode, const char *name, void *value, size_t size);
int64_t p9_list_xattr(struct inode *inode, char *list, size_t size);
int p9_set_xattr(struct inode *inode, const char *name, const void *value, size_t size,
                 unsigned flags);
int p9_remove_xattr(struct inode *inode, const char *name);

#endif
