/*
 * fork, then changing ranges that begin, end or cross at the borders of page tables: 2 MiB, 1 GiB
 * and 512 GiB. Each operation is done in the child (the parent must not notice) and in the parent
 * (the child must not notice).
 */
#include "harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HALF = 6 }; /* pages on each side of a border */

static char *const borders[] = {
    (char *)0x220000200000, /* of a last-level table: 2 MiB */
    (char *)0x210040000000, /* 1 GiB */
    (char *)0x208000000000, /* 512 GiB */
};

static char *range_map(char *border)
{
    char *base = border - HALF * PAGE;
    void *memory = mmap(base, 2 * HALF * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(memory == base);
    for (int i = 0; i < 2 * HALF; i++)
        base[i * PAGE] = i + 1;
    return base;
}

static void range_check(const char *base)
{
    for (int i = 0; i < 2 * HALF; i++)
        CHECK_EQ(base[i * PAGE], i + 1);
}

/* Does the operation on one side of a fork and checks that the other side stays as it was. */
static void border_try(char *border, void (*operate)(char *), bool in_child)
{
    struct gate gate;
    gate_init(&gate);
    char *base = range_map(border);
    pid_t child = process_fork();
    if (child == 0) {
        if (in_child) {
            operate(base);
            _exit(0);
        }
        gate_wait(&gate);
        range_check(base);
        for (int i = 0; i < 2 * HALF; i++)
            CHECK(memory_writable(base + i * PAGE));
        _exit(0);
    }
    if (!in_child) {
        operate(base);
        gate_open(&gate);
    }
    process_exits(child, 0);
    if (in_child) {
        range_check(base);
        for (int i = 0; i < 2 * HALF; i++)
            CHECK(memory_writable(base + i * PAGE));
    }
    munmap(base, 2 * HALF * PAGE);
    gate_drop(&gate);
}

static void border_sweep(void (*operate)(char *))
{
    for (size_t i = 0; i < sizeof(borders) / sizeof(*borders); i++) {
        border_try(borders[i], operate, true);
        border_try(borders[i], operate, false);
    }
}

static void write_all(char *base)
{
    for (int i = 0; i < 2 * HALF; i++)
        base[i * PAGE] = 100 + i;
    for (int i = 0; i < 2 * HALF; i++)
        CHECK_EQ(base[i * PAGE], 100 + i);
}

CASE(write_across)
{
    border_sweep(write_all);
}

static void unmap_across(char *base)
{
    CHECK_OK(munmap(base + 4 * PAGE, 4 * PAGE));
    for (int i = 0; i < 2 * HALF; i++)
        CHECK_EQ(memory_readable(base + i * PAGE), i < 4 || i >= 8);
    CHECK(base[3 * PAGE] == 4 && base[8 * PAGE] == 9);
}

CASE(unmap_across_the_border)
{
    border_sweep(unmap_across);
}

static void unmap_below(char *base)
{
    CHECK_OK(munmap(base, HALF * PAGE));
    CHECK(!memory_readable(base + (HALF - 1) * PAGE));
    CHECK_EQ(base[HALF * PAGE], HALF + 1);
}

static void unmap_above(char *base)
{
    CHECK_OK(munmap(base + HALF * PAGE, HALF * PAGE));
    CHECK(!memory_readable(base + HALF * PAGE));
    CHECK_EQ(base[(HALF - 1) * PAGE], HALF);
}

CASE(unmap_up_to_the_border)
{
    border_sweep(unmap_below);
    border_sweep(unmap_above);
}

static void protect_across(char *base)
{
    CHECK_OK(mprotect(base + 4 * PAGE, 4 * PAGE, PROT_READ));
    for (int i = 0; i < 2 * HALF; i++) {
        CHECK_EQ(memory_writable(base + i * PAGE), i < 4 || i >= 8);
        CHECK_EQ(base[i * PAGE], i + 1);
    }
    CHECK_OK(mprotect(base + 4 * PAGE, 4 * PAGE, PROT_NONE));
    for (int i = 0; i < 2 * HALF; i++)
        CHECK_EQ(memory_readable(base + i * PAGE), i < 4 || i >= 8);
    CHECK_OK(mprotect(base, 2 * HALF * PAGE, PROT_READ | PROT_WRITE));
    write_all(base);
}

CASE(protect_across_the_border)
{
    border_sweep(protect_across);
}

static void move_across(char *base)
{
    char *target = memory_alloc(8 * PAGE);
    char *moved =
        mremap(base + 4 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE);
    CHECK(moved == target + PAGE);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(moved[i * PAGE], i + 5);
        moved[i * PAGE] = 50;
        CHECK(!memory_readable(base + (4 + i) * PAGE));
    }
    munmap(target, 8 * PAGE);
}

CASE(move_across_the_border)
{
    border_sweep(move_across);
}

static void shrink_and_grow(char *base)
{
    CHECK(mremap(base, 2 * HALF * PAGE, 3 * PAGE, 0) == base);
    CHECK(!memory_readable(base + 3 * PAGE));
    CHECK(mremap(base, 3 * PAGE, 2 * HALF * PAGE, 0) == base);
    for (int i = 0; i < 2 * HALF; i++) {
        CHECK_EQ(base[i * PAGE], i < 3 ? i + 1 : 0);
        base[i * PAGE] = 70;
    }
}

CASE(shrink_and_grow_across_the_border)
{
    border_sweep(shrink_and_grow);
}

static void forget_across(char *base)
{
    CHECK_OK(madvise(base + 4 * PAGE, 4 * PAGE, MADV_DONTNEED));
    for (int i = 0; i < 2 * HALF; i++)
        CHECK_EQ(base[i * PAGE], i < 4 || i >= 8 ? i + 1 : 0);
    write_all(base);
}

CASE(forget_across_the_border)
{
    border_sweep(forget_across);
}

static void replace_across(char *base)
{
    char *fresh = mmap(base + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(fresh == base + 4 * PAGE);
    for (int i = 0; i < 2 * HALF; i++)
        CHECK_EQ(base[i * PAGE], i < 4 || i >= 8 ? i + 1 : 0);
    write_all(base);
}

CASE(replace_across_the_border)
{
    border_sweep(replace_across);
}

static void fork_again(char *base)
{
    base[5 * PAGE] = 60;
    CHECK_OK(munmap(base + 6 * PAGE, PAGE));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(base[5 * PAGE], 60);
        CHECK(!memory_readable(base + 6 * PAGE));
        base[5 * PAGE] = 61;
        CHECK_OK(munmap(base, 2 * HALF * PAGE));
        _exit(0);
    }
    base[4 * PAGE] = 62;
    process_exits(child, 0);
    CHECK_EQ(base[5 * PAGE], 60);
    CHECK_EQ(base[11 * PAGE], 12);
}

CASE(fork_again_after_changes)
{
    border_sweep(fork_again);
}

/* Whole tables inside the range: two full last-level tables and a part on each side. */
CASE(whole_tables_inside_the_range)
{
    char *base = (char *)0x230000000000 + MIB;
    size_t size = 6 * MIB;
    for (int in_child = 0; in_child < 2; in_child++) {
        void *memory = mmap(base, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        CHECK(memory == base);
        memset(base, 7, size);
        pid_t child = process_fork();
        if ((child == 0) == in_child) {
            CHECK_OK(munmap(base + PAGE, size - 2 * PAGE));
            CHECK(base[0] == 7 && base[size - 1] == 7 && !memory_readable(base + 3 * MIB));
        } else {
            for (size_t at = 0; at < size; at += PAGE)
                CHECK_EQ(base[at], 7);
        }
        if (child == 0)
            _exit(0);
        process_exits(child, 0);
        CHECK_OK(munmap(base, size));
    }
}

CASE(protect_whole_tables)
{
    char *base = (char *)0x230000000000 + MIB;
    size_t size = 6 * MIB;
    CHECK(mmap(base, size, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == base);
    memset(base, 7, size);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(mprotect(base, size, PROT_READ));
        CHECK(!memory_writable(base + 3 * MIB));
        CHECK_OK(mprotect(base + 2 * MIB, MIB, PROT_READ | PROT_WRITE));
        base[2 * MIB] = 8;
        _exit(base[3 * MIB]);
    }
    base[3 * MIB] = 9;
    process_exits(child, 7);
    CHECK_EQ(base[2 * MIB], 7);
}

/* Mappings far apart: a fork shares slots of the root that hold one page each. */
CASE(sparse_pages)
{
    enum { COUNT = 24 };
    static char *pages[COUNT];
    for (int i = 0; i < COUNT; i++) {
        pages[i] = (char *)0x100000000000 + i * (600ul << 30) + i * PAGE;
        CHECK(mmap(pages[i], PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == pages[i]);
        *pages[i] = i;
    }
    pid_t child = process_fork();
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ(*pages[i], i);
        *pages[i] = i + (child == 0 ? 50 : 100);
    }
    for (int i = 0; i < COUNT; i += 2)
        CHECK_OK(munmap(pages[i], PAGE));
    for (int i = 1; i < COUNT; i += 2)
        CHECK_EQ(*pages[i], i + (child == 0 ? 50 : 100));
    if (child == 0)
        _exit(0);
    process_exits(child, 0);
}
