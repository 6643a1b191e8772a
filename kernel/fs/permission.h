/*
 * Who may do what to an inode or a directory's names, as Linux decides it. path.h has the plain
 * inode_permission().
 */
#ifndef FS_PERMISSION_H
#define FS_PERMISSION_H

#include "fs/inode.h"

/* May the caller make a name in / remove `victim` from directory (directory: as rmdir does)?
 * Directory's lock held. */
int permission_make(struct inode *directory);
int permission_remove(struct inode *directory, struct inode *victim, bool directory_wanted);
/* In a sticky directory only owners remove: true if the caller may not. */
bool permission_sticky(const struct inode *directory, const struct inode *victim);
/* The caller is the inode's owner or has CAP_FOWNER. */
bool permission_owner(const struct inode *inode);
/* protected_hardlinks, protected_symlinks of proc(5): may the caller link to / follow it? */
bool permission_link(struct inode *inode);
bool permission_follow(const struct inode *directory, const struct inode *link);

/* Owner, group and set-group-id of a new inode: fills uid, gid, and mode from `mode` (type and
   permissions; umask is applied by the caller). */
void permission_inherit(const struct inode *directory, uint32_t mode, struct inode_new *new_inode);

/*
 * Changes attributes with Linux's rules: who may, which set-id bits fall, what times follow
 * (*change is completed). Takes the lock. 0, -EPERM, -EROFS is the caller's.
 */
int inode_change(struct inode *inode, struct inode_change *change);
/* The same with rights already checked (times "now" by writers, set-id bits). */
int inode_change_unchecked(struct inode *inode, struct inode_change *change);
/* Set-id bits that a write or truncation by the caller takes away; 0: none. */
uint32_t permission_lost_bits(const struct inode *inode);

#endif
