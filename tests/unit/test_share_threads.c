/*
 * Sharers on several CPUs: threads edit and drop forks of one tree at the same moment, without a
 * common lock. At the end every count is back, and the tree that nobody touched is as it was.
 */
#include "unit.h"

#include "lib/map_tree.h"
#include "lib/slot_tree.h"

#include <pthread.h>

enum { THREADS = 4, ITEMS = 500, PAGE = 4096 };

static struct unit_object object = {.refs = 1};

static void *slot_node_alloc(void)
{
    return unit_alloc(sizeof(struct slot_node));
}

static void *map_node_alloc(void)
{
    return unit_alloc(sizeof(struct map_node));
}

static const struct slot_tree_ops slot_ops = {
    .node_alloc = slot_node_alloc,
    .node_free = unit_free,
    .item_get = unit_object_get,
    .item_put = unit_object_put,
};

static const struct map_tree_ops map_ops = {
    .node_alloc = map_node_alloc,
    .node_free = unit_free,
    .object_get = unit_object_get,
    .object_put = unit_object_put,
};

struct sharer {
    pthread_t thread;
    pthread_barrier_t *start;
    struct slot_tree slots;
    struct map_tree maps;
    uint64_t seed;
};

/* unit_random is for one thread; this is each thread's own. */
static uint64_t sharer_random(struct sharer *sharer, uint64_t limit)
{
    sharer->seed = sharer->seed * 6364136223846793005u + 1442695040888963407u;
    return (sharer->seed >> 33) % limit;
}

static void edit_slots(struct sharer *sharer)
{
    uint64_t index = sharer_random(sharer, ITEMS);
    void *old;

    if (slot_tree_clear(&slot_ops, &sharer->slots, index, &old) == 0) {
        unit_object_put(old);
    } else {
        unit_object_get(&object);
        (void)slot_tree_set(&slot_ops, &sharer->slots, index, &object, true);
    }
}

static void edit_maps(struct sharer *sharer)
{
    uint64_t start = sharer_random(sharer, 2 * ITEMS) * PAGE;
    uint64_t end = start + (1 + sharer_random(sharer, 20)) * PAGE;
    struct map_change change = {.prot_set = 1};

    if (sharer_random(sharer, 4) == 0)
        (void)map_tree_erase(&map_ops, &sharer->maps, start, end);
    else
        (void)map_tree_change(&map_ops, &sharer->maps, start, end, &change);
}

/* A few edits on each tree, then it is dropped while the others still copy. */
static void *sharer_run(void *argument)
{
    struct sharer *sharer = argument;

    pthread_barrier_wait(sharer->start);
    for (uint64_t n = 1 + sharer_random(sharer, 12); n > 0; n--) {
        edit_slots(sharer);
        edit_maps(sharer);
    }
    slot_tree_check(&sharer->slots);
    map_tree_check(&sharer->maps);
    slot_tree_drop(&slot_ops, &sharer->slots);
    map_tree_drop(&map_ops, &sharer->maps);
    return NULL;
}

static void trees_fill(struct slot_tree *slots, struct map_tree *maps)
{
    for (uint64_t i = 0; i < ITEMS; i++) {
        struct mapping mapping = {
            .start = i * 2 * PAGE, .end = (i * 2 + 1) * PAGE, .object = &object};

        unit_object_get(&object);
        assert_int_equal(slot_tree_set(&slot_ops, slots, i, &object, false), 0);
        assert_int_equal(map_tree_insert(&map_ops, maps, &mapping), 0);
    }
}

static void sharers_run(struct slot_tree *slots, struct map_tree *maps)
{
    struct sharer sharers[THREADS] = {0};
    pthread_barrier_t start;

    pthread_barrier_init(&start, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        sharers[i].start = &start;
        sharers[i].seed = unit_random(UINT64_MAX);
        slot_tree_fork(&sharers[i].slots, slots);
        map_tree_fork(&sharers[i].maps, maps);
    }
    if (unit_chance(2)) {
        slot_tree_drop(&slot_ops, slots);
        map_tree_drop(&map_ops, maps);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&sharers[i].thread, NULL, sharer_run, &sharers[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(sharers[i].thread, NULL), 0);
    pthread_barrier_destroy(&start);
}

static void test_sharers(void **state)
{
    struct slot_tree slots = {0};
    struct map_tree maps = {0};

    (void)state;
    for (uint64_t n = unit_rounds(2000); n > 0; n--) {
        if (slots.root == NULL)
            trees_fill(&slots, &maps);
        sharers_run(&slots, &maps);
        slot_tree_check(&slots);
        map_tree_check(&maps);
        assert_int_equal(slot_tree_count(&slots), slots.root != NULL ? ITEMS : 0);
        assert_int_equal(maps.count, maps.root != NULL ? ITEMS : 0);
    }
    slot_tree_drop(&slot_ops, &slots);
    map_tree_drop(&map_ops, &maps);
    assert_int_equal(object.refs, 1);
    assert_int_equal(unit_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sharers)};

    unit_begin("share_threads");
    return cmocka_run_group_tests_name("share_threads", tests, NULL, NULL);
}
