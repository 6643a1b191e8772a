/*
 * Mounts: which file system hangs where. A mount shows a tree (its root dentry and below) at a
 * dentry of its parent mount. There is one namespace. Mounts may be stacked on one another: the
 * topmost is seen.
 *
 * Locks: the mount table's spinlock guards the links (m); mount_lock_tree() (a mutex) serialises
 * mount, umount and pivot_root and lets /proc/mounts read in peace. A mount is counted by paths
 * (struct path), its children and the table.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "file/file.h"
#include <bsd/sys/queue.h>
#include <linux/mount.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dentry;
struct filesystem;

struct mount {
    _Atomic uint32_t refs;
    _Atomic uint32_t flags; /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_NODIRATIME,
                               MS_RELATIME */
    struct filesystem *filesystem; /* c counted */
    struct dentry *root;           /* c counted */
    struct mount *parent;      /* m counted; itself for the root of all, NULL once it is detached */
    struct dentry *mountpoint; /* m counted, in the parent; NULL for the root of all */
    _Atomic uint32_t writers;  /* descriptions open for writing: remounting read-only is -EBUSY */
    uint32_t id;               /* c */
    char *source;              /* c heap */
    struct mount *twin;        /* tree lock: its copy while a recursive bind goes on */
    bool expiring;             /* m MNT_EXPIRE was tried */
    LIST_ENTRY(mount) hash_link;  /* m by (parent, mountpoint) */
    TAILQ_ENTRY(mount) list_link; /* m all, in the order of mounting */
};

struct mount *mount_get(struct mount *mount);
void mount_put(struct mount *mount);

/* The mount of the root of everything, made at boot by mount_root(). */
struct mount *mount_root_get(void);
/* Boot: a first instance of `type` becomes the root. 0 or -errno. */
int mount_root(const char *type);

/* A new instance of `type` at `where` (mount(2)); the checks of privilege are above. source and
   options as in mount(2), never NULL. -ENODEV: no such type, -EBUSY, -ENOTDIR, what the type says.
 */
int mount_new(const struct path *where, const char *type, const char *source, const char *options,
              uint32_t flags);
/* The tree at `from` shown also at `where`; recursive: with what is mounted below. */
int mount_bind(const struct path *from, const struct path *where, bool recursive);
int mount_move(const struct path *from, const struct path *where);
/* New flags for a mount and, unless only the mount is meant (MS_BIND), new options for its file
 * system. */
int mount_remount(const struct path *where, uint32_t flags, const char *options, bool only_mount);
/* flags MNT_FORCE, MNT_DETACH, MNT_EXPIRE. */
int mount_remove(const struct path *where, unsigned flags);
/* pivot_root(2), with the checks of its manual page; root: the caller's. Processes whose root or
   working directory was the old root are moved by the caller. */
int mount_pivot(const struct path *new_root, const struct path *put_old, const struct path *root);

/* If something is mounted on *path, replaces it by the topmost root there (counts move along). */
void mount_cross_down(struct path *path);
/* If path is the root of its mount, replaces it by the mountpoint in the parent: true. False at the
 * root of all. */
bool mount_cross_up(struct path *path);

/* For writing to what path->mount shows: 0 or -EROFS. Pairs with mount_write_end. */
int mount_write_begin(struct mount *mount);
void mount_write_end(struct mount *mount);
bool mount_read_only(const struct mount *mount);

void mount_lock_tree(void);
void mount_unlock_tree(void);
/* The mount after `previous` (NULL: the first) in order; tree locked. For /proc/mounts. */
struct mount *mount_next(struct mount *previous);
/* One line of /proc/mounts or (information) /proc/PID/mountinfo as seen from root; as snprintf; 0:
 * not below root. Tree locked. */
int mount_describe(struct mount *mount, const struct path *root, bool information, char *buffer,
                   size_t size);

#endif
