/*
 * Credentials (credentials(7), capabilities(7)). Immutable and counted once published: whoever
 * changes them installs a copy.
 */
#ifndef FILE_CRED_H
#define FILE_CRED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cred {
    _Atomic uint32_t refs;
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint64_t inheritable, permitted, effective, bounding, ambient; /* bits 1 << CAP_… */
    uint32_t securebits;
    uint32_t group_count;
    uint32_t *groups; /* sorted supplementary groups, owned */
};

struct cred *cred_get(const struct cred *cred);
void cred_put(const struct cred *cred);
/* A writable copy with one count; NULL: no memory. */
struct cred *cred_copy(const struct cred *cred);
bool cred_capable(const struct cred *cred, unsigned capability);
/* `gid` is fsgid or a supplementary group. */
bool cred_in_group(const struct cred *cred, uint32_t gid);
/* root with everything. */
extern struct cred cred_root;

#endif
