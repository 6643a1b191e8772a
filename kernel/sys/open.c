/*
 * open(2), openat2(2), creat(2), memfd_create(2).
 */
#include "fs/open.h"
#include "fs/memfd.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "sys/path_argument.h"
#include "syscall_prototypes.h"
#include <linux/fcntl.h>
#include <linux/memfd.h>

enum {
    TMPFILE_ONLY = O_TMPFILE & ~O_DIRECTORY,
    /* open(2) ignores what it does not know; openat2(2) refuses it. */
    OPEN_KNOWN = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
                 O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |
                 O_CLOEXEC | O_SYNC | O_PATH | TMPFILE_ONLY,
    OPEN_OF_PATH = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC,
    OPEN_HOW_SIZE = 24, /* of the first version of the structure */
    MEMFD_NAME_MAX = 249,
};

static int64_t open_install(int dirfd, struct uaddr path, const struct open_how *how)
{
    struct path_text text;
    struct file *file;
    int error = path_text_read(&text, path);

    if (error)
        return error;
    error = open_at(dirfd, text.text, how, &file);
    path_text_free(&text);
    return error ? error : file_install(file, how->flags & O_CLOEXEC);
}

int64_t sys_openat(int32_t dirfd, struct uaddr path, uint32_t flags, uint32_t mode)
{
    struct open_how how = {.flags = (flags & OPEN_KNOWN) | O_LARGEFILE};

    if (flags & O_PATH)
        how.flags &= OPEN_OF_PATH;
    if (how.flags & (O_CREAT | TMPFILE_ONLY))
        how.mode = mode & 07777;
    return open_install(dirfd, path, &how);
}

int64_t sys_open(struct uaddr path, uint32_t flags, uint32_t mode)
{
    return sys_openat(AT_FDCWD, path, flags, mode);
}

int64_t sys_creat(struct uaddr path, uint32_t mode)
{
    return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* A structure that may be longer than the one we know, if the rest is zero. */
static int how_read(struct open_how *how, struct uaddr from, uint64_t size)
{
    uint8_t byte;

    if (size < OPEN_HOW_SIZE)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (copy_from_user(how, from, sizeof *how))
        return -EFAULT;
    for (uint64_t at = sizeof *how; at < size; at++) {
        if (copy_from_user(&byte, uaddr_add(from, at), 1))
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    return 0;
}

int64_t sys_openat2(int32_t dirfd, struct uaddr path, struct uaddr how, uint64_t size)
{
    struct open_how wanted;
    int error = how_read(&wanted, how, size);

    if (error)
        return error;
    if (wanted.resolve & ~(uint64_t)(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
                                     RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED))
        return -EINVAL;
    if ((wanted.flags & ~(uint64_t)OPEN_KNOWN) ||
        ((wanted.flags & O_PATH) && (wanted.flags & ~(uint64_t)OPEN_OF_PATH)))
        return -EINVAL;
    if (wanted.mode && !(wanted.flags & (O_CREAT | TMPFILE_ONLY)))
        return -EINVAL;
    return open_install(dirfd, path, &wanted);
}

int64_t sys_memfd_create(struct uaddr name, uint32_t flags)
{
    struct file *file;
    char *text;
    int error;

    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    error = string_argument(name, MEMFD_NAME_MAX + 1, &text);
    if (error)
        return error == -ENAMETOOLONG ? -EINVAL : error;
    error = memfd_create(text, flags, &file);
    heap_free(text);
    return error ? error : file_install(file, flags & MFD_CLOEXEC);
}
