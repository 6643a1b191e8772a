/*
 * fork against a model: random operations on a range of pages in a tree of processes, each of which
 * knows what its own memory must look like. Seeds are fixed, so a failure repeats.
 */
#include "harness.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGES = 48, STEPS = 60, DEPTH = 3 };

enum page_state { UNMAPPED, READ_ONLY, WRITABLE };

struct model {
    unsigned random;
    char *base;
    char value[PAGES];
    enum page_state state[PAGES];
};

static unsigned random_below(struct model *model, unsigned limit)
{
    model->random = model->random * 1664525 + 1013904223;
    return (model->random >> 8) % limit;
}

static void model_check(struct model *model)
{
    for (int i = 0; i < PAGES; i++) {
        char *page = model->base + i * PAGE;
        CHECK_EQ(memory_readable(page), model->state[i] != UNMAPPED);
        if (model->state[i] == UNMAPPED)
            continue;
        CHECK_EQ(*page, model->value[i]);
        CHECK_EQ(memory_writable(page), model->state[i] == WRITABLE);
    }
}

static void model_write(struct model *model, unsigned page)
{
    if (model->state[page] != WRITABLE)
        return;
    model->value[page] = random_below(model, 256);
    model->base[page * PAGE] = model->value[page];
}

static void model_map(struct model *model, unsigned page, unsigned count)
{
    CHECK(mmap(model->base + page * PAGE, count * PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
    for (unsigned i = page; i < page + count; i++) {
        model->value[i] = 0;
        model->state[i] = WRITABLE;
    }
}

static void model_unmap(struct model *model, unsigned page, unsigned count)
{
    CHECK_OK(munmap(model->base + page * PAGE, count * PAGE));
    for (unsigned i = page; i < page + count; i++)
        model->state[i] = UNMAPPED;
}

static bool model_mapped(const struct model *model, unsigned page, unsigned count)
{
    for (unsigned i = page; i < page + count; i++)
        if (model->state[i] == UNMAPPED)
            return false;
    return true;
}

static void model_protect(struct model *model, unsigned page, unsigned count, enum page_state state)
{
    if (!model_mapped(model, page, count))
        return;
    CHECK_OK(mprotect(model->base + page * PAGE, count * PAGE,
                      state == WRITABLE ? PROT_READ | PROT_WRITE : PROT_READ));
    for (unsigned i = page; i < page + count; i++)
        model->state[i] = state;
}

static void model_forget(struct model *model, unsigned page, unsigned count)
{
    if (!model_mapped(model, page, count))
        return;
    CHECK_OK(madvise(model->base + page * PAGE, count * PAGE, MADV_DONTNEED));
    memset(model->value + page, 0, count);
}

/* Moves one page onto another one. */
static void model_move(struct model *model, unsigned from, unsigned to)
{
    if (from == to || model->state[from] == UNMAPPED)
        return;
    void *target = model->base + to * PAGE;
    CHECK(mremap(model->base + from * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) ==
          target);
    model->state[to] = model->state[from];
    model->value[to] = model->value[from];
    model->state[from] = UNMAPPED;
}

static void model_step(struct model *model)
{
    unsigned page = random_below(model, PAGES), count = 1 + random_below(model, PAGES - page);
    switch (random_below(model, 12)) {
    case 0:
        return model_map(model, page, count);
    case 1:
        return model_unmap(model, page, 1 + count / 4);
    case 2:
        return model_protect(model, page, 1 + count / 4, READ_ONLY);
    case 3:
        return model_protect(model, page, 1 + count / 4, WRITABLE);
    case 4:
        return model_forget(model, page, 1 + count / 4);
    case 5:
        return model_move(model, page, random_below(model, PAGES));
    default:
        return model_write(model, page);
    }
}

static void model_run(struct model *model, int depth)
{
    pid_t children[STEPS];
    int count = 0;
    for (int step = 0; step < STEPS; step++) {
        model_step(model);
        if (depth == 0 || random_below(model, 12) != 0)
            continue;
        pid_t child = process_fork();
        if (child == 0) {
            model->random ^= 0x9e3779b9 * (step + 1);
            model_check(model);
            model_run(model, depth - 1);
            _exit(0);
        }
        children[count++] = child;
    }
    model_check(model);
    for (int i = 0; i < count; i++)
        process_exits(children[i], 0);
    model_check(model);
}

static void model_start(unsigned seed, char *base)
{
    struct model model = {.random = seed, .base = base};
    model_map(&model, 0, PAGES);
    model_run(&model, DEPTH);
    munmap(base, PAGES * PAGE);
}

CASE(inside_one_table)
{
    for (unsigned seed = 1; seed <= 2; seed++)
        model_start(seed, (char *)0x240000000000);
}

CASE(across_two_tables)
{
    for (unsigned seed = 11; seed <= 12; seed++)
        model_start(seed, (char *)0x240000200000 - PAGES / 2 * PAGE);
}

CASE(across_two_directories)
{
    for (unsigned seed = 21; seed <= 22; seed++)
        model_start(seed, (char *)0x240040000000 - PAGES / 2 * PAGE);
}

CASE(across_two_root_slots)
{
    for (unsigned seed = 31; seed <= 32; seed++)
        model_start(seed, (char *)0x248000000000 - PAGES / 2 * PAGE);
}
