/*
 * What the mapping tree costs and what it survives: nodes allocated per fork and edit for small and
 * large trees, every allocation failing once, another sharer letting go in the middle of a copy,
 * and the ends of the address space.
 */
#include "unit.h"

#include "lib/errno.h"
#include "lib/map_tree.h"

enum { OBJECTS = 1, PAGE = 4096 };

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

static void all_gone(void)
{
    for (size_t i = 0; i < OBJECTS; i++)
        assert_int_equal(objects[i].refs, 1);
    assert_int_equal(unit_live(), 0);
}

/* --- large trees --- */

/* Mappings of one page with a hole of one page after each, so that none join. */
static void fill(struct map_tree *tree, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct mapping mapping = {
            .start = i * 2 * PAGE, .end = (i * 2 + 1) * PAGE, .object = &objects[0]};

        assert_int_equal(map_tree_insert(&ops, tree, &mapping), 0);
    }
    map_tree_check(tree);
}

/* Work is counted, not timed: fork costs nothing, a write the nodes of its paths whatever the
 * number of mappings. */
static void test_cost(void **state)
{
    (void)state;
    for (uint64_t count = 10; count <= 60000; count = count == 10000 ? 60000 : count * 10) {
        struct map_tree parent = {0};
        struct map_tree child = {0};
        struct map_change change = {.prot_set = 1};
        uint64_t before, first;

        fill(&parent, count);
        assert_int_equal(parent.count, count);
        before = unit_allocations();
        map_tree_fork(&child, &parent);
        assert_int_equal(unit_allocations(), before);
        assert_int_equal(map_tree_change(&ops, &child, 8 * PAGE, 9 * PAGE, &change), 0);
        first = unit_allocations();
        assert_in_range(first - before, 1, child.height);
        assert_int_equal(
            map_tree_change(&ops, &child, 8 * PAGE, 9 * PAGE, &(struct map_change){.tag_set = 1}),
            0);
        assert_int_equal(unit_allocations(), first);
        assert_int_equal(map_tree_erase(&ops, &child, 0, UINT64_MAX), 0);
        assert_int_equal(unit_allocations(), first);
        map_tree_check(&child);
        map_tree_drop(&ops, &parent);
        map_tree_drop(&ops, &child);
    }
    all_gone();
}

/* A wide erase in a shared tree copies its two border paths and visits nothing in between. */
static void test_wide_erase_of_shared(void **state)
{
    struct map_tree parent = {0};
    struct map_tree child = {0};
    uint64_t before;

    (void)state;
    fill(&parent, 50000);
    map_tree_fork(&child, &parent);
    before = unit_allocations();
    assert_int_equal(map_tree_erase(&ops, &child, 101 * PAGE, 99001 * PAGE), 0);
    assert_in_range(unit_allocations() - before, 1, 2 * parent.height);
    map_tree_check(&child);
    map_tree_check(&parent);
    assert_int_equal(parent.count, 50000);
    map_tree_drop(&ops, &parent);
    map_tree_check(&child);
    map_tree_drop(&ops, &child);
    all_gone();
}

/* Holes torn at random leave a tree that is still shallow and dense enough. */
static void test_thinning(void **state)
{
    struct map_tree tree = {0};

    (void)state;
    fill(&tree, 20000);
    for (uint64_t i = 0; i < 20000; i++) {
        if (i % 40 != 0)
            assert_int_equal(map_tree_erase(&ops, &tree, i * 2 * PAGE, (i * 2 + 1) * PAGE), 0);
    }
    map_tree_check(&tree);
    assert_int_equal(tree.count, 500);
    assert_in_range(unit_live(), 50, 250);
    assert_in_range(tree.height, 2, 4);
    map_tree_drop(&ops, &tree);
    all_gone();
}

/* --- failing allocations --- */

static int edit_number(struct map_tree *tree, unsigned int number)
{
    struct mapping mapping = {.start = 401 * PAGE, .end = 402 * PAGE, .object = &objects[0]};
    struct map_change change = {.prot_set = 7};

    switch (number) {
    case 0:
        return map_tree_insert(&ops, tree, &mapping);
    case 1:
        return map_tree_erase(&ops, tree, 200 * PAGE, 900 * PAGE);
    case 2:
        return map_tree_change(&ops, tree, 200 * PAGE, 900 * PAGE, &change);
    default:
        return map_tree_own_all(&ops, tree);
    }
}

/* The n-th allocation fails, for every n: the tree is the one that it was, node by node. */
static void test_every_allocation_fails(void **state)
{
    (void)state;
    for (unsigned int number = 0; number < 4; number++) {
        struct map_tree tree = {0};
        struct map_tree shared = {0};
        int result = -ENOMEM;

        fill(&tree, 1000);
        map_tree_fork(&shared, &tree);
        for (uint64_t n = 1; result == -ENOMEM; n++) {
            struct map_node *root = tree.root;
            uint64_t live = unit_live();

            unit_fail_at(n);
            result = edit_number(&tree, number);
            assert_true(result == 0 || (unit_live() == live && tree.root == root));
            assert_true(result == 0 || n < 1000);
            assert_int_equal(shared.count, 1000);
        }
        unit_fail_at(0);
        assert_ptr_not_equal(tree.root, shared.root);
        map_tree_check(&tree);
        map_tree_check(&shared);
        map_tree_drop(&ops, &tree);
        map_tree_drop(&ops, &shared);
        all_gone();
    }
}

/* --- the other sharer lets go while a node is being copied --- */

static struct map_tree *let_go;

static void *racing_alloc(void)
{
    void *node = node_alloc();

    if (let_go != NULL)
        map_tree_drop(&ops, let_go);
    let_go = NULL;
    return node;
}

static void racing_get(void *object)
{
    unit_object_get(object);
    if (let_go != NULL)
        map_tree_drop(&ops, let_go);
    let_go = NULL;
}

static void race(const struct map_tree_ops *racing, uint64_t count)
{
    struct map_tree tree = {0};
    struct map_tree other = {0};

    fill(&tree, count);
    map_tree_fork(&other, &tree);
    let_go = &other;
    assert_int_equal(map_tree_erase(racing, &tree, 0, PAGE), 0);
    assert_null(let_go);
    assert_null(other.root);
    map_tree_check(&tree);
    assert_int_equal(tree.count, count - 1);
    map_tree_drop(&ops, &tree);
    all_gone();
}

static void test_racing_drop(void **state)
{
    struct map_tree_ops in_alloc = ops;
    struct map_tree_ops in_get = ops;

    (void)state;
    in_alloc.node_alloc = racing_alloc;
    in_get.object_get = racing_get;
    race(&in_alloc, 8);
    race(&in_alloc, 5000);
    race(&in_get, 8);
    race(&in_get, 5000);
}

/* In a tree that is ours alone, what does not need a node does not allocate one. */
static void test_no_allocation_when_exclusive(void **state)
{
    struct map_tree tree = {0};
    struct mapping next = {.start = PAGE, .end = 2 * PAGE, .object = &objects[0], .offset = PAGE};
    uint64_t before;

    (void)state;
    fill(&tree, 5000);
    before = unit_allocations();
    assert_int_equal(map_tree_insert(&ops, &tree, &next), 0);
    assert_int_equal(map_tree_erase(&ops, &tree, 500 * PAGE, 9000 * PAGE), 0);
    assert_int_equal(map_tree_change(&ops, &tree, 0, 2 * PAGE, &(struct map_change){.prot_set = 1}),
                     0);
    assert_int_equal(unit_allocations(), before);
    map_tree_check(&tree);
    map_tree_drop(&ops, &tree);
    all_gone();
}

/* The ends of the address space are ordinary addresses. */
static void test_ends_of_space(void **state)
{
    struct map_tree tree = {0};
    uint64_t top = UINT64_MAX - PAGE + 1;
    struct mapping low = {.start = 0, .end = PAGE};
    struct mapping high = {.start = top - PAGE, .end = top};
    uint64_t at;

    (void)state;
    assert_int_equal(map_tree_gap(&tree, 0, top, top, PAGE, false, &at), 0);
    assert_int_equal(at, 0);
    assert_int_equal(map_tree_insert(&ops, &tree, &low), 0);
    assert_int_equal(map_tree_insert(&ops, &tree, &high), 0);
    assert_null(map_tree_prev(&tree, 0));
    assert_ptr_equal(map_tree_prev(&tree, UINT64_MAX), map_tree_find(&tree, top - 1));
    assert_int_equal(map_tree_gap(&tree, 0, top, PAGE, PAGE, false, &at), 0);
    assert_int_equal(at, PAGE);
    assert_int_equal(map_tree_gap(&tree, 0, top, PAGE, PAGE, true, &at), 0);
    assert_int_equal(at, top - 2 * PAGE);
    assert_int_equal(map_tree_gap(&tree, 0, top, top - PAGE, PAGE, true, &at), -ENOMEM);
    assert_int_equal(map_tree_gap(&tree, 0, PAGE / 2, PAGE, PAGE, true, &at), -ENOMEM);
    map_tree_check(&tree);
    map_tree_drop(&ops, &tree);
    all_gone();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost),          cmocka_unit_test(test_wide_erase_of_shared),
        cmocka_unit_test(test_thinning),      cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_racing_drop),   cmocka_unit_test(test_no_allocation_when_exclusive),
        cmocka_unit_test(test_ends_of_space),
    };

    unit_begin("map_tree_work");
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i].refs = 1;
    return cmocka_run_group_tests_name("map_tree_work", tests, NULL, NULL);
}
