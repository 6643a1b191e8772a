/*
 * The memory calls: argument handling around mem/space.h.
 */
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/backing.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/process.h"
#include "syscall_prototypes.h"
#include <linux/mman.h>

static struct space *own_space(void)
{
    return process_current()->space;
}

/* --- mmap --- */

static const uint64_t known_map_flags =
    MAP_SHARED | MAP_PRIVATE | MAP_SHARED_VALIDATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |
    MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK |
    MAP_STACK | MAP_HUGETLB | MAP_FIXED_NOREPLACE | MAP_UNINITIALIZED | MAP_32BIT;

/* MAP_SHARED_VALIDATE refuses what it does not know; the older types pass over it, as Linux must.
 */
static int check_map_flags(uint64_t flags)
{
    uint64_t type = flags & MAP_TYPE;

    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && (flags & ~known_map_flags))
        return -EOPNOTSUPP;
    if ((flags & MAP_HUGETLB) && (flags & MAP_ANONYMOUS))
        return -ENOMEM; /* the pool of reserved huge pages is empty, as by default on Linux */
    if ((flags & MAP_GROWSDOWN) && type != MAP_PRIVATE)
        return -EINVAL;
    return 0;
}

static int shared_anonymous(uint64_t length, struct map_source **source)
{
    struct backing *backing = backing_anonymous(page_ceil(length));

    if (!backing)
        return -ENOMEM;
    *source = map_source_create(backing);
    if (!*source)
        backing_put(backing);
    return *source ? 0 : -ENOMEM;
}

static int file_source(struct map_request *request, int fd)
{
    struct file *file = file_table_find(caller_files(), fd);
    bool shared = (request->flags & MAP_TYPE) != MAP_PRIVATE;

    if (!file)
        return -EBADF;
    int error = file_map_source(file, request->prot, request->flags, &request->source);
    if (!error && shared && !(file->mode & FILE_WRITE))
        request->extra |= MAPPING_MAY_NOT_WRITE;
    file_put(file);
    return error;
}

static int64_t map_request_run(struct map_request *request, int fd)
{
    bool anonymous = request->flags & MAP_ANONYMOUS,
         shared = (request->flags & MAP_TYPE) != MAP_PRIVATE;
    int error = 0;

    if (anonymous && shared)
        error = page_ceil(request->length) < request->length
                    ? -ENOMEM
                    : shared_anonymous(request->length, &request->source);
    else if (!anonymous)
        error = file_source(request, fd);
    if (anonymous)
        request->offset = 0;
    if (error)
        return error;
    int64_t result = space_map(own_space(), request);
    if (request->source)
        request->source->put(request->source);
    return result;
}

int64_t sys_mmap(struct uaddr address, uint64_t length, uint64_t prot, uint64_t flags, int32_t fd,
                 int64_t offset)
{
    struct map_request request = {.address = address.value,
                                  .length = length,
                                  .prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
                                  .flags = flags,
                                  .offset = (uint64_t)offset};

    if (!is_aligned((uint64_t)offset, PAGE_SIZE))
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) && !(flags & MAP_TYPE)) {
        struct file *file = file_table_find(caller_files(), fd);
        if (!file)
            return -EBADF;
        file_put(file);
    }
    if (!length)
        return -EINVAL;
    int error = check_map_flags(flags);
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        request.address = page_floor(address.value);
    return error ? error : map_request_run(&request, fd);
}

int64_t sys_munmap(struct uaddr address, uint64_t length)
{
    return space_unmap(own_space(), address.value, length);
}

int64_t sys_mprotect(struct uaddr address, uint64_t length, uint64_t prot)
{
    return space_protect(own_space(), address.value, length, prot);
}

int64_t sys_mremap(struct uaddr address, uint64_t old_length, uint64_t new_length, uint64_t flags,
                   struct uaddr target)
{
    return space_remap(own_space(), address.value, old_length, new_length, flags, target.value);
}

int64_t sys_brk(struct uaddr address)
{
    return (int64_t)space_break(own_space(), address.value);
}

/* --- advice --- */

int64_t sys_madvise(struct uaddr address, uint64_t length, int32_t advice)
{
    return space_advise(own_space(), address.value, length, advice);
}

int64_t sys_msync(struct uaddr address, uint64_t length, int32_t flags)
{
    return space_sync(own_space(), address.value, length, flags);
}

/* A page of answers at a time. */
int64_t sys_mincore(struct uaddr address, uint64_t length, struct uaddr vector)
{
    uint64_t pages = divide_up(length, PAGE_SIZE);
    uint8_t *buffer;
    int error = 0;

    if (!is_aligned(address.value, PAGE_SIZE))
        return -EINVAL;
    if (!user_range_ok(address, length))
        return -ENOMEM;
    if (!user_range_ok(vector, pages))
        return -EFAULT;
    buffer = heap_alloc(PAGE_SIZE);
    if (!buffer)
        return -EAGAIN;
    for (uint64_t done = 0; !error && done < pages;) {
        uint64_t count = min_u64(pages - done, PAGE_SIZE);
        error = space_resident(own_space(), address.value + done * PAGE_SIZE, count * PAGE_SIZE,
                               buffer);
        if (!error)
            error = copy_to_user(uaddr_add(vector, done), buffer, count);
        done += count;
    }
    heap_free(buffer);
    return error;
}

int64_t sys_mlock(struct uaddr address, uint64_t length)
{
    return space_lock(own_space(), address.value, length, true, false);
}

int64_t sys_mlock2(struct uaddr address, uint64_t length, int32_t flags)
{
    if (flags & ~MLOCK_ONFAULT)
        return -EINVAL;
    return space_lock(own_space(), address.value, length, true, flags & MLOCK_ONFAULT);
}

int64_t sys_munlock(struct uaddr address, uint64_t length)
{
    return space_lock(own_space(), address.value, length, false, false);
}

int64_t sys_mlockall(int32_t flags)
{
    return flags ? space_lock_all(own_space(), flags) : -EINVAL;
}

int64_t sys_munlockall(void)
{
    return space_lock_all(own_space(), 0);
}
