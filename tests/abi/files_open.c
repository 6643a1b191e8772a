/* open and the path calls: flags, errors, links, names, directories. */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

CASE(create_exclusive_truncate)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_EXCL, 0640));
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_ERR(open("file", O_RDWR | O_CREAT | O_EXCL, 0640), EEXIST);
    CHECK_OK(open("file", O_RDWR | O_CREAT, 0640));
    struct stat status;
    CHECK_OK(stat("file", &status));
    CHECK(status.st_size == 5 && (status.st_mode & 07777) == 0640);
    CHECK_OK(open("file", O_WRONLY | O_TRUNC));
    CHECK_OK(stat("file", &status));
    CHECK_EQ(status.st_size, 0);
    CHECK_ERR(open("missing", O_RDONLY), ENOENT);
    CHECK_ERR(open("", O_RDONLY), ENOENT);
    CHECK_ERR(open("missing/x", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERR(open("file/x", O_RDWR | O_CREAT, 0600), ENOTDIR);
    CHECK_ERR(open("file/", O_RDONLY), ENOTDIR);
    CHECK_ERR(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
    CHECK_ERR(syscall(SYS_open, (void *)8, O_RDONLY), EFAULT);
}

CASE(lowest_descriptor)
{
    int first = CHECK_OK(open("/dev/null", O_RDONLY)),
        second = CHECK_OK(open("/dev/null", O_RDONLY));
    CHECK_EQ(second, first + 1);
    CHECK_OK(close(first));
    CHECK_EQ(open("/dev/null", O_RDONLY), first);
    CHECK_ERR(close(first + 100), EBADF);
    CHECK_ERR(close(-1), EBADF);
}

CASE(access_modes)
{
    char byte;
    file_write("file", "abc");
    int reader = CHECK_OK(open("file", O_RDONLY)), writer = CHECK_OK(open("file", O_WRONLY));
    CHECK_ERR(write(reader, "x", 1), EBADF);
    CHECK_ERR(read(writer, &byte, 1), EBADF);
    CHECK_EQ(fcntl(reader, F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK_EQ(fcntl(writer, F_GETFL) & O_ACCMODE, O_WRONLY);
    CHECK_ERR(ftruncate(reader, 0), EINVAL);
}

CASE(append_moves_to_the_end)
{
    char text[32];
    file_write("file", "abc");
    int fd = CHECK_OK(open("file", O_RDWR | O_APPEND));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(write(fd, "d", 1), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
    CHECK_EQ(pwrite(fd, "e", 1, 0), 1); /* Linux appends here, too */
    file_read("file", text, sizeof(text));
    CHECK(strcmp(text, "abcde") == 0);
    CHECK_OK(fcntl(fd, F_SETFL, 0));
    CHECK_EQ(pwrite(fd, "A", 1, 0), 1);
    file_read("file", text, sizeof(text));
    CHECK(strcmp(text, "Abcde") == 0);
}

CASE(directories_are_not_files)
{
    char byte;
    CHECK_OK(mkdir("directory", 0755));
    CHECK_ERR(open("directory", O_WRONLY), EISDIR);
    CHECK_ERR(open("directory", O_RDWR | O_CREAT, 0600), EISDIR);
    int fd = CHECK_OK(open("directory", O_RDONLY | O_DIRECTORY));
    CHECK_ERR(read(fd, &byte, 1), EISDIR);
    CHECK_ERR(write(fd, "x", 1), EBADF);
    file_write("file", "x");
    CHECK_ERR(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK_ERR(open("directory", O_RDONLY | O_CREAT | O_DIRECTORY, 0600), EINVAL);
}

CASE(nofollow_and_path)
{
    char byte;
    struct stat status;
    file_write("file", "x");
    CHECK_OK(symlink("file", "link"));
    CHECK_ERR(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    int link = CHECK_OK(open("link", O_PATH | O_NOFOLLOW));
    CHECK_OK(fstat(link, &status));
    CHECK(S_ISLNK(status.st_mode));
    char target[16] = "";
    CHECK_EQ(readlinkat(link, "", target, sizeof(target)), 4);
    int path = CHECK_OK(open("file", O_PATH));
    CHECK_ERR(read(path, &byte, 1), EBADF);
    CHECK_ERR(write(path, "x", 1), EBADF);
    CHECK_ERR(syscall(SYS_fchmod, path, 0600), EBADF);
    CHECK_ERR(lseek(path, 0, SEEK_SET), EBADF);
    CHECK_OK(fstat(path, &status));
    CHECK_OK(fcntl(path, F_GETFD));
    CHECK_OK(close(CHECK_OK(dup(path))));
    CHECK_EQ(fcntl(path, F_GETFL) & O_PATH, O_PATH);
}

CASE(temporary_file)
{
    struct stat status;
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd == -1) {
        CHECK(errno == EOPNOTSUPP || errno == EISDIR);
        case_skip("this file system has no O_TMPFILE");
    }
    CHECK_EQ(write(fd, "abc", 3), 3);
    CHECK_OK(fstat(fd, &status));
    CHECK(status.st_nlink == 0 && status.st_size == 3);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    CHECK_OK(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
    CHECK_OK(stat("named", &status));
    CHECK_EQ(status.st_nlink, 1);
    CHECK_ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

CASE(relative_to_a_directory)
{
    CHECK_OK(mkdir("sub", 0755));
    file_write("sub/file", "abc");
    int directory = CHECK_OK(open("sub", O_RDONLY | O_DIRECTORY)), fd;
    fd = CHECK_OK(openat(directory, "file", O_RDONLY));
    CHECK_ERR(openat(fd, "x", O_RDONLY), ENOTDIR);
    CHECK_ERR(openat(999, "x", O_RDONLY), EBADF);
    CHECK_OK(openat(999, "/dev/null", O_RDONLY)); /* absolute: the directory does not matter */
    CHECK_OK(mkdirat(directory, "deeper", 0700));
    CHECK_OK(symlinkat("file", directory, "link"));
    CHECK_OK(linkat(directory, "file", directory, "hard", 0));
    CHECK_OK(renameat(directory, "hard", AT_FDCWD, "moved"));
    CHECK_OK(access("moved", R_OK));
    CHECK_OK(unlinkat(directory, "deeper", AT_REMOVEDIR));
    CHECK_ERR(unlinkat(directory, "file", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERR(unlinkat(directory, "file", 0x8000), EINVAL);
    CHECK_OK(fchownat(directory, "link", -1, -1, AT_SYMLINK_NOFOLLOW));
    CHECK_OK(faccessat(directory, "link", R_OK, 0));
}

CASE(symbolic_links)
{
    char target[16];
    struct stat status;
    memset(target, '#', sizeof(target));
    CHECK_OK(symlink("some/where", "link"));
    CHECK_EQ(readlink("link", target, sizeof(target)), 10);
    CHECK(memcmp(target, "some/where######", 16) == 0);
    CHECK_EQ(readlink("link", target, 4), 4);
    CHECK_OK(lstat("link", &status));
    CHECK(S_ISLNK(status.st_mode) && status.st_size == 10 && (status.st_mode & 0777) == 0777);
    CHECK_ERR(stat("link", &status), ENOENT);
    CHECK_ERR(symlink("x", "link"), EEXIST);
    CHECK_ERR(symlink("", "empty"), ENOENT);
    CHECK_ERR(readlink(".", target, sizeof(target)), EINVAL);
    CHECK_ERR(readlink("missing", target, sizeof(target)), ENOENT);
    CHECK_ERR(syscall(SYS_readlink, "link", target, 0), EINVAL);
    CHECK_OK(symlink("two", "one"));
    CHECK_OK(symlink("one", "two"));
    CHECK_ERR(open("one", O_RDONLY), ELOOP);
    CHECK_ERR(stat("one/x", &status), ELOOP);
    CHECK_OK(symlink("made-through-link", "creator"));
    CHECK_OK(open("creator", O_RDWR | O_CREAT, 0600));
    CHECK_OK(access("made-through-link", F_OK));
    CHECK_ERR(open("creator", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
}

CASE(link_chain_limit)
{
    char name[16], target[16] = "end";
    file_write("end", "x");
    for (int i = 0; i < 41; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        CHECK_OK(symlink(target, name));
        strcpy(target, name);
    }
    CHECK_OK(access("l39", F_OK)); /* 40 links */
    CHECK_ERR(access("l40", F_OK), ELOOP);
}

CASE(hard_links)
{
    struct stat one, two;
    file_write("one", "abc");
    CHECK_OK(link("one", "two"));
    CHECK_OK(stat("one", &one));
    CHECK_OK(stat("two", &two));
    CHECK(one.st_ino == two.st_ino && one.st_nlink == 2);
    CHECK_ERR(link("one", "two"), EEXIST);
    CHECK_ERR(link("missing", "x"), ENOENT);
    CHECK_OK(mkdir("directory", 0755));
    CHECK_ERR(link("directory", "x"), EPERM);
    CHECK_OK(unlink("one"));
    CHECK_OK(stat("two", &two));
    CHECK_EQ(two.st_nlink, 1);
    CHECK_ERR(unlink("one"), ENOENT);
    CHECK_ERR(unlink("directory"), EISDIR);
    CHECK_OK(symlink("two", "link"));
    CHECK_OK(link("link", "link2")); /* links the link itself */
    CHECK_OK(lstat("link2", &one));
    CHECK(S_ISLNK(one.st_mode));
    CHECK_OK(linkat(AT_FDCWD, "link", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
    CHECK_OK(lstat("followed", &one));
    CHECK(S_ISREG(one.st_mode));
    CHECK_ERR(linkat(AT_FDCWD, "two", AT_FDCWD, "x", 0x8000), EINVAL);
}

CASE(directories_made_and_removed)
{
    struct stat status;
    CHECK_OK(mkdir("a", 0755));
    CHECK_ERR(mkdir("a", 0755), EEXIST);
    CHECK_ERR(mkdir("missing/a", 0755), ENOENT);
    CHECK_OK(mkdir("a/b/", 0755));
    CHECK_ERR(rmdir("a"), ENOTEMPTY);
    CHECK_ERR(rmdir("a/."), EINVAL);
    CHECK_ERR(rmdir("a/b/.."), ENOTEMPTY);
    CHECK_OK(rmdir("a/b"));
    CHECK_ERR(rmdir("a/b"), ENOENT);
    file_write("file", "");
    CHECK_ERR(rmdir("file"), ENOTDIR);
    CHECK_ERR(mkdir("file/x", 0755), ENOTDIR);
    CHECK_OK(symlink("a", "link"));
    CHECK_ERR(rmdir("link"), ENOTDIR);
    CHECK_ERR(rmdir("/"), EBUSY);
    CHECK_ERR(mkdir("/", 0755), EEXIST);
    umask(027);
    CHECK_OK(mkdir("masked", 0777));
    CHECK_OK(stat("masked", &status));
    CHECK_EQ(status.st_mode & 0777, 0750);
}

CASE(names_too_long)
{
    static char name[5000];
    memset(name, 'n', 255);
    CHECK_OK(open(name, O_RDWR | O_CREAT, 0600));
    name[255] = 'n';
    CHECK_ERR(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
    CHECK_ERR(mkdir(name, 0700), ENAMETOOLONG);
    for (int i = 0; i < 4100; i++)
        name[i] = i % 2 ? '/' : '.';
    CHECK_ERR(access(name, F_OK), ENAMETOOLONG);
    name[4095] = 0;
    CHECK_OK(access(name, F_OK));
}

CASE(working_directory)
{
    char path[4096], before[4096];
    CHECK(getcwd(before, sizeof(before)) != NULL);
    CHECK_OK(mkdir("inner", 0755));
    CHECK_OK(chdir("inner"));
    CHECK(getcwd(path, sizeof(path)) != NULL);
    CHECK(strncmp(path, before, strlen(before)) == 0 &&
          strcmp(path + strlen(before), "/inner") == 0);
    CHECK_ERR(syscall(SYS_getcwd, path, 5), ERANGE);
    CHECK_ERR(syscall(SYS_getcwd, (void *)8, 4096), EFAULT);
    int fd = CHECK_OK(open("..", O_PATH));
    CHECK_OK(fchdir(fd));
    file_write("file", "");
    CHECK_ERR(chdir("file"), ENOTDIR);
    CHECK_ERR(chdir("missing"), ENOENT);
    CHECK_ERR(fchdir(CHECK_OK(open("file", O_RDONLY))), ENOTDIR);
    CHECK_ERR(fchdir(999), EBADF);
    CHECK_OK(chdir("inner"));
    CHECK_OK(rmdir("../inner"));
    CHECK_ERR(syscall(SYS_getcwd, path, sizeof(path)), ENOENT);
    CHECK_ERR(mkdir("x", 0700), ENOENT);
    CHECK_OK(chdir(".."));
}

CASE(directory_entries)
{
    char name[32];
    bool seen[300] = {false};
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "entry%d", i);
        file_write(name, "");
    }
    DIR *directory = opendir(".");
    CHECK(directory != NULL);
    struct dirent *entry;
    int dots = 0, count = 0;
    while ((entry = readdir(directory))) {
        int number;
        if (sscanf(entry->d_name, "entry%d", &number) == 1) {
            CHECK(!seen[number]);
            seen[number] = true;
            CHECK(entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN);
            count++;
        } else {
            dots++;
        }
        CHECK(entry->d_ino != 0);
    }
    CHECK(count == 300 && dots == 2);
    closedir(directory);
}

CASE(directory_seek_and_removal_while_reading)
{
    char name[32];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof(name), "entry%d", i);
        file_write(name, "");
    }
    DIR *directory = opendir(".");
    CHECK(directory != NULL);
    struct dirent *entry;
    for (int i = 0; i < 10; i++)
        CHECK(readdir(directory) != NULL);
    long place = telldir(directory);
    entry = readdir(directory);
    CHECK(entry != NULL);
    strcpy(name, entry->d_name);
    while (readdir(directory))
        ;
    seekdir(directory, place);
    entry = readdir(directory);
    CHECK(entry != NULL && strcmp(entry->d_name, name) == 0);
    rewinddir(directory);
    int count = 0;
    while ((entry = readdir(directory))) { /* removing what was read skips nothing */
        if (entry->d_name[0] == 'e') {
            CHECK_OK(unlink(entry->d_name));
            count++;
        }
    }
    CHECK_EQ(count, 50);
    closedir(directory);
}

CASE(errors_of_getdents)
{
    char buffer[16];
    file_write("file", "");
    int file = CHECK_OK(open("file", O_RDONLY)), directory = CHECK_OK(open(".", O_RDONLY));
    CHECK_ERR(syscall(SYS_getdents64, file, buffer, sizeof(buffer)), ENOTDIR);
    CHECK_ERR(syscall(SYS_getdents64, directory, buffer, sizeof(buffer)), EINVAL);
    CHECK_ERR(syscall(SYS_getdents64, 999, buffer, sizeof(buffer)), EBADF);
    CHECK_ERR(syscall(SYS_getdents64, directory, (void *)8, 1000), EFAULT);
}

CASE(limit_of_descriptors)
{
    struct rlimit limit = {20, 20};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    int fd, last = -1;
    while ((fd = open("/dev/null", O_RDONLY)) != -1)
        last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 19);
    CHECK_ERR(dup(0), EMFILE);
    CHECK_ERR(dup2(0, 20), EBADF);
    CHECK_ERR(fcntl(0, F_DUPFD, 20), EINVAL);
    CHECK_ERR(fcntl(0, F_DUPFD, 5), EMFILE);
    int fds[2];
    CHECK_OK(close(last));
    CHECK_ERR(pipe(fds), EMFILE);
    CHECK_EQ(open("/dev/null", O_RDONLY), last); /* the failed pipe left no hole */
}

CASE(change_of_root)
{
    case_needs_root();
    CHECK_OK(mkdir("root", 0755));
    file_write("root/inside", "i");
    file_write("outside", "o");
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(chroot("root"));
        CHECK_OK(chdir("/"));
        CHECK_OK(access("/inside", F_OK));
        CHECK_ERR(access("/../outside", F_OK), ENOENT);
        CHECK_ERR(chroot("/missing"), ENOENT);
        CHECK_ERR(chroot("/inside"), ENOTDIR);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_OK(access("outside", F_OK));
    child = process_fork();
    if (child == 0) {
        CHECK_OK(setresuid(54321, 54321, 54321));
        CHECK_ERR(chroot("root"), EPERM);
        _exit(0);
    }
    process_exits(child, 0);
}
