/*
 * execve and execveat.
 */
#include "proc/exec.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "syscall_prototypes.h"
#include <linux/fcntl.h>

static int64_t exec_at(int dirfd, struct uaddr path, struct uaddr argv, struct uaddr envp,
                       uint32_t flags)
{
    struct path_text text;
    int error = path_text_read(&text, path);

    if (error)
        return error;
    error = text.length || (flags & AT_EMPTY_PATH)
                ? process_exec(dirfd, text.text, argv, envp, flags)
                : -ENOENT;
    path_text_free(&text);
    return error;
}

int64_t sys_execve(struct uaddr path, struct uaddr argv, struct uaddr envp)
{
    return exec_at(AT_FDCWD, path, argv, envp, 0);
}

int64_t sys_execveat(int32_t dirfd, struct uaddr path, struct uaddr argv, struct uaddr envp,
                     uint32_t flags)
{
    if (flags & ~(uint32_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return exec_at(dirfd, path, argv, envp, flags);
}
