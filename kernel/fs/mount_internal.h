/*
 * What the files of the mount table share.
 */
#ifndef FS_MOUNT_INTERNAL_H
#define FS_MOUNT_INTERNAL_H

#include "fs/mount.h"

enum {
    /* What a mount remembers of mount(2)'s flags. */
    MOUNT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME |
                  MS_RELATIME | MS_STRICTATIME | MS_NOSYMFOLLOW,
};

/* A mount that is not in the tree, with one count; takes own counts of filesystem and root. NULL:
 * no memory. */
struct mount *mount_alloc(struct filesystem *filesystem, struct dentry *root, const char *source,
                          uint32_t flags);
/* Hangs a mount at `where` in the tree (own counts; the table takes over the caller's count of
   mount) / takes it out, giving the table's count back to the caller. Tree locked. */
void mount_attach(struct mount *mount, const struct path *where);
void mount_detach(struct mount *mount);
/* The spinlock of the links, for walks upwards. Taken inside the dentries' tree lock. */
void mount_table_lock(void);
void mount_table_unlock(void);
/* The mount that hangs on exactly this dentry of this mount, not counted, or NULL. Tree locked or
 * table lock held. */
struct mount *mount_on(const struct mount *parent, const struct dentry *mountpoint);
/* True if `mount` is `ancestor` or hangs below it. Tree locked. */
bool mount_below(const struct mount *mount, const struct mount *ancestor);
/* Moves a mount that is in the tree to another place. Tree locked. */
void mount_relocate(struct mount *mount, const struct path *where);
/* Replaces the root of all. Tree locked. */
void mount_become_root(struct mount *mount);

#endif
