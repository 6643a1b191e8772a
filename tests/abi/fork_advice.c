/* fork and madvise: what is not inherited, what is wiped, and that giving pages back is local. */
#include "harness.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

CASE(dontfork_leaves_a_hole)
{
    char *memory = memory_alloc(3 * PAGE);
    memset(memory, 1, 3 * PAGE);
    CHECK_OK(madvise(memory + PAGE, PAGE, MADV_DONTFORK));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK(memory[0] == 1 && memory[2 * PAGE] == 1);
        CHECK(!memory_readable(memory + PAGE));
        void *hole = mmap(memory + PAGE, PAGE, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(hole == memory + PAGE);
        CHECK_EQ(memory[PAGE], 0);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(memory[PAGE], 1);
    CHECK_OK(madvise(memory + PAGE, PAGE, MADV_DOFORK));
    child = process_fork();
    if (child == 0)
        _exit(memory[PAGE]);
    process_exits(child, 1);
}

CASE(dontfork_survives_in_second_fork)
{
    char *memory = memory_alloc(PAGE);
    memory[0] = 1;
    CHECK_OK(madvise(memory, PAGE, MADV_DONTFORK));
    for (int i = 0; i < 2; i++) {
        pid_t child = process_fork();
        if (child == 0)
            _exit(memory_readable(memory));
        process_exits(child, 0);
    }
}

CASE(wipeonfork_gives_zeroes)
{
    char *memory = memory_alloc(3 * PAGE);
    memset(memory, 1, 3 * PAGE);
    CHECK_OK(madvise(memory + PAGE, PAGE, MADV_WIPEONFORK));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK(memory[0] == 1 && memory[PAGE] == 0 && memory[2 * PAGE] == 1);
        memory[PAGE] = 5;
        pid_t grandchild = process_fork(); /* the advice is inherited */
        if (grandchild == 0)
            _exit(memory[PAGE]);
        process_exits(grandchild, 0);
        CHECK_EQ(memory[PAGE], 5);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(memory[PAGE], 1);
    CHECK_OK(madvise(memory + PAGE, PAGE, MADV_KEEPONFORK));
    child = process_fork();
    if (child == 0)
        _exit(memory[PAGE]);
    process_exits(child, 1);
}

CASE(wipeonfork_only_private_anonymous)
{
    file_write("file", "x");
    int fd = CHECK_OK(open("file", O_RDWR));
    void *mapped = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(mapped != MAP_FAILED);
    CHECK_ERR(madvise(mapped, PAGE, MADV_WIPEONFORK), EINVAL);
    CHECK_ERR(madvise(shared_alloc(PAGE), PAGE, MADV_WIPEONFORK), EINVAL);
}

CASE(dontneed_after_fork_is_local)
{
    volatile char *memory = memory_alloc(8 * PAGE);
    memset((char *)memory, 1, 8 * PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(madvise((char *)memory + 2 * PAGE, 2 * PAGE, MADV_DONTNEED));
        for (int i = 0; i < 8; i++)
            CHECK_EQ(memory[i * PAGE], i != 2 && i != 3);
        _exit(0);
    }
    process_exits(child, 0);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(memory[i * PAGE], 1);
}

CASE(dontneed_in_parent_keeps_child)
{
    volatile char *memory = memory_alloc(4 * MIB);
    memset((char *)memory, 1, 4 * MIB);
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        for (size_t at = 0; at < 4 * MIB; at += PAGE)
            CHECK_EQ(memory[at], 1);
        _exit(0);
    }
    CHECK_OK(madvise((char *)memory, 4 * MIB, MADV_DONTNEED));
    CHECK_EQ(memory[0] + memory[2 * MIB] + memory[4 * MIB - 1], 0);
    memory[0] = 9;
    gate_open(&gate);
    process_exits(child, 0);
    CHECK_EQ(memory[0], 9);
}

CASE(free_after_fork_keeps_the_other)
{
    volatile char *memory = memory_alloc(4 * PAGE);
    memset((char *)memory, 1, 4 * PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(madvise((char *)memory, 4 * PAGE, MADV_FREE));
        CHECK(memory[PAGE] == 0 || memory[PAGE] == 1);
        memory[PAGE] = 3;
        CHECK_EQ(memory[PAGE], 3);
        _exit(0);
    }
    process_exits(child, 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(memory[i * PAGE], 1);
}
