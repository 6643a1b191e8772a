/* mmap, munmap, mprotect: flags, errors, splits. */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS, RW = PROT_READ | PROT_WRITE };

/* mmap that must fail with this errno. */
static void map_fails(void *address, size_t size, int protection, int flags, int fd, off_t offset,
                      int error)
{
    errno = 0;
    void *memory = mmap(address, size, protection, flags, fd, offset);
    CHECK(memory == MAP_FAILED);
    CHECK_EQ(errno, error);
}

CASE(fresh_memory_is_zero)
{
    char *memory = memory_alloc(MIB);
    for (size_t i = 0; i < MIB; i++)
        CHECK_EQ(memory[i], 0);
    memset(memory, 1, MIB);
    CHECK_OK(munmap(memory, MIB));
    memory = memory_alloc(MIB);
    for (size_t i = 0; i < MIB; i += 512)
        CHECK_EQ(memory[i], 0);
}

CASE(errors_of_mmap)
{
    file_write("file", "x");
    int fd = CHECK_OK(open("file", O_RDONLY)), writer = CHECK_OK(open("file", O_WRONLY));
    map_fails(NULL, 0, RW, PRIVATE, -1, 0, EINVAL);
    map_fails(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0, EINVAL);
    map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0, EBADF);
    map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0, EBADF);
    CHECK_ERR(syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
    map_fails(NULL, PAGE, RW, MAP_SHARED, fd, 0, EACCES);
    map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0, EACCES);
    map_fails(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0, EACCES);
    map_fails(NULL, SIZE_MAX - PAGE, RW, PRIVATE, -1, 0, ENOMEM);
    map_fails(NULL, 1ul << 60, RW, PRIVATE, -1, 0, ENOMEM);
    map_fails((void *)123, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0, EINVAL);
    map_fails((void *)(1ul << 56), PAGE, RW, PRIVATE | MAP_FIXED, -1, 0, ENOMEM);
    int directory = CHECK_OK(open(".", O_RDONLY));
    map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0, ENODEV);
    int path = CHECK_OK(open("file", O_PATH));
    map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0, EBADF);
    int fds[2];
    CHECK_OK(pipe(fds));
    map_fails(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0, ENODEV);
}

CASE(offset_overflow)
{
    file_write("file", "x");
    int fd = CHECK_OK(open("file", O_RDONLY));
    CHECK_ERR(syscall(SYS_mmap, NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE), EOVERFLOW);
}

CASE(shared_validate_checks_flags)
{
    file_write("file", "x");
    int fd = CHECK_OK(open("file", O_RDONLY));
    map_fails(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | (1 << 25), fd, 0, EOPNOTSUPP);
    void *memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED | (1 << 25), fd, 0);
    CHECK(memory != MAP_FAILED); /* plain MAP_SHARED ignores unknown flags */
}

CASE(hint_is_taken_when_free)
{
    char *area = memory_alloc(16 * PAGE);
    CHECK_OK(munmap(area + 4 * PAGE, 4 * PAGE));
    CHECK(mmap(area + 5 * PAGE, PAGE, RW, PRIVATE, -1, 0) == area + 5 * PAGE);
    char *other = mmap(area + 5 * PAGE, PAGE, RW, PRIVATE, -1, 0); /* taken: anywhere else */
    CHECK(other != MAP_FAILED && other != area + 5 * PAGE);
    CHECK(mmap(area + 6 * PAGE + 77, PAGE, RW, PRIVATE, -1, 0) == area + 6 * PAGE);
}

CASE(fixed_replaces)
{
    char *area = memory_alloc(4 * PAGE);
    memset(area, 1, 4 * PAGE);
    CHECK(mmap(area + PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == area + PAGE);
    CHECK(area[0] == 1 && area[PAGE] == 0 && area[2 * PAGE] == 0 && area[3 * PAGE] == 1);
}

CASE(fixed_noreplace_refuses)
{
    char *area = memory_alloc(4 * PAGE);
    area[PAGE] = 5;
    map_fails(area + PAGE, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0, EEXIST);
    map_fails(area - PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0, EEXIST);
    CHECK_EQ(area[PAGE], 5);
    CHECK_OK(munmap(area + PAGE, PAGE));
    CHECK(mmap(area + PAGE, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) == area + PAGE);
}

CASE(low_addresses_are_refused)
{
    case_needs_root();
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(setresuid(54321, 54321, 54321));
        map_fails(NULL, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0, EPERM);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(below_four_gibibytes)
{
    char *memory = mmap(NULL, MIB, RW, PRIVATE | MAP_32BIT, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK((uintptr_t)memory + MIB <= 1ul << 32);
    memory[0] = 1;
}

CASE(unmap_splits)
{
    char *area = memory_alloc(9 * PAGE);
    memset(area, 3, 9 * PAGE);
    for (int i = 1; i < 9; i += 2)
        CHECK_OK(munmap(area + i * PAGE, PAGE));
    for (int i = 0; i < 9; i++) {
        CHECK_EQ(memory_readable(area + i * PAGE), i % 2 == 0);
        if (i % 2 == 0)
            CHECK_EQ(area[i * PAGE], 3);
    }
    CHECK_OK(munmap(area, 9 * PAGE)); /* holes are no error */
    CHECK_OK(munmap(area, 9 * PAGE));
    CHECK_ERR(munmap(area + 1, PAGE), EINVAL);
    CHECK_ERR(munmap(area, 0), EINVAL);
    CHECK_ERR(munmap((void *)-(long)PAGE, 2 * PAGE), EINVAL);
    area = memory_alloc(2 * PAGE);
    CHECK_OK(munmap(area, 1)); /* rounded up to a page */
    CHECK(!memory_readable(area + 100) && memory_readable(area + PAGE));
}

CASE(protect_splits_and_joins)
{
    char *area = memory_alloc(5 * PAGE);
    memset(area, 4, 5 * PAGE);
    CHECK_OK(mprotect(area + PAGE, 3 * PAGE, PROT_READ));
    CHECK_OK(mprotect(area + 2 * PAGE, PAGE, PROT_NONE));
    static const char expected[5] = {2, 1, 0, 1, 2};
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(memory_readable(area + i * PAGE), expected[i] > 0);
        CHECK_EQ(memory_writable(area + i * PAGE), expected[i] > 1);
    }
    CHECK_OK(mprotect(area, 5 * PAGE, RW));
    for (int i = 0; i < 5; i++)
        CHECK_EQ(area[i * PAGE], 4);
}

CASE(errors_of_mprotect)
{
    char *area = memory_alloc(4 * PAGE);
    CHECK_OK(munmap(area + 2 * PAGE, PAGE));
    CHECK_ERR(syscall(SYS_mprotect, area + 1, PAGE, RW), EINVAL);
    CHECK_ERR(mprotect(area, 4 * PAGE, PROT_READ), ENOMEM);
    CHECK(!memory_writable(area)); /* changed up to the hole */
    CHECK(memory_writable(area + 3 * PAGE));
    CHECK_ERR(mprotect(area, PAGE, 0x100), EINVAL);
    CHECK_ERR(mprotect(area, PAGE, RW | PROT_GROWSDOWN), EINVAL);
    CHECK_OK(mprotect(area, 0, RW));
    file_write("file", "x");
    int fd = CHECK_OK(open("file", O_RDONLY));
    char *shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(shared != MAP_FAILED);
    CHECK_ERR(mprotect(shared, PAGE, RW), EACCES);
}

CASE(write_only_and_execute)
{
    volatile char *area = mmap(NULL, PAGE, PROT_WRITE, PRIVATE, -1, 0);
    CHECK(area != MAP_FAILED);
    area[0] = 9;
    CHECK_EQ(area[0], 9); /* x86: writable implies readable */
    area[0] = (char)0xc3;
    CHECK_OK(mprotect((void *)area, PAGE, PROT_EXEC));
    ((void (*)(void))(uintptr_t)area)();
}

static int map_lines(const void *start, const void *end, char *text, size_t size)
{
    int count = 0;
    unsigned long from, to;
    char modes[8];
    size_t used = 0;
    static char maps[65536];
    file_read("/proc/self/maps", maps, sizeof(maps));
    for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
        CHECK_EQ(sscanf(line, "%lx-%lx %7s", &from, &to, modes), 3);
        if (to > (unsigned long)start && from < (unsigned long)end) {
            count++;
            used += snprintf(text + used, size - used, "%s ", modes);
        }
    }
    return count;
}

CASE(neighbours_merge_in_maps)
{
    char text[256];
    char *area = mmap(NULL, 8 * PAGE, PROT_NONE, PRIVATE, -1, 0); /* guards around what follows */
    char *inner = area + PAGE, *end = area + 7 * PAGE;
    CHECK(mmap(inner, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == inner);
    CHECK(mmap(inner + 2 * PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == inner + 2 * PAGE);
    CHECK(mmap(inner + 4 * PAGE, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == inner + 4 * PAGE);
    CHECK_EQ(map_lines(inner, end, text, sizeof(text)), 1);
    CHECK_OK(mprotect(inner + 2 * PAGE, PAGE, PROT_READ));
    CHECK_EQ(map_lines(inner, end, text, sizeof(text)), 3);
    CHECK(strcmp(text, "rw-p r--p rw-p ") == 0);
    CHECK_OK(mprotect(inner + 2 * PAGE, PAGE, RW));
    CHECK_EQ(map_lines(inner, end, text, sizeof(text)), 1);
    CHECK_OK(munmap(inner + PAGE, PAGE));
    CHECK_EQ(map_lines(inner, end, text, sizeof(text)), 2);
}

CASE(huge_reservation)
{
    size_t size = 64ul * GIB;
    char *area = mmap(NULL, size, RW, PRIVATE | MAP_NORESERVE, -1, 0);
    CHECK(area != MAP_FAILED);
    area[0] = area[size / 2] = area[size - 1] = 1;
    pid_t child = process_fork();
    if (child == 0) {
        area[size / 2] = 2;
        _exit(area[0] + area[size / 2] + area[size - 1]);
    }
    process_exits(child, 4);
    CHECK_EQ(area[size / 2], 1);
    CHECK_OK(munmap(area, size));
}

CASE(many_mappings)
{
    enum { COUNT = 2000 };
    char *area = mmap(NULL, 2 * COUNT * PAGE, PROT_NONE, PRIVATE, -1, 0);
    CHECK(area != MAP_FAILED);
    for (int i = 0; i < COUNT; i++)
        CHECK_OK(mprotect(area + 2 * i * PAGE, PAGE, RW));
    for (int i = 0; i < COUNT; i++)
        area[2 * i * PAGE] = i;
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(area[2 * i * PAGE], (char)i);
    CHECK(!memory_readable(area + PAGE));
    CHECK_OK(munmap(area, 2 * COUNT * PAGE));
}

CASE(address_space_limit)
{
    struct rlimit limit = {512 * MIB, RLIM_INFINITY};
    CHECK_OK(setrlimit(RLIMIT_AS, &limit));
    map_fails(NULL, GIB, RW, PRIVATE, -1, 0, ENOMEM);
    CHECK(memory_alloc(64 * MIB) != NULL);
    char *end = (char *)syscall(SYS_brk, 0);
    CHECK((char *)syscall(SYS_brk, end + GIB) == end); /* refused: the old end */
    char *small = memory_alloc(PAGE);
    CHECK(mremap(small, PAGE, GIB, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
}

CASE(data_limit)
{
    struct rlimit limit = {32 * MIB, RLIM_INFINITY};
    CHECK_OK(setrlimit(RLIMIT_DATA, &limit));
    map_fails(NULL, 64 * MIB, RW, PRIVATE, -1, 0, ENOMEM);
    CHECK(mmap(NULL, 64 * MIB, PROT_READ, PRIVATE, -1, 0) != MAP_FAILED);
    char *end = (char *)syscall(SYS_brk, 0);
    CHECK((char *)syscall(SYS_brk, end + 64 * MIB) == end);
}

CASE(break_moves)
{
    char *start = (char *)syscall(SYS_brk, 0);
    char *aligned = (char *)(((uintptr_t)start + PAGE - 1) & -PAGE);
    CHECK((char *)syscall(SYS_brk, aligned + 10 * PAGE + 5) == aligned + 10 * PAGE + 5);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(aligned[i * PAGE], 0);
    memset(aligned, 7, 10 * PAGE);
    CHECK((char *)syscall(SYS_brk, aligned + 2 * PAGE) == aligned + 2 * PAGE);
    CHECK(memory_readable(aligned + PAGE) && !memory_readable(aligned + 3 * PAGE));
    CHECK((char *)syscall(SYS_brk, aligned + 4 * PAGE) == aligned + 4 * PAGE);
    CHECK_EQ(aligned[PAGE], 7);
    CHECK_EQ(aligned[3 * PAGE], 0); /* given back and zeroed */
    CHECK((char *)syscall(SYS_brk, 8) == aligned + 4 * PAGE);
    CHECK((char *)syscall(SYS_brk, start) == start);
}

static int recurse(int depth, volatile char *above)
{
    volatile char frame[1024];
    frame[0] = *above;
    return depth == 0 ? frame[0] : recurse(depth - 1, frame) + frame[0];
}

CASE(stack_grows)
{
    CHECK(recurse(6000, &(char){0}) == 0); /* about 6 MiB of the 8 MiB */
}

CASE(stack_limit_is_obeyed)
{
    pid_t child = process_fork();
    if (child == 0) {
        struct rlimit limit = {MIB, RLIM_INFINITY};
        CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
        CHECK_EQ(recurse(100, &(char){0}), 0);
        recurse(3000, &(char){0});
        _exit(0);
    }
    process_dies(child, SIGSEGV);
}

CASE(growsdown_mapping)
{
    char *area = memory_alloc(600 * PAGE);
    CHECK_OK(munmap(area, 600 * PAGE));
    char *low = mmap(area + 590 * PAGE, PAGE, RW, PRIVATE | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    CHECK(low == area + 590 * PAGE);
    low[0] = 1;
    low[-1] = 2; /* the page below appears */
    low[-PAGE - 1] = 3;
    CHECK(low[-1] == 2 && low[0] == 1);
}
