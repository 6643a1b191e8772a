/* rename and renameat2, attributes, permissions. */
#include "harness.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long rename_flags(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

CASE(rename_replaces)
{
    char text[16];
    file_write("one", "1");
    file_write("two", "2");
    int fd = CHECK_OK(open("two", O_RDONLY));
    CHECK_OK(rename("one", "two"));
    CHECK_ERR(access("one", F_OK), ENOENT);
    file_read("two", text, sizeof(text));
    CHECK(strcmp(text, "1") == 0);
    CHECK_EQ(read(fd, text, 1), 1); /* the replaced file lives while it is open */
    CHECK_EQ(text[0], '2');
    CHECK_OK(rename("two", "two"));
}

CASE(rename_errors)
{
    file_write("file", "");
    CHECK_OK(mkdir("empty", 0755));
    CHECK_OK(mkdir("full", 0755));
    file_write("full/x", "");
    CHECK_ERR(rename("missing", "x"), ENOENT);
    CHECK_ERR(rename("file", "missing/x"), ENOENT);
    CHECK_ERR(rename("file", "empty"), EISDIR);
    CHECK_ERR(rename("empty", "file"), ENOTDIR);
    CHECK_ERR(rename("empty", "full"), ENOTEMPTY);
    CHECK_ERR(rename("full", "full/inner"), EINVAL);
    CHECK_ERR(rename("full/x", "full"), ENOTEMPTY);
    CHECK_ERR(rename("file", "file/x"), ENOTDIR);
    CHECK_ERR(rename(".", "x"), EBUSY);
    CHECK_ERR(rename("full", "empty/.."), EBUSY);
    CHECK_ERR(rename("file", "new/"), ENOTDIR);
    CHECK_OK(rename("full", "empty")); /* an empty directory is replaced */
    CHECK_OK(access("empty/x", F_OK));
}

CASE(rename_to_another_link_of_the_same_file)
{
    file_write("one", "1");
    CHECK_OK(link("one", "two"));
    CHECK_OK(rename("one", "two")); /* does nothing */
    CHECK_OK(access("one", F_OK));
}

CASE(rename_directory_updates_parent)
{
    struct stat status;
    CHECK_OK(mkdir("a", 0755));
    CHECK_OK(mkdir("b", 0755));
    CHECK_OK(mkdir("a/sub", 0755));
    CHECK_OK(rename("a/sub", "b/sub"));
    struct stat parent;
    CHECK_OK(stat("b", &parent));
    CHECK_OK(stat("b/sub/..", &status));
    CHECK_EQ(status.st_ino, parent.st_ino);
    CHECK_EQ(parent.st_nlink, 3);
    CHECK_OK(stat("a", &status));
    CHECK_EQ(status.st_nlink, 2);
}

CASE(rename_noreplace_and_exchange)
{
    char text[16];
    file_write("one", "1");
    file_write("two", "2");
    CHECK_ERR(rename_flags("one", "two", RENAME_NOREPLACE), EEXIST);
    CHECK_OK(rename_flags("one", "three", RENAME_NOREPLACE));
    CHECK_OK(rename_flags("two", "three", RENAME_EXCHANGE));
    file_read("two", text, sizeof(text));
    CHECK(strcmp(text, "1") == 0);
    CHECK_OK(mkdir("directory", 0755));
    CHECK_OK(rename_flags("two", "directory", RENAME_EXCHANGE));
    CHECK_OK(access("two/.", F_OK));
    CHECK_ERR(rename_flags("two", "missing", RENAME_EXCHANGE), ENOENT);
    CHECK_ERR(rename_flags("two", "x", RENAME_NOREPLACE | RENAME_EXCHANGE), EINVAL);
    CHECK_ERR(rename_flags("two", "x", 0x100), EINVAL);
    CHECK_OK(mkdir("two/inner", 0755));
    CHECK_ERR(rename_flags("two", "two/inner", RENAME_EXCHANGE), EINVAL);
    CHECK_ERR(rename_flags("two/inner", "two", RENAME_EXCHANGE), EINVAL);
}

CASE(stat_fields)
{
    struct stat status, other;
    file_write("file", "hello");
    CHECK_OK(stat("file", &status));
    CHECK(S_ISREG(status.st_mode) && status.st_size == 5 && status.st_nlink == 1);
    CHECK(status.st_uid == geteuid() && status.st_blksize >= 512);
    CHECK(status.st_blocks >= 1 && status.st_blocks <= 64);
    CHECK_OK(stat(".", &other));
    CHECK(S_ISDIR(other.st_mode) && other.st_dev == status.st_dev && other.st_ino != status.st_ino);
    CHECK_OK(stat("/dev/null", &other));
    CHECK(S_ISCHR(other.st_mode) && other.st_rdev == makedev(1, 3));
    CHECK_OK(mkfifo("fifo", 0600));
    CHECK_OK(stat("fifo", &other));
    CHECK(S_ISFIFO(other.st_mode));
    CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "file", (void *)8, 0), EFAULT);
    CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "file", &other, 0x8000), EINVAL);
    CHECK_ERR(syscall(SYS_newfstatat, AT_FDCWD, "", &other, 0), ENOENT);
    int fd = CHECK_OK(open("file", O_RDONLY));
    CHECK_OK(syscall(SYS_newfstatat, fd, "", &other, AT_EMPTY_PATH));
    CHECK_EQ(other.st_ino, status.st_ino);
}

CASE(statx_fields)
{
    struct statx extended;
    struct stat status;
    file_write("file", "hello");
    CHECK_OK(stat("file", &status));
    CHECK_OK(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &extended));
    CHECK_EQ(extended.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    CHECK(extended.stx_size == 5 && extended.stx_ino == status.st_ino);
    CHECK_EQ(extended.stx_mode, status.st_mode);
    CHECK_EQ(extended.stx_nlink, 1);
    CHECK_EQ(extended.stx_mtime.tv_sec, status.st_mtim.tv_sec);
    CHECK_EQ(makedev(extended.stx_dev_major, extended.stx_dev_minor), status.st_dev);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "file", 0x8000000, STATX_SIZE, &extended), EINVAL);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000u, &extended), EINVAL);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_SIZE, (void *)8), EFAULT);
    CHECK_ERR(syscall(SYS_statx, AT_FDCWD, "file", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC,
                      STATX_SIZE, &extended),
              EINVAL);
}

static long times_of(const struct stat *status)
{
    return status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

CASE(times_move_with_changes)
{
    struct stat before, after;
    file_write("file", "x");
    CHECK_OK(stat("file", &before));
    sleep_ms(20);
    int fd = CHECK_OK(open("file", O_WRONLY));
    CHECK_EQ(write(fd, "y", 1), 1);
    CHECK_OK(stat("file", &after));
    CHECK(times_of(&after) > times_of(&before));
    CHECK(after.st_ctim.tv_nsec != before.st_ctim.tv_nsec);
    CHECK_OK(stat(".", &before));
    sleep_ms(20);
    file_write("new", "");
    CHECK_OK(stat(".", &after));
    CHECK(times_of(&after) > times_of(&before));
    CHECK_OK(chmod("file", 0600));
    struct stat changed;
    CHECK_OK(stat("file", &changed));
    CHECK(changed.st_ctim.tv_nsec != changed.st_mtim.tv_nsec);
}

CASE(utimensat_variants)
{
    struct stat status;
    struct timespec times[2] = {{1000, 5}, {2000, 7}};
    file_write("file", "");
    CHECK_OK(utimensat(AT_FDCWD, "file", times, 0));
    CHECK_OK(stat("file", &status));
    CHECK(status.st_atim.tv_sec == 1000 && status.st_atim.tv_nsec == 5);
    CHECK(status.st_mtim.tv_sec == 2000 && status.st_mtim.tv_nsec == 7);
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_nsec = UTIME_NOW;
    CHECK_OK(utimensat(AT_FDCWD, "file", times, 0));
    CHECK_OK(stat("file", &status));
    CHECK(status.st_atim.tv_sec == 1000 && status.st_mtim.tv_sec > 2000);
    times[0].tv_nsec = 2000000000;
    CHECK_ERR(utimensat(AT_FDCWD, "file", times, 0), EINVAL);
    CHECK_ERR(utimensat(AT_FDCWD, "missing", NULL, 0), ENOENT);
    CHECK_ERR(utimensat(AT_FDCWD, "file", NULL, 0x8000), EINVAL);
    CHECK_OK(symlink("file", "link"));
    times[0] = (struct timespec){11, 0};
    times[1] = (struct timespec){12, 0};
    CHECK_OK(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(lstat("link", &status));
    CHECK_EQ(status.st_mtim.tv_sec, 12);
    int fd = CHECK_OK(open("file", O_RDONLY));
    CHECK_OK(futimens(fd, times));
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_atim.tv_sec, 11);
}

CASE(modes)
{
    struct stat status;
    file_write("file", "");
    CHECK_OK(chmod("file", 07751));
    CHECK_OK(stat("file", &status));
    CHECK_EQ(status.st_mode & 07777, 07751);
    int fd = CHECK_OK(open("file", O_RDONLY));
    CHECK_OK(fchmod(fd, 0400));
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_mode & 07777, 0400);
    CHECK_ERR(chmod("missing", 0600), ENOENT);
    umask(077);
    CHECK_OK(close(CHECK_OK(open("masked", O_CREAT | O_WRONLY, 0666))));
    CHECK_OK(stat("masked", &status));
    CHECK_EQ(status.st_mode & 0777, 0600);
    CHECK_EQ(umask(01777), 077);
    CHECK_EQ(umask(0), 0777);
}

CASE(owners_and_set_id_bits)
{
    case_needs_root();
    struct stat status;
    file_write("file", "x");
    CHECK_OK(chmod("file", 06755));
    CHECK_OK(chown("file", 1111, 2222));
    CHECK_OK(stat("file", &status));
    CHECK(status.st_uid == 1111 && status.st_gid == 2222);
    CHECK_EQ(status.st_mode & 07777, 0755); /* changing the owner clears them */
    CHECK_OK(chown("file", -1, 3333));
    CHECK_OK(stat("file", &status));
    CHECK(status.st_uid == 1111 && status.st_gid == 3333);
    CHECK_OK(chmod("file", 04777));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(setresuid(2000, 2000, 2000));
        CHECK_ERR(chown("file", 2000, -1), EPERM);
        CHECK_ERR(chmod("file", 0700), EPERM);
        int fd = CHECK_OK(open("file", O_WRONLY));
        CHECK_EQ(write(fd, "y", 1), 1); /* a user's write clears set-user-id */
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_OK(stat("file", &status));
    CHECK_EQ(status.st_mode & 07777, 0777);
}

CASE(group_of_new_files)
{
    case_needs_root();
    struct stat status;
    CHECK_OK(mkdir("shared", 0755));
    CHECK_OK(chown("shared", 0, 4444));
    CHECK_OK(chmod("shared", 02775));
    file_write("shared/file", "");
    CHECK_OK(stat("shared/file", &status));
    CHECK_EQ(status.st_gid, 4444);
    CHECK_OK(mkdir("shared/sub", 0755));
    CHECK_OK(stat("shared/sub", &status));
    CHECK(status.st_gid == 4444 && (status.st_mode & S_ISGID));
}

static void user_become(uid_t user, gid_t group)
{
    CHECK_OK(syscall(SYS_setgroups, 0, NULL));
    CHECK_OK(setresgid(group, group, group));
    CHECK_OK(setresuid(user, user, user));
}

CASE(permissions_of_users)
{
    case_needs_root();
    file_write("owner", "");
    file_write("group", "");
    file_write("others", "");
    CHECK_OK(chown("owner", 1000, 1000) | chown("group", 0, 1000) | chown("others", 0, 0));
    CHECK_OK(chmod("owner", 0077) | chmod("group", 0707) | chmod("others", 0770));
    CHECK_OK(mkdir("closed", 0700));
    file_write("closed/file", "");
    pid_t child = process_fork();
    if (child == 0) {
        user_become(1000, 1000);
        CHECK_ERR(open("owner", O_RDONLY), EACCES); /* the owner's bits alone count */
        CHECK_ERR(open("group", O_RDONLY), EACCES);
        CHECK_ERR(open("others", O_RDONLY), EACCES);
        CHECK_ERR(access("closed/file", F_OK), EACCES);
        CHECK_ERR(open("new", O_RDWR | O_CREAT, 0600), EACCES);
        CHECK_ERR(mkdir("new", 0700), EACCES);
        CHECK_ERR(unlink("owner"), EACCES);
        CHECK_ERR(rename("owner", "x"), EACCES);
        CHECK_OK(chmod("owner", 0600));
        CHECK_OK(open("owner", O_RDWR));
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_OK(open("others", O_RDWR)); /* root may */
}

CASE(access_uses_the_real_user)
{
    case_needs_root();
    file_write("file", "");
    CHECK_OK(chmod("file", 0600));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(setresuid(1000, 0, 0));
        CHECK_ERR(access("file", R_OK), EACCES);
        CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS));
        CHECK_OK(open("file", O_RDONLY));
        CHECK_OK(access("file", F_OK));
        CHECK_OK(seteuid(1000));
        CHECK_ERR(open("file", O_RDONLY), EACCES);
        CHECK_OK(seteuid(0));
        CHECK_OK(open("file", O_RDONLY));
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_ERR(access("file", X_OK), EACCES); /* no x bit at all: not even for root */
    CHECK_ERR(access("file", 8), EINVAL);
    CHECK_ERR(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, 0x8000), EINVAL);
}

CASE(sticky_directory)
{
    case_needs_root();
    CHECK_OK(mkdir("sticky", 0777));
    CHECK_OK(chmod("sticky", 01777));
    file_write("sticky/root", "");
    CHECK_OK(chmod("sticky/root", 0666));
    pid_t child = process_fork();
    if (child == 0) {
        user_become(1000, 1000);
        CHECK_ERR(unlink("sticky/root"), EPERM);
        CHECK_ERR(rename("sticky/root", "sticky/x"), EPERM);
        file_write("sticky/mine", "");
        CHECK_OK(unlink("sticky/mine"));
        _exit(0);
    }
    process_exits(child, 0);
}
