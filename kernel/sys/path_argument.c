/*
 * See path_argument.h.
 */
#include "sys/path_argument.h"
#include "file/caller.h"
#include "file/file_table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include <linux/fcntl.h>
#include <linux/resource.h>

int last_argument_read(struct last_argument *argument, int dirfd, struct uaddr path)
{
    int error = path_text_read(&argument->text, path);

    if (error)
        return error;
    error = path_resolve_last(dirfd, argument->text.text, 0, &argument->last);
    if (error)
        path_text_free(&argument->text);
    return error;
}

void last_argument_drop(struct last_argument *argument)
{
    path_last_put(&argument->last);
    path_text_free(&argument->text);
}

int path_argument(int dirfd, struct uaddr path, unsigned at_flags, struct path *result)
{
    unsigned flags = ((at_flags & AT_SYMLINK_NOFOLLOW) ? 0 : PATH_FOLLOW) |
                     ((at_flags & AT_EMPTY_PATH) ? PATH_EMPTY : 0);

    if (!path.value && (at_flags & AT_EMPTY_PATH))
        return path_resolve(dirfd, "", flags, result);
    return path_resolve_user(dirfd, path, flags, result);
}

struct file *file_argument(int fd)
{
    return file_table_find(caller_files(), fd);
}

struct file *file_argument_opened(int fd)
{
    struct file *file = file_argument(fd);

    if (!file || !(file->mode & FILE_PATH))
        return file;
    file_put(file);
    return NULL;
}

int64_t file_install(struct file *file, bool cloexec)
{
    int fd = file_table_add(caller_files(), file, 0, cloexec, caller_limit(RLIMIT_NOFILE));

    if (fd < 0)
        file_put(file);
    return fd;
}

int string_argument(struct uaddr from, size_t limit, char **text)
{
    int64_t length;

    *text = heap_alloc(limit);
    if (!*text)
        return -ENOMEM;
    length = copy_string_from_user(*text, from, limit);
    if (length >= 0)
        return 0;
    heap_free(*text);
    return (int)length;
}
