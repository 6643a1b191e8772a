/*
 * Between the parts of procfs: trees of registered names (procfs.c), inodes (procfs_inode.c), open
 * files (procfs_file.c).
 */
#ifndef FS_PROCFS_INTERNAL_H
#define FS_PROCFS_INTERNAL_H

#include "fs/filesystem.h"
#include "fs/procfs.h"
#include "lib/container.h"
#include <bsd/sys/queue.h>

/* One registered name. */
struct proc_name_link {
    const struct proc_entry *entry;
    STAILQ_ENTRY(proc_name_link) link;
};

/* A directory that registration made. It grows at boot only and is read without a lock. */
struct proc_branch {
    struct proc_entry entry; /* entry.data points back here */
    unsigned count;
    STAILQ_HEAD(proc_name_list, proc_name_link) names;
    const struct proc_entry *more; /* whose lookup and next add what comes and goes, or NULL */
};

struct proc_tree {
    struct filesystem_type type;
    struct proc_branch root;
    uint64_t file_size; /* what stat says of files: 0 in /proc, 4096 in /sys */
};

struct proc_inode {
    struct inode inode;
    struct proc_node node;
};

static inline struct proc_tree *proc_tree_of(const struct filesystem *filesystem)
{
    return container_of(filesystem->type, struct proc_tree, type);
}

extern const struct file_ops proc_file_ops;
extern const struct file_ops proc_directory_ops;

/* An inode for the node, whose count it takes over (also in failure). 0 or -ENOMEM. */
int proc_inode_create(struct filesystem *filesystem, const struct proc_node *node, uint64_t number,
                      struct inode **result);
/* The number of the inode behind `name` in a directory: the same in each look-up. */
uint64_t proc_number(const struct inode *directory, const char *name, size_t length);
/* What uses of an open file answer when its object is gone: 0 or a negative errno. */
int proc_node_check(const struct proc_node *node);
/* A directory's child by name in its table, then through lookup: 0 and a counted node, -ENOENT. */
int proc_child_find(const struct proc_node *directory, const struct name *name,
                    struct proc_node *child);

/* Makes an instance: the make of both types. */
int proc_tree_make(struct filesystem_type *type, const char *source, const char *options,
                   struct filesystem **result);

/* Start-up of what stands behind procfs_follow_file. */
void procfs_anonymous_init(void);
/* Start-up of the entries that need no process: procfs_system.c, procfs_memory.c, procfs_sysctl.c.
 */
void procfs_system_init(void);
void procfs_memory_init(void);
void procfs_sysctl_init(void);

#endif
