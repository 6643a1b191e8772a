/*
 * The requests of 9P2000.L as functions (github.com/chaos/diod, protocol.md). Fids are the caller's
 * numbers. Names are not NUL-terminated unless they are `const char *` alone. All sleep; all return
 * 0 or a count, the server's error as -errno, -ENOMEM, -EINTR (killed, and the server did not carry
 * it out), -EIO (a senseless reply).
 */
#ifndef FS_P9_CALLS_H
#define FS_P9_CALLS_H

#include "fs/inode.h"
#include "fs/p9_client.h"

struct filesystem_usage;

/* What Tgetattr gives. */
struct p9_attributes {
    struct p9_qid qid;
    uint32_t mode, uid, gid;
    uint64_t links, rdev, size, blocks;
    int64_t atime, mtime, ctime, btime; /* nanoseconds since 1970 */
};

/* Agrees on 9P2000.L and on messages of at most `msize` bytes. -EPROTO: the server speaks something
 * else. */
int p9_version(struct p9_client *client, uint32_t msize);
int p9_attach(struct p9_client *client, uint32_t fid, const char *user, const char *tree);
/* new_fid becomes the file `name` in directory `fid`, or (name NULL) another fid for the same file.
 * qid may be NULL. */
int p9_walk(struct p9_client *client, uint32_t fid, uint32_t new_fid, const struct name *name,
            struct p9_qid *qid);
int p9_getattr(struct p9_client *client, uint32_t fid, struct p9_attributes *attributes);
int p9_setattr(struct p9_client *client, uint32_t fid, const struct inode_change *change);
/* flags: O_… as open(2). The fid can then be read, written, or listed; and no longer be walked
 * from. */
int p9_lopen(struct p9_client *client, uint32_t fid, uint32_t flags);
/* Makes what new->mode says. */
int p9_make(struct p9_client *client, uint32_t directory, const struct name *name,
            const struct inode_new *new_inode);
int p9_link(struct p9_client *client, uint32_t directory, uint32_t fid, const struct name *name);
int p9_renameat(struct p9_client *client, uint32_t from_directory, const struct name *from,
                uint32_t to_directory, const struct name *to);
int p9_unlinkat(struct p9_client *client, uint32_t directory, const struct name *name,
                bool is_directory);
int64_t p9_readlink(struct p9_client *client, uint32_t fid, char *buffer, size_t size);
int p9_fsync(struct p9_client *client, uint32_t fid, bool data_only);
int p9_statfs(struct p9_client *client, uint32_t fid, struct filesystem_usage *usage);
/* Bytes at offset, straight into (from) contiguous kernel memory; at most p9_transfer_max(). */
uint32_t p9_transfer_max(const struct p9_client *client);
int64_t p9_read(struct p9_client *client, uint32_t fid, uint64_t offset, void *memory,
                uint32_t size);
int64_t p9_write(struct p9_client *client, uint32_t fid, uint64_t offset, const void *memory,
                 uint32_t size);
/* The same into `count` pages (at most P9_DATA_PIECES_MAX), each at its own address. */
int64_t p9_read_pages(struct p9_client *client, uint32_t fid, uint64_t offset, void *const *pages,
                      unsigned count);
/* Entries from `cookie` on (0: the first) as they come: qid[13] cookie[8] type[1] name[s]. Bytes, 0
 * at the end. */
int64_t p9_readdir(struct p9_client *client, uint32_t fid, uint64_t cookie, void *memory,
                   uint32_t size);
/* new_fid becomes the attribute (name "": the list of names), to be read; its length. */
int64_t p9_xattrwalk(struct p9_client *client, uint32_t fid, uint32_t new_fid, const char *name);
/* fid becomes the attribute, to be written with exactly size bytes; size 0 removes it. */
int p9_xattrcreate(struct p9_client *client, uint32_t fid, const char *name, uint64_t size,
                   uint32_t flags);
/* Waits for the server's word on what was written. The number is free afterwards. */
int p9_clunk_wait(struct p9_client *client, uint32_t fid);
/* Gives the fid back without waiting; never fails. The number is free once the server has answered.
 */
void p9_clunk(struct p9_client *client, uint32_t fid);

#endif
