/* fork and memory: private memory is isolated both ways, shared memory is not, advice is obeyed. */
#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int data_variable = 1;
static int bss_variable;
static __thread int tls_variable = 1;
static const int constant = 77;

/* Parent and child each write and each look, in a fixed order. */
static void isolation_check(volatile char *byte)
{
    struct gate parent_wrote, child_wrote;
    gate_init(&parent_wrote);
    gate_init(&child_wrote);
    *byte = 1;
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&parent_wrote);
        CHECK_EQ(*byte, 1);
        *byte = 3;
        gate_open(&child_wrote);
        gate_wait(&parent_wrote);
        CHECK_EQ(*byte, 3);
        _exit(0);
    }
    *byte = 2;
    gate_open(&parent_wrote);
    gate_wait(&child_wrote);
    CHECK_EQ(*byte, 2);
    *byte = 4;
    gate_open(&parent_wrote);
    process_exits(child, 0);
    CHECK_EQ(*byte, 4);
    gate_drop(&parent_wrote);
    gate_drop(&child_wrote);
}

CASE(stack_is_isolated)
{
    volatile char byte;
    isolation_check(&byte);
}

CASE(heap_is_isolated)
{
    isolation_check(malloc(1));
    isolation_check((char *)malloc(8 * MIB) + 5 * MIB);
}

/* The raw call: returns the new end, or the old one when it fails. */
static char *break_set(char *end)
{
    return (char *)syscall(SYS_brk, end);
}

CASE(brk_is_isolated)
{
    char *old = (char *)(((uintptr_t)break_set(NULL) + PAGE - 1) & -PAGE);
    CHECK(break_set(old + 3 * PAGE) == old + 3 * PAGE);
    isolation_check(old + PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK(break_set(NULL) == old + 3 * PAGE);
        CHECK(break_set(old + 4 * PAGE) == old + 4 * PAGE);
        old[3 * PAGE] = 1;
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(break_set(NULL) == old + 3 * PAGE);
    CHECK(!memory_readable(old + 3 * PAGE));
}

CASE(data_bss_and_tls_are_isolated)
{
    isolation_check((char *)&data_variable);
    isolation_check((char *)&bss_variable);
    isolation_check((char *)&tls_variable);
}

CASE(untouched_memory_is_isolated)
{
    char *memory = memory_alloc(4 * PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        memory[0] = 1;
        CHECK_EQ(memory[PAGE], 0);
        memory[PAGE] = 1;
        _exit(0);
    }
    memory[2 * PAGE] = 9;
    process_exits(child, 0);
    CHECK(memory[0] == 0 && memory[PAGE] == 0 && memory[2 * PAGE] == 9);
}

CASE(zero_page_read_before_fork)
{
    volatile char *memory = memory_alloc(PAGE);
    CHECK_EQ(memory[0], 0);
    isolation_check(memory);
}

CASE(large_range_every_page)
{
    size_t size = 16 * MIB;
    char *memory = memory_alloc(size);
    for (size_t at = 0; at < size; at += PAGE)
        memory[at] = (char)(at / PAGE * 7);
    pid_t child = process_fork();
    if (child == 0) {
        for (size_t at = 0; at < size; at += PAGE) {
            CHECK_EQ(memory[at], (char)(at / PAGE * 7));
            memory[at] = (char)(at / PAGE * 5);
        }
        for (size_t at = 0; at < size; at += PAGE)
            CHECK_EQ(memory[at], (char)(at / PAGE * 5));
        _exit(0);
    }
    for (size_t at = size; at > 0; at -= PAGE)
        memory[at - 1] = 3;
    process_exits(child, 0);
    for (size_t at = 0; at < size; at += PAGE) {
        CHECK_EQ(memory[at], (char)(at / PAGE * 7));
        CHECK_EQ(memory[at + PAGE - 1], 3);
    }
}

CASE(generations_keep_their_values)
{
    enum { DEPTH = 12 };
    volatile char *memory = memory_alloc(DEPTH * PAGE);
    for (int depth = 0; depth < DEPTH; depth++) {
        memory[depth * PAGE] = depth + 1;
        pid_t child = process_fork();
        if (child == 0) {
            memory[0] = depth + 100;
            continue;
        }
        process_exits(child, 0);
        for (int i = 1; i <= depth; i++)
            CHECK_EQ(memory[i * PAGE], i + 1);
        CHECK_EQ(memory[0], depth == 0 ? 1 : depth + 99);
        if (depth == 0)
            return;
        _exit(0);
    }
    _exit(0);
}

CASE(siblings_do_not_see_each_other)
{
    enum { COUNT = 16 };
    volatile char *memory = memory_alloc(PAGE);
    pid_t children[COUNT];
    struct gate gate;
    gate_init(&gate);
    for (int i = 0; i < COUNT; i++) {
        memory[0] = i;
        children[i] = process_fork();
        if (children[i] == 0) {
            CHECK_EQ(memory[0], i);
            memory[0] = 100 + i;
            gate_wait(&gate);
            CHECK_EQ(memory[0], 100 + i);
            _exit(0);
        }
    }
    for (int i = 0; i < COUNT; i++)
        gate_open(&gate);
    for (int i = 0; i < COUNT; i++)
        process_exits(children[i], 0);
    CHECK_EQ(memory[0], COUNT - 1);
}

CASE(parent_exits_first_child_keeps_memory)
{
    volatile char *memory = memory_alloc(3 * MIB);
    memset((char *)memory, 5, 3 * MIB);
    struct gate gate, done;
    gate_init(&gate);
    gate_init(&done);
    pid_t middle = process_fork();
    if (middle == 0) {
        if (process_fork() == 0) {
            gate_wait(&gate);
            for (size_t at = 0; at < 3 * MIB; at += PAGE)
                CHECK_EQ(memory[at], 5);
            memory[MIB] = 6;
            gate_open(&done);
            _exit(0);
        }
        memset((char *)memory, 8, MIB);
        _exit(0);
    }
    process_exits(middle, 0);
    gate_open(&gate);
    gate_wait(&done);
    CHECK_EQ(memory[MIB], 5);
}

CASE(shared_anonymous_is_shared)
{
    volatile int *shared = shared_alloc(2 * PAGE);
    pid_t child = process_fork();
    if (child == 0) {
        shared[0] = 10;
        shared[PAGE / 4] = 20;
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(shared[0] == 10 && shared[PAGE / 4] == 20);
}

CASE(shared_untouched_before_fork)
{
    volatile int *shared = shared_alloc(4 * MIB);
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        CHECK_EQ(shared[MIB / 2], 31);
        shared[MIB / 2 + 1] = 32;
        _exit(0);
    }
    shared[MIB / 2] = 31;
    gate_open(&gate);
    process_exits(child, 0);
    CHECK_EQ(shared[MIB / 2 + 1], 32);
}

/* A shared and a private page under the same page table: writing the private one copies the table,
 * which must not turn the shared page into a copy. */
CASE(shared_page_beside_private_page)
{
    char *base = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(base != MAP_FAILED);
    volatile char *shared = mmap(base + PAGE, PAGE, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(shared == (char *)base + PAGE);
    base[0] = base[2 * PAGE] = 1;
    shared[0] = 1;
    pid_t child = process_fork();
    if (child == 0) {
        base[0] = 2;
        shared[0] = 2;
        base[2 * PAGE] = 2;
        pid_t grandchild = process_fork();
        if (grandchild == 0) {
            CHECK_EQ(shared[0], 2);
            base[0] = 3;
            shared[1] = 3;
            _exit(0);
        }
        process_exits(grandchild, 0);
        CHECK_EQ(shared[1], 3);
        CHECK_EQ(base[0], 2);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(base[0] == 1 && base[2 * PAGE] == 1 && shared[0] == 2 && shared[1] == 3);
    shared[0] = 7;
    child = process_fork();
    if (child == 0)
        _exit(shared[0]);
    process_exits(child, 7);
}

CASE(shared_file_and_private_file)
{
    file_write("file", "abcdefgh");
    int fd = CHECK_OK(open("file", O_RDWR));
    volatile char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    private[1] = 'P';
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(private[1], 'P');
        shared[0] = 'S';
        private[2] = 'C';
        _exit(0);
    }
    process_exits(child, 0);
    char text[16];
    CHECK_EQ(pread(fd, text, 8, 0), 8);
    CHECK(memcmp(text, "Sbcdefgh", 8) == 0);
    CHECK(private[1] == 'P' && private[2] == 'c');
}

CASE(read_only_stays_read_only)
{
    char *memory = memory_alloc(PAGE);
    memory[0] = 4;
    CHECK_OK(mprotect(memory, PAGE, PROT_READ));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(memory[0], 4);
        memory[0] = 5;
        _exit(0);
    }
    process_dies(child, SIGSEGV);
    child = process_fork();
    if (child == 0) {
        CHECK_OK(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
        memory[0] = 6;
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(memory[0], 4);
    CHECK(!memory_writable(memory));
}

CASE(program_text_and_constants_stay_read_only)
{
    pid_t child = process_fork();
    if (child == 0) {
        *(volatile int *)(uintptr_t)&constant = 1;
        _exit(0);
    }
    process_dies(child, SIGSEGV);
    child = process_fork();
    if (child == 0) {
        *(volatile char *)(uintptr_t)process_fork = 1;
        _exit(0);
    }
    process_dies(child, SIGSEGV);
}

CASE(inaccessible_stays_inaccessible)
{
    volatile char *memory = memory_alloc(2 * PAGE);
    memory[0] = 1;
    CHECK_OK(mprotect((char *)memory, PAGE, PROT_NONE));
    pid_t child = process_fork();
    if (child == 0)
        _exit(memory[0]);
    process_dies(child, SIGSEGV);
    CHECK_OK(mprotect((char *)memory, PAGE, PROT_READ));
    CHECK_EQ(memory[0], 1);
}

CASE(made_writable_after_fork_is_private)
{
    volatile char *memory = memory_alloc(PAGE);
    memory[0] = 1;
    CHECK_OK(mprotect((char *)memory, PAGE, PROT_READ));
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        CHECK_EQ(memory[0], 1);
        _exit(0);
    }
    CHECK_OK(mprotect((char *)memory, PAGE, PROT_READ | PROT_WRITE));
    memory[0] = 2;
    gate_open(&gate);
    process_exits(child, 0);
}

CASE(unmap_in_child_keeps_parent)
{
    char *memory = memory_alloc(6 * MIB);
    memset(memory, 1, 6 * MIB);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(munmap(memory, 6 * MIB));
        CHECK(!memory_readable(memory + 3 * MIB));
        _exit(0);
    }
    process_exits(child, 0);
    for (size_t at = 0; at < 6 * MIB; at += PAGE)
        CHECK_EQ(memory[at], 1);
}

CASE(unmap_in_parent_keeps_child)
{
    char *memory = memory_alloc(6 * MIB);
    memset(memory, 1, 6 * MIB);
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        for (size_t at = 0; at < 6 * MIB; at += PAGE)
            CHECK_EQ(memory[at], 1);
        _exit(0);
    }
    CHECK_OK(munmap(memory, 6 * MIB));
    gate_open(&gate);
    process_exits(child, 0);
    CHECK(!memory_readable(memory));
}

CASE(new_mapping_in_child_is_not_in_parent)
{
    char *hole = memory_alloc(PAGE);
    CHECK_OK(munmap(hole, PAGE));
    pid_t child = process_fork();
    if (child == 0) {
        char *memory = mmap(hole, PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(memory == hole);
        memory[0] = 1;
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(!memory_readable(hole));
}
