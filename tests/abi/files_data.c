/* Reading and writing: positions, vectors, holes, copying between files, dup, fcntl, locks. */
#include "harness.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int file_open(void)
{
    return CHECK_OK(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
}

CASE(seek_and_holes)
{
    char text[8];
    int fd = file_open();
    CHECK_EQ(lseek(fd, 10000, SEEK_SET), 10000);
    CHECK_EQ(write(fd, "end", 3), 3);
    CHECK_EQ(pread(fd, text, 4, 5000), 4);
    CHECK(memcmp(text, "\0\0\0\0", 4) == 0);
    CHECK_EQ(lseek(fd, -3, SEEK_END), 10000);
    CHECK_EQ(lseek(fd, 1, SEEK_CUR), 10001);
    CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK_ERR(lseek(fd, 0, 99), EINVAL);
    CHECK_ERR(lseek(fd, -20000, SEEK_END), EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10001);
    int fds[2];
    CHECK_OK(pipe(fds));
    CHECK_ERR(lseek(fds[0], 0, SEEK_CUR), ESPIPE);
    CHECK_ERR(pread(fds[0], text, 1, 0), ESPIPE);
    CHECK_ERR(lseek(999, 0, SEEK_SET), EBADF);
}

CASE(seek_data_and_hole)
{
    int fd = file_open();
    CHECK_EQ(pwrite(fd, "x", 1, MIB), 1);
    CHECK_OK(ftruncate(fd, 2 * MIB));
    off_t data = lseek(fd, 0, SEEK_DATA);
    CHECK(data == 0 || data == (off_t)MIB); /* a file system may know no holes */
    off_t hole = lseek(fd, MIB, SEEK_HOLE);
    CHECK(hole > (off_t)MIB && hole <= (off_t)(2 * MIB));
    CHECK_ERR(lseek(fd, 2 * MIB, SEEK_DATA), ENXIO);
    CHECK_ERR(lseek(fd, 3 * MIB, SEEK_HOLE), ENXIO);
    CHECK_ERR(lseek(fd, -1, SEEK_DATA), ENXIO);
}

CASE(positioned_calls_leave_the_offset)
{
    char text[8];
    int fd = file_open();
    CHECK_EQ(write(fd, "abcdef", 6), 6);
    CHECK_EQ(pread(fd, text, 2, 1), 2);
    CHECK(memcmp(text, "bc", 2) == 0);
    CHECK_EQ(pwrite(fd, "Z", 1, 0), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
    CHECK_EQ(pread(fd, text, 4, 100), 0);
    CHECK_ERR(pread(fd, text, 1, -1), EINVAL);
    CHECK_ERR(pwrite(fd, text, 1, -1), EINVAL);
    CHECK_EQ(read(fd, text, 0), 0);
}

CASE(vectors)
{
    char a[3], b[4];
    struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdefg", 5}}, in[2] = {{a, 3}, {b, 4}};
    int fd = file_open();
    CHECK_EQ(writev(fd, out, 3), 7);
    CHECK_EQ(preadv(fd, in, 2, 0), 7);
    CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0);
    CHECK_EQ(pwritev(fd, out, 1, 5), 2);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(readv(fd, in, 2), 7);
    CHECK(memcmp(b, "deab", 4) == 0);
    CHECK_ERR(writev(fd, out, -1), EINVAL);
    CHECK_ERR(writev(fd, out, IOV_MAX + 1), EINVAL);
    CHECK_EQ(writev(fd, out, 0), 0);
    CHECK_ERR(syscall(SYS_writev, fd, (void *)8, 1), EFAULT);
    struct iovec negative = {a, (size_t)-1};
    CHECK_ERR(readv(fd, &negative, 1), EINVAL);
    CHECK_ERR(syscall(SYS_preadv2, fd, in, 2, 0, 0, 0x4000), EOPNOTSUPP);
    CHECK_EQ(syscall(SYS_preadv2, fd, in, 2, 0, 0, 0), 7);
    CHECK_EQ(lseek(fd, 1, SEEK_SET), 1);
    CHECK_EQ(syscall(SYS_preadv2, fd, in, 1, -1l, -1l, 0), 3); /* -1: the file's own offset */
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
}

CASE(partial_read_before_a_bad_page)
{
    char *memory = memory_alloc(2 * PAGE);
    int fd = file_open();
    CHECK_OK(munmap(memory + PAGE, PAGE));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(write(fd, memory, PAGE), PAGE);
    CHECK_ERR(write(fd, memory + PAGE, 10), EFAULT);
    CHECK_EQ(pread(fd, memory + PAGE - 100, 200, 0), 100);
    CHECK_EQ(pwrite(fd, memory + PAGE - 100, 200, 0), 100);
    CHECK_ERR(pread(fd, memory + PAGE, 1, 0), EFAULT);
    CHECK_EQ(pread(fd, memory + PAGE, 1, 3 * PAGE), 0); /* at the end nothing is copied */
}

CASE(truncate_and_extend)
{
    char text[8];
    struct stat status;
    int fd = file_open();
    CHECK_EQ(write(fd, "abcdef", 6), 6);
    CHECK_OK(ftruncate(fd, 3));
    CHECK_OK(ftruncate(fd, 6));
    CHECK_EQ(pread(fd, text, 6, 0), 6);
    CHECK(memcmp(text, "abc\0\0\0", 6) == 0);
    CHECK_OK(truncate("file", 100000));
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_size, 100000);
    CHECK_ERR(ftruncate(fd, -1), EINVAL);
    CHECK_ERR(truncate("missing", 0), ENOENT);
    CHECK_ERR(truncate(".", 0), EISDIR);
    CHECK_ERR(ftruncate(999, 0), EBADF);
}

CASE(allocate_and_punch)
{
    struct stat status;
    char text[4];
    int fd = file_open();
    if (fallocate(fd, 0, 0, 3 * PAGE) == -1) {
        CHECK_EQ(errno, EOPNOTSUPP);
        case_skip("this file system has no fallocate");
    }
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_size, 3 * PAGE);
    CHECK_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10 * PAGE));
    CHECK_OK(fstat(fd, &status));
    CHECK_EQ(status.st_size, 3 * PAGE);
    CHECK_EQ(pwrite(fd, "abcd", 4, PAGE - 2), 4);
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
    CHECK_EQ(pread(fd, text, 4, PAGE - 2), 4);
    CHECK(memcmp(text, "ab\0\0", 4) == 0);
    CHECK_OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE - 1, 1));
    CHECK_EQ(pread(fd, text, 2, PAGE - 2), 2);
    CHECK(text[0] == 'a' && text[1] == 0);
    CHECK_ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE), EOPNOTSUPP);
    CHECK_ERR(fallocate(fd, 0, -1, 5), EINVAL);
    CHECK_ERR(fallocate(fd, 0, 0, 0), EINVAL);
    CHECK_ERR(fallocate(fd, 0x4000, 0, 5), EOPNOTSUPP);
    CHECK_ERR(fallocate(CHECK_OK(open("file", O_RDONLY)), 0, 0, 5), EBADF);
}

CASE(file_size_limit)
{
    struct rlimit limit = {1000, 2000};
    int fd = file_open();
    static char block[4000];
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
    signal_counting(SIGXFSZ, 0);
    CHECK_EQ(write(fd, block, sizeof(block)), 1000);
    CHECK_EQ(signal_count[SIGXFSZ], 0);
    CHECK_ERR(write(fd, block, 1), EFBIG);
    CHECK_EQ(signal_count[SIGXFSZ], 1);
    CHECK_ERR(ftruncate(fd, 1001), EFBIG);
    CHECK_EQ(signal_count[SIGXFSZ], 2);
    CHECK_OK(ftruncate(fd, 10));
}

CASE(sendfile_between_files)
{
    char text[16] = "";
    int in = file_open(), out = CHECK_OK(open("out", O_RDWR | O_CREAT, 0600)), fds[2];
    CHECK_EQ(write(in, "0123456789", 10), 10);
    off_t offset = 2;
    CHECK_EQ(sendfile(out, in, &offset, 5), 5);
    CHECK_EQ(offset, 7);
    CHECK_EQ(lseek(in, 0, SEEK_CUR), 10);
    CHECK_EQ(lseek(in, 8, SEEK_SET), 8);
    CHECK_EQ(sendfile(out, in, NULL, 100), 2);
    CHECK_EQ(pread(out, text, 16, 0), 7);
    CHECK(memcmp(text, "2345689", 7) == 0);
    CHECK_OK(pipe(fds));
    offset = 0;
    CHECK_EQ(sendfile(fds[1], in, &offset, 4), 4);
    CHECK_EQ(read(fds[0], text, 16), 4);
    CHECK_ERR(sendfile(out, fds[0], NULL, 1), EINVAL);
    CHECK_ERR(sendfile(999, in, NULL, 1), EBADF);
}

CASE(copy_range_between_files)
{
    char text[16] = "";
    int in = file_open(), out = CHECK_OK(open("out", O_RDWR | O_CREAT, 0600));
    CHECK_EQ(write(in, "0123456789", 10), 10);
    off_t from = 1, to = 3;
    CHECK_EQ(copy_file_range(in, &from, out, &to, 4, 0), 4);
    CHECK(from == 5 && to == 7);
    CHECK_EQ(pread(out, text, 16, 0), 7);
    CHECK(memcmp(text, "\0\0\0001234", 7) == 0);
    CHECK_ERR(copy_file_range(in, &from, out, &to, 4, 1), EINVAL);
    from = 100;
    CHECK_EQ(copy_file_range(in, &from, out, &to, 4, 0), 0);
    from = 0;
    to = 2;
    CHECK_ERR(copy_file_range(in, &from, in, &to, 4, 0), EINVAL); /* overlap */
}

CASE(splice_and_tee)
{
    char text[16] = "";
    int in = file_open(), one[2], two[2];
    CHECK_EQ(write(in, "0123456789", 10), 10);
    CHECK_OK(pipe(one));
    CHECK_OK(pipe(two));
    off_t offset = 3;
    long moved = splice(in, &offset, one[1], NULL, 4, 0);
    if (moved == -1 && errno == ENOSYS)
        case_skip("no splice");
    CHECK_EQ(moved, 4);
    CHECK_EQ(offset, 7);
    CHECK_EQ(tee(one[0], two[1], 100, 0), 4);
    CHECK_EQ(read(two[0], text, 16), 4);
    CHECK(memcmp(text, "3456", 4) == 0);
    CHECK_EQ(splice(one[0], NULL, two[1], NULL, 2, 0), 2);
    CHECK_EQ(read(one[0], text, 16), 2);
    CHECK(memcmp(text, "56", 2) == 0);
    offset = 0;
    CHECK_EQ(splice(two[0], NULL, in, &offset, 2, 0), 2);
    CHECK_EQ(pread(in, text, 3, 0), 3);
    CHECK(memcmp(text, "342", 3) == 0);
    CHECK_ERR(splice(in, NULL, in, NULL, 1, 0), EINVAL);
}

CASE(duplicates)
{
    int fd = file_open(), copy = CHECK_OK(dup(fd));
    CHECK_EQ(write(fd, "ab", 2), 2);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 2);
    CHECK_EQ(dup2(fd, 100), 100);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_ERR(dup2(999, 999), EBADF);
    CHECK_ERR(dup2(fd, -1), EBADF);
    CHECK_ERR(dup3(fd, fd, 0), EINVAL);
    CHECK_ERR(syscall(SYS_dup3, fd, 101, 0x1), EINVAL);
    CHECK_EQ(dup3(fd, 101, O_CLOEXEC), 101);
    CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(dup2(101, 102), 102);
    CHECK_EQ(fcntl(102, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_DUPFD, 200), 200);
    CHECK_EQ(fcntl(fd, F_DUPFD, 200), 201);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 200), 202);
    CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERR(dup(999), EBADF);
}

CASE(control_commands)
{
    int fd = file_open();
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR);
    CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY)); /* the mode stays */
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
             O_RDWR | O_APPEND | O_NONBLOCK);
    CHECK_ERR(fcntl(fd, 9999), EINVAL);
    CHECK_ERR(fcntl(999, F_GETFL), EBADF);
    CHECK_ERR(fcntl(fd, F_GETPIPE_SZ), EBADF);
}

CASE(close_a_range)
{
    int first = CHECK_OK(fcntl(0, F_DUPFD, 50));
    for (int i = 0; i < 9; i++)
        CHECK_OK(fcntl(0, F_DUPFD, 50));
    CHECK_OK(syscall(SYS_close_range, 52, 54, 0));
    for (int fd = 50; fd < 60; fd++)
        CHECK_EQ(fcntl(fd, F_GETFD) != -1, fd < 52 || fd > 54);
    CHECK_OK(syscall(SYS_close_range, 56, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */));
    CHECK_EQ(fcntl(56, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(55, F_GETFD), 0);
    CHECK_OK(syscall(SYS_close_range, first, ~0u, 0));
    CHECK_EQ(fd_count(), 3);
    CHECK_ERR(syscall(SYS_close_range, 5, 4, 0), EINVAL);
    CHECK_ERR(syscall(SYS_close_range, 5, 6, 0x100), EINVAL);
}

static struct flock record(short type, off_t start, off_t length)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

/* What another process sees of a range. */
static void record_seen(off_t start, off_t length, short type, off_t found_start,
                        off_t found_length)
{
    pid_t child = process_fork();
    if (child == 0) {
        int fd = CHECK_OK(open("file", O_RDWR));
        struct flock lock = record(F_WRLCK, start, length);
        CHECK_OK(fcntl(fd, F_GETLK, &lock));
        CHECK_EQ(lock.l_type, type);
        if (type != F_UNLCK)
            CHECK(lock.l_start == found_start && lock.l_len == found_length);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(record_locks_split_and_join)
{
    int fd = file_open();
    struct flock lock = record(F_WRLCK, 10, 20);
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    record_seen(0, 10, F_UNLCK, 0, 0);
    record_seen(0, 11, F_WRLCK, 10, 20);
    lock = record(F_UNLCK, 15, 5);
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    record_seen(0, 0, F_WRLCK, 10, 5);
    record_seen(15, 5, F_UNLCK, 0, 0);
    record_seen(16, 0, F_WRLCK, 20, 10);
    lock = record(F_RDLCK, 0, 0);
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    record_seen(0, 0, F_RDLCK, 0, 0);
    CHECK_OK(close(CHECK_OK(dup(fd)))); /* closing any descriptor of the file drops them */
    record_seen(0, 0, F_UNLCK, 0, 0);
    lock = record(77, 0, 0);
    CHECK_ERR(fcntl(fd, F_SETLK, &lock), EINVAL);
    lock = record(F_WRLCK, -1, 0);
    CHECK_ERR(fcntl(fd, F_SETLK, &lock), EINVAL);
    int reader = CHECK_OK(open("file", O_RDONLY));
    lock = record(F_WRLCK, 0, 0);
    CHECK_ERR(fcntl(reader, F_SETLK, &lock), EBADF);
}

CASE(record_lock_waits_and_detects_deadlock)
{
    int fd = file_open();
    struct flock lock = record(F_WRLCK, 0, 1);
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    pid_t child = process_fork();
    if (child == 0) {
        struct flock other = record(F_WRLCK, 1, 1);
        CHECK_OK(fcntl(fd, F_SETLK, &other));
        other = record(F_WRLCK, 0, 1);
        CHECK_OK(fcntl(fd, F_SETLKW, &other));
        _exit(0);
    }
    process_await(child, 0, "S");
    lock = record(F_WRLCK, 1, 1);
    CHECK_ERR(fcntl(fd, F_SETLKW, &lock), EDEADLK);
    lock = record(F_UNLCK, 0, 1);
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    process_exits(child, 0);
}

CASE(open_file_description_locks)
{
    int fd = file_open(), other = CHECK_OK(open("file", O_RDWR));
    struct flock lock = record(F_WRLCK, 0, 10);
    CHECK_OK(fcntl(fd, F_OFD_SETLK, &lock));
    CHECK_ERR(fcntl(other, F_OFD_SETLK, &lock), EAGAIN); /* conflicts within one process */
    pid_t child = process_fork();
    if (child == 0) {
        struct flock same = record(F_WRLCK, 0, 10);
        CHECK_OK(fcntl(fd, F_OFD_SETLK, &same)); /* and is shared over fork */
        _exit(0);
    }
    process_exits(child, 0);
    struct flock found = record(F_WRLCK, 0, 0);
    CHECK_OK(fcntl(other, F_OFD_GETLK, &found));
    CHECK(found.l_type == F_WRLCK && found.l_pid == -1);
    found.l_pid = 5;
    CHECK_ERR(fcntl(other, F_OFD_SETLK, &found), EINVAL);
    CHECK_OK(close(fd));
    CHECK_OK(fcntl(other, F_OFD_SETLK, &lock));
}

CASE(whole_file_locks)
{
    int fd = file_open(), other = CHECK_OK(open("file", O_RDWR));
    CHECK_OK(flock(fd, LOCK_SH));
    CHECK_OK(flock(other, LOCK_SH));
    CHECK_ERR(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(flock(other, LOCK_UN));
    CHECK_OK(flock(fd, LOCK_EX | LOCK_NB));
    CHECK_ERR(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    CHECK_OK(close(fd));
    CHECK_OK(flock(other, LOCK_EX | LOCK_NB));
    CHECK_ERR(flock(other, 77), EINVAL);
    CHECK_ERR(flock(999, LOCK_SH), EBADF);
}

CASE(synchronise)
{
    int fd = file_open(), fds[2];
    CHECK_OK(fsync(fd));
    CHECK_OK(fdatasync(fd));
    CHECK_OK(pipe(fds));
    CHECK_ERR(fsync(fds[0]), EINVAL);
    CHECK_ERR(fsync(999), EBADF);
}

CASE(devices)
{
    char text[64];
    int zero = CHECK_OK(open("/dev/zero", O_RDWR)), full = CHECK_OK(open("/dev/full", O_RDWR));
    int null = CHECK_OK(open("/dev/null", O_RDWR)),
        random = CHECK_OK(open("/dev/urandom", O_RDONLY));
    memset(text, 1, sizeof(text));
    CHECK_EQ(read(zero, text, sizeof(text)), sizeof(text));
    CHECK(text[0] == 0 && text[63] == 0);
    CHECK_EQ(write(zero, text, 5), 5);
    CHECK_EQ(read(null, text, 5), 0);
    CHECK_EQ(write(null, text, 5), 5);
    CHECK_ERR(write(full, text, 5), ENOSPC);
    CHECK_EQ(read(full, text, 5), 5);
    CHECK_EQ(read(random, text, sizeof(text)), sizeof(text));
    CHECK_EQ(lseek(null, 100, SEEK_SET), 0);
    char again[64];
    CHECK_EQ(read(random, again, sizeof(again)), sizeof(again));
    CHECK(memcmp(text, again, sizeof(text)) != 0);
}
