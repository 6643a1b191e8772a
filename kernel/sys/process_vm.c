/*
 * process_vm_readv and process_vm_writev: bytes between the caller's memory and another process's,
 * without a copy in between. The other space breaks its sharing for a write exactly as its own
 * store would.
 */
#include "lib/errno.h"
#include "mem/space.h"
#include "mem/uio.h"
#include "proc/access.h"
#include "proc/process.h"
#include "sys/vector.h"
#include "syscall_prototypes.h"

/* The space behind the number, counted, if the caller may take the process over. 0, -ESRCH, -EPERM.
 */
static int space_find(int32_t number, struct space **space)
{
    struct process *process = process_find_task(number);
    bool may;

    if (!process)
        return -ESRCH;
    *space = process_space(process);
    may = *space == process_current()->space || process_may_attach(process);
    process_put(process);
    if (!*space)
        return -ESRCH;
    if (may)
        return 0;
    space_put(*space);
    return -EPERM;
}

/* Piece after piece until one side ends or a page is not there: the bytes moved, or -EFAULT if
 * there are none. */
static int64_t pieces_move(struct space *space, const struct iovec *remote, uint64_t count,
                           struct uio *local)
{
    int64_t done = 0;
    size_t all = local->left;

    for (uint64_t i = 0; i < count && (size_t)done < all; i++) {
        size_t wanted =
            remote[i].iov_len < all - (size_t)done ? remote[i].iov_len : all - (size_t)done;

        local->left = wanted;
        int64_t moved =
            wanted ? space_access(space, (uint64_t)remote[i].iov_base, local, !local->into_memory)
                   : 0;
        if (moved < 0)
            return done ? done : moved;
        done += moved;
        if ((size_t)moved < wanted)
            break;
    }
    return done;
}

static int64_t move(int32_t number, const struct vector *remote, uint64_t count, struct uio *local)
{
    struct space *space;
    int error = space_find(number, &space);
    int64_t moved;

    if (error)
        return error;
    moved = pieces_move(space, remote->pieces, count, local);
    space_put(space);
    return moved;
}

static int64_t process_vm(int32_t number, struct uaddr local_pieces, uint64_t local_count,
                          struct uaddr remote_pieces, uint64_t remote_count, uint64_t flags,
                          bool into_memory)
{
    struct vector local, remote;
    struct uio uio;
    uint64_t total;
    int64_t result;

    if (flags)
        return -EINVAL;
    result = vector_read(&local, &uio, into_memory, local_pieces, local_count);
    if (!result && uio.left) {
        result = vector_copy(&remote, remote_pieces, remote_count, &total);
        if (!result && total)
            result = move(number, &remote, remote_count, &uio);
        vector_drop(&remote);
    }
    vector_drop(&local);
    return result;
}

int64_t sys_process_vm_readv(int32_t pid, struct uaddr local, uint64_t localcount,
                             struct uaddr remote, uint64_t remotecount, uint64_t flags)
{
    return process_vm(pid, local, localcount, remote, remotecount, flags, true);
}

int64_t sys_process_vm_writev(int32_t pid, struct uaddr local, uint64_t localcount,
                              struct uaddr remote, uint64_t remotecount, uint64_t flags)
{
    return process_vm(pid, local, localcount, remote, remotecount, flags, false);
}
