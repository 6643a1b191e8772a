/*
 * The file system type "9p": a server's tree over a virtio channel, 9P2000.L. mount(2)'s source is
 * the channel's tag. Options: trans=virtio, version=9p2000.L, msize=BYTES, aname=TREE, uname=USER,
 * access=client (permissions are checked here), cache=none or loose (fs/p9_node.h); any other is
 * -EINVAL.
 */
#ifndef FS_P9_H
#define FS_P9_H

/* Registers the type; once, at boot. */
void p9_init(void);

#endif
