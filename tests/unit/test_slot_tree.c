/*
 * The slot tree against arrays: random operations on several trees that are forks of each other,
 * with allocations that fail, each followed by the tree's own check.
 */
#include "unit.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "lib/slot_tree.h"

#include <stdio.h>
#include <string.h>

enum { TREES = 6, INDICES = 420, OBJECTS = 16 };

struct model {
    struct slot_tree tree;
    void *items[INDICES];
    bool marks[INDICES];
};

static struct model models[TREES];
static uint64_t indices[INDICES]; /* ascending */
static struct unit_object objects[OBJECTS];

static void *node_alloc(void)
{
    return unit_alloc(sizeof(struct slot_node));
}

static const struct slot_tree_ops ops = {
    .node_alloc = node_alloc,
    .node_free = unit_free,
    .item_get = unit_object_get,
    .item_put = unit_object_put,
};

/* Dense at the bottom and around the borders of levels, and the far end. */
static void indices_make(void)
{
    size_t n = 0;

    for (uint64_t i = 0; i < 200; i++)
        indices[n++] = i;
    for (uint64_t i = 0; i < 100; i++)
        indices[n++] = 4096 - 50 + i;
    for (uint64_t i = 0; i < 100; i++)
        indices[n++] = (UINT64_C(1) << 18) - 50 + i;
    for (uint64_t i = 0; i < 10; i++)
        indices[n++] = (UINT64_C(1) << 60) - 5 + i;
    for (uint64_t i = 0; i < 10; i++)
        indices[n++] = UINT64_MAX - 9 + i;
    assert_int_equal(n, INDICES);
}

/* Mostly small indices, and sometimes all, so that trees of every height live long. */
static size_t place_random(void)
{
    static const size_t limits[] = {20, 200, 300, 400, INDICES};

    return unit_random(limits[unit_random(array_size(limits))]);
}

static void model_compare(const struct model *model)
{
    uint64_t used = 0;

    slot_tree_check(&model->tree);
    for (size_t i = 0; i < INDICES; i++) {
        assert_ptr_equal(slot_tree_get(&model->tree, indices[i]), model->items[i]);
        assert_int_equal(slot_tree_marked(&model->tree, indices[i]), model->marks[i]);
        used += model->items[i] != NULL;
    }
    assert_int_equal(slot_tree_count(&model->tree), used);
}

static void fail_sometimes(void)
{
    unit_fail_at(unit_chance(4) ? 1 + unit_random(6) : 0);
}

static struct unit_object *object_take(void)
{
    struct unit_object *object = &objects[unit_random(OBJECTS)];

    unit_object_get(object);
    return object;
}

static void do_set(struct model *model, size_t place)
{
    struct unit_object *object = object_take();
    bool mark = unit_chance(2);
    int result = slot_tree_set(&ops, &model->tree, indices[place], object, mark);

    if (model->items[place] != NULL)
        assert_int_equal(result, -EEXIST);
    if (result < 0) {
        assert_true(result == -EEXIST || result == -ENOMEM);
        unit_object_put(object);
        return;
    }
    model->items[place] = object;
    model->marks[place] = mark;
}

static void do_replace(struct model *model, size_t place)
{
    struct unit_object *object = object_take();
    void *old;
    int result = slot_tree_replace(&ops, &model->tree, indices[place], object, true, &old);

    if (result < 0) {
        assert_int_equal(result, -ENOMEM);
        unit_object_put(object);
        return;
    }
    assert_ptr_equal(old, model->items[place]);
    if (old != NULL)
        unit_object_put(old);
    model->items[place] = object;
    model->marks[place] = true;
}

static void do_clear(struct model *model, size_t place)
{
    void *old;
    int result = slot_tree_clear(&ops, &model->tree, indices[place], &old);

    if (model->items[place] == NULL)
        assert_int_equal(result, -ENOENT);
    if (result < 0) {
        assert_true(result == -ENOENT || result == -ENOMEM);
        return;
    }
    assert_ptr_equal(old, model->items[place]);
    unit_object_put(old);
    model->items[place] = NULL;
    model->marks[place] = false;
}

static void do_mark(struct model *model, size_t place)
{
    bool mark = unit_chance(2);
    int result = mark ? slot_tree_mark(&ops, &model->tree, indices[place])
                      : slot_tree_unmark(&ops, &model->tree, indices[place]);

    if (model->items[place] == NULL)
        assert_int_equal(result, -ENOENT);
    else if (result == 0)
        model->marks[place] = mark;
    else
        assert_int_equal(result, -ENOMEM);
}

/* After a reserve the next change of the slot allocates nothing. */
static void do_reserve(struct model *model, size_t place)
{
    uint64_t before;

    if (slot_tree_reserve(&ops, &model->tree, indices[place]) < 0)
        return;
    slot_tree_check(&model->tree);
    before = unit_allocations();
    unit_fail_at(1);
    if (model->items[place] == NULL && unit_chance(2))
        slot_tree_unreserve(&ops, &model->tree, indices[place]);
    else if (model->items[place] == NULL)
        do_set(model, place);
    else if (unit_chance(2))
        do_clear(model, place);
    else
        do_replace(model, place);
    assert_true(unit_fail_pending());
    assert_int_equal(unit_allocations(), before);
}

static void do_search(struct model *model, size_t place)
{
    uint64_t from = indices[place];
    uint64_t free_index = slot_tree_lowest_free(&model->tree, from);
    uint64_t expected = from;
    uint64_t used_at = from;
    uint64_t marked_at = from;
    size_t used = place;
    size_t marked = place;

    for (size_t i = place; i < INDICES && indices[i] == expected && model->items[i] != NULL; i++)
        expected += expected != UINT64_MAX;
    assert_int_equal(free_index, expected);
    while (used < INDICES && model->items[used] == NULL)
        used++;
    while (marked < INDICES && !model->marks[marked])
        marked++;
    assert_ptr_equal(slot_tree_next(&model->tree, &used_at),
                     used < INDICES ? model->items[used] : NULL);
    assert_int_equal(used_at, used < INDICES ? indices[used] : from);
    assert_ptr_equal(slot_tree_next_marked(&model->tree, &marked_at),
                     marked < INDICES ? model->items[marked] : NULL);
    assert_int_equal(marked_at, marked < INDICES ? indices[marked] : from);
}

static void model_drop(struct model *model)
{
    if (unit_chance(2))
        slot_tree_drop(&ops, &model->tree);
    else
        while (!slot_tree_drop_some(&ops, &model->tree, (uint32_t)(1 + unit_random(5))))
            ;
    *model = (struct model){.tree = model->tree};
    assert_null(model->tree.root);
}

/* Drops a tree and makes it a fork of another one; the fork allocates nothing. */
static void do_fork(struct model *model)
{
    struct model *parent = &models[unit_random(TREES)];
    uint64_t before = unit_allocations();

    if (parent == model)
        return;
    model_drop(model);
    slot_tree_fork(&model->tree, &parent->tree);
    memcpy(model->items, parent->items, sizeof(model->items));
    memcpy(model->marks, parent->marks, sizeof(model->marks));
    assert_int_equal(unit_allocations(), before);
    if (unit_chance(8))
        (void)slot_tree_own_all(&ops, &model->tree);
}

static void do_anything(struct model *model)
{
    size_t place = place_random();

    fail_sometimes();
    switch (unit_random(16)) {
    case 0 ... 5:
        do_set(model, place);
        break;
    case 6:
        do_replace(model, place);
        break;
    case 7 ... 9:
        do_clear(model, place);
        break;
    case 10 ... 11:
        do_mark(model, place);
        break;
    case 12:
        do_reserve(model, place);
        break;
    case 13 ... 14:
        do_search(model, place);
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

/* A tree that holds nothing is the zeroed tree again, whatever was in it. */
static void test_empty_again(void **state)
{
    struct slot_tree tree = {0};
    void *old;

    (void)state;
    for (size_t i = 0; i < INDICES; i++) {
        unit_object_get(&objects[0]);
        assert_int_equal(slot_tree_set(&ops, &tree, indices[i], &objects[0], false), 0);
    }
    for (size_t i = 0; i < INDICES; i++) {
        assert_int_equal(slot_tree_clear(&ops, &tree, indices[INDICES - 1 - i], &old), 0);
        unit_object_put(old);
        slot_tree_check(&tree);
    }
    assert_null(tree.root);
    assert_int_equal(slot_tree_reserve(&ops, &tree, 1 << 20), 0);
    slot_tree_unreserve(&ops, &tree, 1 << 20);
    assert_null(tree.root);
    all_gone();
}

/* A tree is as high as its highest index needs, and the far end of the index range is an end. */
static void test_height_and_end(void **state)
{
    struct slot_tree tree = {0};
    uint64_t index = UINT64_MAX;
    void *old;

    (void)state;
    objects[0].refs += 2;
    assert_int_equal(slot_tree_set(&ops, &tree, 3, &objects[0], false), 0);
    assert_int_equal(tree.height, 1);
    assert_int_equal(slot_tree_set(&ops, &tree, UINT64_MAX, &objects[0], false), 0);
    assert_int_equal(tree.height, SLOT_TREE_MAX_HEIGHT);
    assert_int_equal(slot_tree_lowest_free(&tree, UINT64_MAX), UINT64_MAX);
    assert_int_equal(slot_tree_lowest_free(&tree, UINT64_MAX - 1), UINT64_MAX - 1);
    assert_ptr_equal(slot_tree_next(&tree, &index), &objects[0]);
    assert_int_equal(slot_tree_clear(&ops, &tree, UINT64_MAX, &old), 0);
    assert_int_equal(tree.height, 1);
    slot_tree_check(&tree);
    unit_object_put(old);
    slot_tree_drop(&ops, &tree);
    all_gone();
}

/* --- the other sharer lets go while a node is being copied --- */

static struct slot_tree *let_go;

static void *racing_alloc(void)
{
    void *node = node_alloc();

    if (let_go != NULL)
        slot_tree_drop(&ops, let_go);
    let_go = NULL;
    return node;
}

static void racing_get(void *item)
{
    unit_object_get(item);
    if (let_go != NULL)
        slot_tree_drop(&ops, let_go);
    let_go = NULL;
}

static void race(const struct slot_tree_ops *racing, uint64_t items)
{
    struct slot_tree tree = {0};
    struct slot_tree other = {0};
    void *old;

    for (uint64_t i = 0; i < items; i++) {
        unit_object_get(&objects[i % OBJECTS]);
        assert_int_equal(slot_tree_set(&ops, &tree, i, &objects[i % OBJECTS], false), 0);
    }
    slot_tree_fork(&other, &tree);
    let_go = &other;
    assert_int_equal(slot_tree_clear(racing, &tree, items - 1, &old), 0);
    unit_object_put(old);
    assert_null(let_go);
    assert_null(other.root);
    slot_tree_check(&tree);
    assert_int_equal(slot_tree_count(&tree), items - 1);
    slot_tree_drop(&ops, &tree);
    all_gone();
}

static void test_racing_drop(void **state)
{
    struct slot_tree_ops in_alloc = ops;
    struct slot_tree_ops in_get = ops;

    (void)state;
    in_alloc.node_alloc = racing_alloc;
    in_get.item_get = racing_get;
    race(&in_alloc, 60);
    race(&in_alloc, 5000);
    race(&in_get, 60);
    race(&in_get, 5000);
}

/* The n-th allocation fails, for every n: nothing is created that stays, and the meaning is the
 * same. */
static void test_every_allocation_fails(void **state)
{
    struct slot_tree tree = {0};
    struct slot_tree shared = {0};
    int result = -ENOMEM;

    (void)state;
    for (uint64_t n = 1; result == -ENOMEM; n++) {
        unit_fail_at(n);
        result = slot_tree_set(&ops, &tree, UINT64_MAX, &objects[0], true);
        assert_true(result == 0 || (tree.root == NULL && unit_live() == 0));
    }
    unit_fail_at(0);
    unit_object_get(&objects[0]);
    slot_tree_fork(&shared, &tree);
    result = -ENOMEM;
    for (uint64_t n = 1; result == -ENOMEM; n++) {
        unit_fail_at(n);
        result = slot_tree_unmark(&ops, &tree, UINT64_MAX);
        assert_true(slot_tree_marked(&shared, UINT64_MAX));
        assert_int_equal(slot_tree_marked(&tree, UINT64_MAX), result != 0);
        slot_tree_check(&tree);
        slot_tree_check(&shared);
    }
    unit_fail_at(0);
    slot_tree_drop(&ops, &tree);
    slot_tree_drop(&ops, &shared);
    all_gone();
}

/* Work is counted, not timed: fork costs nothing, the first write one node per level, the second
 * none. */
static void test_cost(void **state)
{
    (void)state;
    for (uint64_t files = 3; files <= 100000; files = files * 30) {
        struct slot_tree parent = {0};
        struct slot_tree child = {0};
        uint64_t before;
        void *old;

        for (uint64_t i = 0; i < files; i++) {
            unit_object_get(&objects[1]);
            assert_int_equal(slot_tree_set(&ops, &parent, i, &objects[1], false), 0);
        }
        before = unit_allocations();
        slot_tree_fork(&child, &parent);
        assert_int_equal(unit_allocations(), before);
        assert_int_equal(slot_tree_clear(&ops, &child, 1, &old), 0);
        unit_object_put(old);
        assert_int_equal(unit_allocations(), before + child.height);
        assert_int_equal(slot_tree_clear(&ops, &child, 2, &old), 0);
        unit_object_put(old);
        assert_int_equal(unit_allocations(), before + child.height);
        slot_tree_drop(&ops, &parent);
        slot_tree_check(&child);
        slot_tree_drop(&ops, &child);
    }
    all_gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_empty_again),
        cmocka_unit_test(test_height_and_end),
        cmocka_unit_test(test_racing_drop),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_cost),
    };

    unit_begin("slot_tree");
    indices_make();
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i].refs = 1;
    return cmocka_run_group_tests_name("slot_tree", tests, NULL, NULL);
}
