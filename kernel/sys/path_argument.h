/*
 * Arguments that the path and file calls share: descriptors, paths up to their last component,
 * strings.
 */
#ifndef SYS_PATH_ARGUMENT_H
#define SYS_PATH_ARGUMENT_H

#include "arch/address.h"
#include "fs/path.h"

/* A path's text and where all but its last component lead. */
struct last_argument {
    struct path_text text;
    struct path_last last;
};

/* 0 or -errno; pairs with last_argument_drop after success. */
int last_argument_read(struct last_argument *argument, int dirfd, struct uaddr path);
void last_argument_drop(struct last_argument *argument);

/* The place that dirfd and path lead to. at_flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH,
   AT_NO_AUTOMOUNT and the statx ones; others must have been refused by the caller. With
   AT_EMPTY_PATH a NULL path is "". */
int path_argument(int dirfd, struct uaddr path, unsigned at_flags, struct path *result);

/* The description behind fd, counted, or NULL (-EBADF); the second refuses O_PATH ones too. */
struct file *file_argument(int fd);
struct file *file_argument_opened(int fd);
/* Installs a description (its reference is consumed in any case) at the lowest descriptor: it or
 * -EMFILE, -ENOMEM. */
int64_t file_install(struct file *file, bool cloexec);

/* A string of at most limit bytes with its NUL, on the heap. 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. */
int string_argument(struct uaddr from, size_t limit, char **text);

#endif
