/*
 * Trees of files that are made up as they are looked at: /proc and /sys. This is the machinery; who
 * knows something registers an entry at boot, also from layers above.
 *
 * An entry (struct proc_entry, static and constant) describes one name: a file by its `show`, a
 * link, or a directory, whose names come from a table, from registration, or, for what comes and
 * goes (processes, descriptors), from `lookup` and `next`. A node is an entry together with the
 * object that it is about; names in a table are about the same object as their directory.
 *
 *     static const struct proc_entry process_table[] = {
 *         {.name = "stat", .mode = S_IFREG | 0444, .class = &process_class, .show = stat_show}, …
 *     };
 *
 * A file's text is made anew when it is read at offset 0 and stays the same for later reads of that
 * description, so that reading in pieces sees one state, as with Linux's seq_file. Nothing is
 * cached between uses of a name.
 *
 * Locks: callbacks run with none held and may sleep. Costs: a look-up is linear in the names of a
 * directory.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "file/file.h"
#include "fs/inode.h"
#include "fs/text_buffer.h"
#include <linux/stat.h>

struct proc_entry;

/* A name and what it is about. */
struct proc_node {
    const struct proc_entry *entry;
    void *object; /* counted by the entry's class; NULL: none */
    uint64_t key; /* whatever else tells it apart: a descriptor's number, … */
};

/* What the objects of a family of entries are. Every member may be NULL: [then]. */
struct proc_class {
    void (*hold)(void *object); /* one count more / less [not counted] */
    void (*drop)(void *object);
    /* Does it still exist? False: the name is looked up again (and not found). [true] */
    bool (*alive)(const struct proc_node *node);
    /* What a file that was opened while the object was there answers when it is gone. [-ESRCH] */
    int gone;
    /* Sets uid, gid, and if need be mode, links and size, before they are looked at. [root's, as
     * the entry says] */
    void (*attributes)(const struct proc_node *node, struct inode *inode);
    /* MAY_… bits (fs/inode.h): 0 or -EACCES. [by mode and owner] */
    int (*permission)(const struct proc_node *node, struct inode *inode, unsigned may);
};

enum { PROC_NAME_MAX = 63 };

/* What `next` found. */
struct proc_name {
    char text[PROC_NAME_MAX + 1]; /* NUL-terminated */
    uint32_t type;                /* S_IFMT bits */
};

struct proc_entry {
    const char *name;
    uint32_t mode;                  /* S_IFREG, S_IFDIR or S_IFLNK with permissions */
    const struct proc_class *class; /* NULL: no object */
    const void *data;               /* the provider's */

    /* Files. show: the whole text; 0 or -errno. write: what one write(2) brought, NUL-terminated
       for convenience, at most 4095 bytes: the bytes taken (all) or -errno. open: may refuse or
       change file->ops, private, mode. file_ops: instead of show and write. */
    int (*show)(const struct proc_node *node, struct text_buffer *text);
    int64_t (*write)(const struct proc_node *node, const char *text, size_t size);
    int (*open)(const struct proc_node *node, struct file *file);
    const struct file_ops *file_ops;

    /* Links: the text, and for links that lead somewhere by themselves the counted path. */
    int (*read_link)(const struct proc_node *node, struct text_buffer *text);
    int (*follow)(const struct proc_node *node, struct path *path);

    /* Directories: a table, then what comes and goes. lookup fills child->entry, object (counted)
       and key: 0 or -ENOENT and the like. next: the first name whose number is at least *cursor;
       sets *cursor to that number. False: no more. */
    const struct proc_entry *children;
    unsigned child_count;
    int (*lookup)(const struct proc_node *directory, const struct name *name,
                  struct proc_node *child);
    bool (*next)(const struct proc_node *directory, uint64_t *cursor, struct proc_name *name);
};

struct proc_tree;
extern struct proc_tree procfs_tree, sysfs_tree;

/* At boot: makes entry known in `directory` ("" is the root, "sys/kernel"), which is made if need
   be. Panics without memory. An entry with the empty name adds its lookup and next to the directory
   itself: so do processes to the root of /proc. */
void procfs_register(struct proc_tree *tree, const char *directory, const struct proc_entry *entry);

/* For follow of the links in /proc/PID/fd: where an open description leads, as a counted path: its
   place, or, if it has none (a pipe, a socket), a nameless inode with its attributes, opening which
   makes another description of the same object. 0 or -ENOMEM. */
int procfs_follow_file(struct file *file, struct path *path);

/* What only the layer of processes can tell; it registers a function at boot. Zeros until then. */
struct proc_counts {
    uint64_t forks;   /* processes and threads made since boot */
    uint32_t threads; /* that exist */
    uint32_t blocked; /* in uninterruptible sleep */
    int32_t last_pid; /* given out last */
};
void procfs_set_counts(void (*get)(struct proc_counts *counts));
void proc_counts_get(struct proc_counts *counts);

/* The node behind an inode or an open description of these file systems. Valid while the caller
 * counts that. */
const struct proc_node *proc_node_of(const struct inode *inode);

/* At boot, in fs_init or right after: the types "proc" and "sysfs" and the entries that need no
 * process. */
void procfs_init(void);
void sysfs_init(void);

#endif
