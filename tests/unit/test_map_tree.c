/*
 * The mapping tree against an array of pages: random operations on several trees that are forks of
 * each other, with allocations that fail, each followed by the tree's own check and a comparison
 * mapping by mapping.
 */
#include "unit.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "lib/map_tree.h"

#include <stdio.h>
#include <string.h>

enum { TREES = 5, PAGES = 1500, OBJECTS = 4, PAGE = 4096 };

static const uint64_t BASE = UINT64_C(0x7ff000000000);

struct cell {
    bool used;
    uint32_t prot, flags;
    uint64_t tag;
    struct unit_object *object;
    uint64_t offset;
};

struct model {
    struct map_tree tree;
    struct cell cells[PAGES];
};

static struct model models[TREES];
static struct unit_object objects[OBJECTS];

static void *node_alloc(void)
{
    return unit_alloc(sizeof(struct map_node));
}

static const struct map_tree_ops ops = {
    .node_alloc = node_alloc,
    .node_free = unit_free,
    .object_get = unit_object_get,
    .object_put = unit_object_put,
};

static uint64_t address_of(size_t page)
{
    return BASE + page * PAGE;
}

/* --- the naive model --- */

static bool cells_join(const struct cell *a, const struct cell *b)
{
    return a->used == b->used && a->prot == b->prot && a->flags == b->flags && a->tag == b->tag &&
           a->object == b->object && (a->object == NULL || a->offset + PAGE == b->offset);
}

/* Compares with the maximal runs of cells that are one mapping. */
static void model_compare(const struct model *model)
{
    const struct mapping *mapping = map_tree_next(&model->tree, 0);
    uint32_t count = 0;
    uint64_t total = 0;
    size_t end;

    map_tree_check(&model->tree);
    for (size_t page = 0; page < PAGES; page = end) {
        const struct cell *cell = &model->cells[page];

        for (end = page + 1; end < PAGES; end++) {
            if (!cells_join(&model->cells[end - 1], &model->cells[end]))
                break;
        }
        if (!cell->used)
            continue;
        assert_non_null(mapping);
        assert_int_equal(mapping->start, address_of(page));
        assert_int_equal(mapping->end, address_of(end));
        assert_int_equal(mapping->prot, cell->prot);
        assert_int_equal(mapping->flags, cell->flags);
        assert_int_equal(mapping->tag, cell->tag);
        assert_ptr_equal(mapping->object, cell->object);
        assert_true(cell->object == NULL || mapping->offset == cell->offset);
        count++;
        total += (end - page) * PAGE;
        mapping = map_tree_next(&model->tree, mapping->end);
    }
    assert_null(mapping);
    assert_int_equal(model->tree.count, count);
    assert_int_equal(model->tree.total, total);
}

/* A range of pages: mostly short. */
static void range_random(size_t *first, size_t *last)
{
    size_t length = 1 + unit_random(unit_chance(16) ? PAGES : 12);

    *first = unit_random(PAGES);
    *last = *first + length < PAGES ? *first + length : PAGES;
}

static void fail_sometimes(void)
{
    unit_fail_at(unit_chance(4) ? 1 + unit_random(6) : 0);
}

/* --- operations on both --- */

static void do_insert(struct model *model, size_t first, size_t last)
{
    struct unit_object *object = unit_chance(2) ? NULL : &objects[unit_random(OBJECTS)];
    struct mapping mapping = {
        .start = address_of(first),
        .end = address_of(last),
        .object = object,
        .offset = first * PAGE + unit_random(2) * PAGE,
        .prot = (uint32_t)unit_random(2),
        .flags = unit_chance(8),
        .tag = unit_chance(16),
    };
    bool taken = false;
    int result = map_tree_insert(&ops, &model->tree, &mapping);

    for (size_t page = first; page < last; page++)
        taken = taken || model->cells[page].used;
    if (taken)
        assert_int_equal(result, -EEXIST);
    else
        assert_true(result == 0 || result == -ENOMEM);
    for (size_t page = first; result == 0 && page < last; page++)
        model->cells[page] = (struct cell){
            true,        mapping.prot, mapping.flags,
            mapping.tag, object,       object != NULL ? mapping.offset + (page - first) * PAGE : 0};
}

static void do_erase(struct model *model, size_t first, size_t last)
{
    int result = map_tree_erase(&ops, &model->tree, address_of(first), address_of(last));

    assert_true(result == 0 || result == -ENOMEM);
    if (result == 0)
        memset(&model->cells[first], 0, (last - first) * sizeof(model->cells[0]));
}

static void do_change(struct model *model, size_t first, size_t last)
{
    struct map_change change = {.prot_set = (uint32_t)unit_random(4), .prot_clear = 3};
    int result;

    if (unit_chance(4))
        change = (struct map_change){.flags_clear = 1, .tag_set = unit_random(2), .tag_clear = 1};
    result = map_tree_change(&ops, &model->tree, address_of(first), address_of(last), &change);
    assert_true(result == 0 || result == -ENOMEM);
    for (size_t page = first; result == 0 && page < last; page++) {
        struct cell *cell = &model->cells[page];

        if (!cell->used)
            continue;
        cell->prot = (cell->prot & ~change.prot_clear) | change.prot_set;
        cell->flags = (cell->flags & ~change.flags_clear) | change.flags_set;
        cell->tag = (cell->tag & ~change.tag_clear) | change.tag_set;
    }
}

static void do_find(const struct model *model, size_t first, size_t last)
{
    uint64_t address = address_of(first) + unit_random(PAGE);
    const struct mapping *found = map_tree_find(&model->tree, address);
    const struct mapping *next = map_tree_next(&model->tree, address);
    const struct mapping *prev = map_tree_prev(&model->tree, address_of(first));
    size_t after = first;
    size_t before = first;
    uint64_t mapped = 0;

    assert_int_equal(found != NULL, model->cells[first].used);
    assert_true(found == NULL || (found->start <= address && address < found->end));
    while (after < PAGES && !model->cells[after].used)
        after++;
    assert_int_equal(next != NULL, after < PAGES);
    assert_true(next == NULL || map_tree_find(&model->tree, address_of(after)) == next);
    while (before > 0 && !model->cells[before - 1].used)
        before--;
    assert_int_equal(prev != NULL, before > 0);
    assert_true(prev == NULL || map_tree_find(&model->tree, address_of(before - 1)) == prev);
    for (size_t page = first; page < last; page++)
        mapped += model->cells[page].used ? PAGE : 0;
    assert_int_equal(map_tree_mapped(&model->tree, address_of(first), address_of(last)), mapped);
}

static bool cells_free(const struct model *model, size_t first, size_t count)
{
    for (size_t page = first; page < first + count; page++) {
        if (model->cells[page].used)
            return false;
    }
    return true;
}

static void do_gap(const struct model *model, size_t first, size_t last)
{
    size_t size = 1 + unit_random(unit_chance(4) ? 60 : 6);
    size_t align = (size_t)1 << unit_random(unit_chance(4) ? 5 : 1);
    bool top_down = unit_chance(2);
    bool expected = false;
    uint64_t at = 0;
    uint64_t wanted = 0;
    int result;

    for (size_t page = first; page + size <= last && (top_down || !expected); page++) {
        if (address_of(page) % (align * PAGE) == 0 && cells_free(model, page, size)) {
            expected = true;
            wanted = address_of(page);
        }
    }
    result = map_tree_gap(&model->tree, address_of(first), address_of(last), size * PAGE,
                          align * PAGE, top_down, &at);
    assert_int_equal(result, expected ? 0 : -ENOMEM);
    assert_int_equal(at, wanted);
}

static void model_drop(struct model *model)
{
    if (unit_chance(2))
        map_tree_drop(&ops, &model->tree);
    else
        while (!map_tree_drop_some(&ops, &model->tree, (uint32_t)(1 + unit_random(5))))
            ;
    assert_null(model->tree.root);
    memset(model, 0, sizeof(*model));
}

static void do_fork(struct model *model)
{
    struct model *parent = &models[unit_random(TREES)];
    uint64_t before = unit_allocations();

    if (parent == model)
        return;
    model_drop(model);
    map_tree_fork(&model->tree, &parent->tree);
    memcpy(model->cells, parent->cells, sizeof(model->cells));
    assert_int_equal(unit_allocations(), before);
    if (unit_chance(8))
        (void)map_tree_own_all(&ops, &model->tree);
}

/* Two edits as one: a draft is edited and adopted, or dropped. */
static void do_draft(struct model *model, size_t first, size_t last)
{
    static struct model draft;

    memcpy(draft.cells, model->cells, sizeof(draft.cells));
    map_tree_fork(&draft.tree, &model->tree);
    do_erase(&draft, first, last);
    do_insert(&draft, first, last);
    model_compare(&draft);
    model_compare(model);
    if (unit_chance(2)) {
        map_tree_adopt(&ops, &model->tree, &draft.tree);
        memcpy(model->cells, draft.cells, sizeof(draft.cells));
    } else {
        map_tree_drop(&ops, &draft.tree);
    }
    assert_null(draft.tree.root);
}

static void do_anything(struct model *model)
{
    size_t first, last;

    range_random(&first, &last);
    fail_sometimes();
    switch (unit_random(16)) {
    case 0 ... 5:
        do_insert(model, first, last);
        break;
    case 6 ... 7:
        do_erase(model, first, last);
        break;
    case 8 ... 10:
        do_change(model, first, last);
        break;
    case 11:
        do_find(model, first, last);
        break;
    case 12 ... 13:
        do_gap(model, first, unit_chance(2) ? PAGES : last);
        break;
    case 14:
        do_draft(model, first, last);
        break;
    default:
        if (unit_chance(8))
            do_fork(model);
        break;
    }
    unit_fail_at(0);
}

static void all_gone(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        assert_int_equal(objects[i].refs, 1);
    assert_int_equal(unit_live(), 0);
}

static void test_random(void **state)
{
    (void)state;
    for (uint64_t n = unit_rounds(120000); n > 0; n--) {
        struct model *model = &models[unit_random(TREES)];

        do_anything(model);
        model_compare(model);
        if (n % 64 == 0)
            model_compare(&models[unit_random(TREES)]);
    }
    for (size_t i = 0; i < TREES; i++)
        model_drop(&models[i]);
    all_gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
    };

    unit_begin("map_tree");
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i].refs = 1;
    return cmocka_run_group_tests_name("map_tree", tests, NULL, NULL);
}
