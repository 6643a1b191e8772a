/* Mapped files, memfd, truncation, msync, mincore, madvise, mremap, mlock. */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };

static int file_filled(const char *path, int pages)
{
    char block[PAGE];
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    for (int i = 0; i < pages; i++) {
        memset(block, 'a' + i, sizeof(block));
        CHECK_EQ(write(fd, block, sizeof(block)), PAGE);
    }
    return fd;
}

static char *file_map(int fd, size_t size, int protection, int flags, off_t offset)
{
    char *memory = mmap(NULL, size, protection, flags, fd, offset);
    CHECK(memory != MAP_FAILED);
    return memory;
}

CASE(shared_mapping_is_coherent_with_write)
{
    char text[8];
    int fd = file_filled("file", 3);
    volatile char *memory = file_map(fd, 3 * PAGE, RW, MAP_SHARED, 0);
    CHECK(memory[0] == 'a' && memory[PAGE] == 'b' && memory[2 * PAGE] == 'c');
    CHECK_EQ(pwrite(fd, "XYZ", 3, PAGE - 1), 3);
    CHECK(memory[PAGE - 1] == 'X' && memory[PAGE] == 'Y');
    memory[PAGE + 1] = 'Q';
    CHECK_EQ(pread(fd, text, 3, PAGE - 1), 3);
    CHECK(memcmp(text, "XYQ", 3) == 0);
}

CASE(private_mapping_sees_writes_until_touched)
{
    int fd = file_filled("file", 2);
    volatile char *memory = file_map(fd, 2 * PAGE, RW, MAP_PRIVATE, 0);
    CHECK_EQ(memory[0], 'a');
    memory[PAGE] = 'P';
    CHECK_EQ(pwrite(fd, "123", 3, 0), 3);
    CHECK_EQ(pwrite(fd, "456", 3, PAGE), 3);
    CHECK_EQ(memory[0], '1'); /* not yet copied: Linux shows the file */
    CHECK(memory[PAGE] == 'P' && memory[PAGE + 1] == 'b');
    char byte;
    CHECK_EQ(pread(fd, &byte, 1, PAGE), 1);
    CHECK_EQ(byte, '4');
}

CASE(mapping_at_an_offset)
{
    int fd = file_filled("file", 4);
    char *memory = file_map(fd, PAGE, PROT_READ, MAP_PRIVATE, 2 * PAGE);
    CHECK_EQ(memory[0], 'c');
    char *other = file_map(fd, 2 * PAGE, PROT_READ, MAP_SHARED, PAGE);
    CHECK(other[0] == 'b' && other[PAGE] == 'c');
}

CASE(mapping_outlives_descriptor_and_name)
{
    int fd = file_filled("file", 2);
    volatile char *memory = file_map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    CHECK_OK(close(fd));
    CHECK_OK(unlink("file"));
    CHECK_EQ(memory[PAGE], 'b');
    memory[0] = 'z';
    pid_t child = process_fork();
    if (child == 0)
        _exit(memory[0] == 'z' && memory[PAGE] == 'b' ? 0 : 1);
    process_exits(child, 0);
}

CASE(tail_of_the_last_page_is_zero_and_not_written)
{
    char text[64];
    file_write("file", "abc");
    int fd = CHECK_OK(open("file", O_RDWR));
    char *memory = file_map(fd, PAGE, RW, MAP_SHARED, 0);
    CHECK(memory[3] == 0 && memory[PAGE - 1] == 0);
    memory[10] = 'x';
    CHECK_EQ(file_read("file", text, sizeof(text)), 3);
}

static bool access_dies(volatile char *address, int signal)
{
    pid_t child = process_fork();
    if (child == 0)
        _exit(*address & 1);
    int status = process_wait(child);
    return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

CASE(truncation_reaches_every_mapping)
{
    int fd = file_filled("file", 4);
    volatile char *shared = file_map(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    volatile char *private = file_map(fd, 4 * PAGE, RW, MAP_PRIVATE, 0);
    shared[3 * PAGE] = 's';
    private[3 * PAGE] = 'p';
    CHECK_EQ(private[2 * PAGE], 'c');
    CHECK_OK(ftruncate(fd, PAGE + 10));
    CHECK(access_dies(shared + 2 * PAGE, SIGBUS));
    CHECK(access_dies(shared + 3 * PAGE, SIGBUS));
    CHECK(access_dies(private + 2 * PAGE, SIGBUS));
    CHECK(access_dies(private + 3 * PAGE, SIGBUS)); /* even the private copy */
    CHECK_EQ(shared[PAGE], 'b');
    CHECK_EQ(shared[PAGE + 10], 0); /* the cut part of the last page is zeroed */
    CHECK_OK(ftruncate(fd, 4 * PAGE));
    CHECK_EQ(shared[2 * PAGE], 0);
    CHECK_EQ(shared[PAGE + 10], 0);
}

CASE(truncation_reaches_forked_mappings)
{
    int fd = file_filled("file", 4);
    volatile char *shared = file_map(fd, 4 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(shared[2 * PAGE], 'c');
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        _exit(shared[2 * PAGE]);
    }
    CHECK_OK(ftruncate(fd, PAGE));
    gate_open(&gate);
    process_dies(child, SIGBUS);
}

CASE(read_into_its_own_mapping)
{
    int fd = file_filled("file", 2);
    char *memory = file_map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    CHECK_EQ(pread(fd, memory + PAGE, 100, 0), 100);
    CHECK(memory[PAGE] == 'a' && memory[PAGE + 99] == 'a' && memory[PAGE + 100] == 'b');
    CHECK_EQ(pwrite(fd, memory + PAGE + 100, 10, 0), 10);
    CHECK(memory[0] == 'b' && memory[10] == 'a');
}

CASE(bad_access_to_a_cut_file_is_efault_in_calls)
{
    int fd = file_filled("file", 1), fds[2];
    char *memory = file_map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    CHECK_OK(pipe(fds));
    CHECK_ERR(write(fds[1], memory + PAGE, 10), EFAULT);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_ERR(read(fds[0], memory + PAGE, 1), EFAULT);
}

CASE(memfd_and_seals)
{
    int fd = CHECK_OK(memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    CHECK_ERR(ftruncate(fd, 2), EPERM);
    CHECK_OK(ftruncate(fd, 10));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    CHECK_ERR(ftruncate(fd, 20), EPERM);
    CHECK_ERR(pwrite(fd, "x", 1, 100), EPERM);
    char *memory = file_map(fd, PAGE, RW, MAP_SHARED, 0);
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK_OK(munmap(memory, PAGE));
    CHECK_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
    CHECK_ERR(pwrite(fd, "x", 1, 0), EPERM);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EPERM);
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), EPERM);
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

CASE(errors_of_memfd)
{
    static char name[300];
    memset(name, 'n', 250);
    CHECK_ERR(memfd_create(name, 0), EINVAL);
    CHECK_ERR(memfd_create("x", 0x8000), EINVAL);
    CHECK_ERR(syscall(SYS_memfd_create, (void *)8, 0), EFAULT);
    int fd = CHECK_OK(memfd_create("", 0));
    CHECK_ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM); /* sealing was not allowed */
    CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
    struct stat status;
    CHECK_OK(fstat(fd, &status));
    CHECK(S_ISREG(status.st_mode) && status.st_nlink == 0 && (status.st_mode & 0777) == 0777);
}

CASE(memfd_is_shared_by_fork_and_mapping)
{
    int fd = CHECK_OK(memfd_create("x", 0));
    CHECK_OK(ftruncate(fd, 3 * PAGE));
    volatile char *memory = file_map(fd, 3 * PAGE, RW, MAP_SHARED, 0);
    pid_t child = process_fork();
    if (child == 0) {
        memory[PAGE] = 5;
        CHECK_EQ(pwrite(fd, "\6", 1, 2 * PAGE), 1);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(memory[PAGE] == 5 && memory[2 * PAGE] == 6);
}

CASE(msync_checks)
{
    int fd = file_filled("file", 2);
    char *memory = file_map(fd, 2 * PAGE, RW, MAP_SHARED, 0);
    memory[0] = 'm';
    CHECK_OK(msync(memory, 2 * PAGE, MS_SYNC));
    CHECK_OK(msync(memory, PAGE, MS_ASYNC | MS_INVALIDATE));
    CHECK_ERR(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_ERR(msync(memory, PAGE, 0x100), EINVAL);
    CHECK_ERR(msync(memory + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_OK(munmap(memory + PAGE, PAGE));
    CHECK_ERR(msync(memory, 2 * PAGE, MS_SYNC), ENOMEM);
}

CASE(mincore_reports)
{
    unsigned char vector[4];
    char *memory = memory_alloc(4 * PAGE);
    memory[PAGE] = 1;
    CHECK_OK(mincore(memory, 4 * PAGE, vector));
    CHECK((vector[0] & 1) == 0 && (vector[1] & 1) == 1 && (vector[2] & 1) == 0);
    CHECK_ERR(mincore(memory + 1, PAGE, vector), EINVAL);
    CHECK_OK(munmap(memory + 2 * PAGE, PAGE));
    CHECK_ERR(mincore(memory, 4 * PAGE, vector), ENOMEM);
    CHECK_ERR(syscall(SYS_mincore, memory, PAGE, (void *)8), EFAULT);
}

CASE(madvise_checks)
{
    char *memory = memory_alloc(4 * PAGE);
    CHECK_ERR(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_ERR(madvise(memory, PAGE, 9999), EINVAL);
    CHECK_OK(madvise(memory, 0, MADV_DONTNEED));
    CHECK_OK(madvise(memory, PAGE, MADV_NORMAL));
    CHECK_OK(madvise(memory, PAGE, MADV_WILLNEED));
    CHECK_OK(madvise(memory, PAGE, MADV_RANDOM));
    CHECK_OK(munmap(memory + PAGE, PAGE));
    memory[2 * PAGE] = 1;
    CHECK_ERR(madvise(memory, 4 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_EQ(memory[2 * PAGE], 0); /* what is mapped was advised all the same */
    CHECK_ERR(madvise(memory, (size_t)-1, MADV_DONTNEED), EINVAL);
}

CASE(dontneed_of_files_and_shared)
{
    int fd = file_filled("file", 1);
    volatile char *private = file_map(fd, PAGE, RW, MAP_PRIVATE, 0);
    private[0] = 'P';
    CHECK_OK(madvise((char *)private, PAGE, MADV_DONTNEED));
    CHECK_EQ(private[0], 'a'); /* the file again */
    volatile char *shared = shared_alloc(PAGE);
    shared[0] = 'S';
    CHECK_OK(madvise((char *)shared, PAGE, MADV_DONTNEED));
    CHECK_EQ(shared[0], 'S'); /* still in the object */
}

CASE(remap_grows_moves_and_shrinks)
{
    char *area = memory_alloc(8 * PAGE);
    memset(area, 6, 2 * PAGE);
    CHECK_OK(munmap(area + 4 * PAGE, 4 * PAGE));
    CHECK(mremap(area, 4 * PAGE, 6 * PAGE, 0) == area);
    CHECK(area[0] == 6 && area[5 * PAGE] == 0);
    CHECK(mmap(area + 6 * PAGE, PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0) != MAP_FAILED);
    CHECK(mremap(area, 6 * PAGE, 7 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    char *moved = mremap(area, 6 * PAGE, 20 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != area);
    CHECK(moved[0] == 6 && moved[PAGE] == 6 && moved[19 * PAGE] == 0);
    CHECK(!memory_readable(area));
    CHECK(mremap(moved, 20 * PAGE, PAGE, 0) == moved);
    CHECK(moved[0] == 6 && !memory_readable(moved + PAGE));
}

static void remap_fails(void *old, size_t size, size_t new_size, int flags, void *target, int error)
{
    errno = 0;
    void *result = mremap(old, size, new_size, flags, target);
    CHECK(result == MAP_FAILED);
    CHECK_EQ(errno, error);
}

CASE(errors_of_mremap)
{
    char *area = memory_alloc(4 * PAGE), *hole = memory_alloc(PAGE);
    CHECK_OK(munmap(hole, PAGE));
    remap_fails(area + 1, PAGE, PAGE, 0, NULL, EINVAL);
    remap_fails(area, PAGE, 0, 0, NULL, EINVAL);
    remap_fails(area, PAGE, PAGE, 0x80, NULL, EINVAL);
    remap_fails(area, PAGE, PAGE, MREMAP_FIXED, area, EINVAL);
    remap_fails(hole, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL, EFAULT);
    remap_fails(area, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + PAGE, EINVAL);
    remap_fails(area, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole + 1, EINVAL);
    remap_fails(area, 0, PAGE, MREMAP_MAYMOVE, NULL, EINVAL); /* private: no duplicate */
}

CASE(remap_of_size_zero_duplicates_shared)
{
    volatile char *shared = shared_alloc(PAGE);
    volatile char *copy = mremap((char *)shared, 0, PAGE, MREMAP_MAYMOVE);
    CHECK(copy != MAP_FAILED && copy != shared);
    copy[5] = 7;
    CHECK_EQ(shared[5], 7);
}

CASE(remap_dontunmap)
{
    char *area = memory_alloc(2 * PAGE);
    memset(area, 3, 2 * PAGE);
    char *moved = mremap(area, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | 4 /* MREMAP_DONTUNMAP */, NULL);
    CHECK(moved != MAP_FAILED && moved != area);
    CHECK(moved[0] == 3 && moved[PAGE] == 3 && area[0] == 0 && area[PAGE] == 0);
    remap_fails(area, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | 4, NULL, EINVAL);
}

CASE(locking)
{
    char *memory = memory_alloc(4 * PAGE);
    CHECK_OK(mlock(memory, 2 * PAGE));
    unsigned char vector[2];
    CHECK_OK(mincore(memory, 2 * PAGE, vector));
    CHECK((vector[0] & 1) && (vector[1] & 1));
    CHECK_OK(munlock(memory, 2 * PAGE));
    CHECK_OK(munmap(memory + 3 * PAGE, PAGE));
    CHECK_ERR(mlock(memory, 4 * PAGE), ENOMEM);
    CHECK_ERR(mlockall(0), EINVAL);
    CHECK_OK(munlockall());
}

CASE(lock_limit_of_users)
{
    case_needs_root();
    pid_t child = process_fork();
    if (child == 0) {
        struct rlimit limit = {PAGE, PAGE};
        char *memory = memory_alloc(4 * PAGE);
        CHECK_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
        CHECK_OK(setresuid(54321, 54321, 54321));
        CHECK_OK(mlock(memory, PAGE));
        CHECK_ERR(mlock(memory, 2 * PAGE), ENOMEM);
        _exit(0);
    }
    process_exits(child, 0);
}
