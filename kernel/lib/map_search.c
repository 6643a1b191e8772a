/*
 * The mapping tree, looked at: nothing here changes a tree, so nothing here needs to own it.
 */
#include "lib/map_tree.h"

#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/map_tree_node.h"

#include <stdatomic.h>

/* --- mappings by address --- */

const struct mapping *map_tree_next(const struct map_tree *tree, uint64_t address)
{
    const struct map_node *node = tree->root;
    uint32_t slot;

    if (node == NULL || map_node_end(node) <= address)
        return NULL;
    while (node->level > 0) {
        for (slot = 0; node->inner[slot].end <= address; slot++)
            ;
        node = node->inner[slot].node;
    }
    for (slot = 0; node->leaf[slot].end <= address; slot++)
        ;
    return &node->leaf[slot];
}

const struct mapping *map_tree_find(const struct map_tree *tree, uint64_t address)
{
    const struct mapping *mapping = map_tree_next(tree, address);

    return mapping != NULL && mapping->start <= address ? mapping : NULL;
}

const struct mapping *map_tree_prev(const struct map_tree *tree, uint64_t address)
{
    const struct map_node *node = tree->root;

    if (node == NULL || map_node_start(node) >= address)
        return NULL;
    while (node->level > 0)
        node = node->inner[map_node_slot(node, address - 1)].node;
    return &node->leaf[map_node_slot(node, address - 1)];
}

bool map_mappings_join(const struct mapping *a, const struct mapping *b)
{
    return a->end == b->start && a->object == b->object && a->prot == b->prot &&
           a->flags == b->flags && a->tag == b->tag &&
           (a->object == NULL || a->offset + (a->end - a->start) == b->offset);
}

/* --- bytes in a range --- */

static uint64_t overlap(uint64_t start, uint64_t end, uint64_t low, uint64_t high)
{
    start = max_u64(start, low);
    end = min_u64(end, high);
    return start < end ? end - start : 0;
}

static uint64_t node_mapped(const struct map_node *node, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;

    if (map_node_start(node) >= start && map_node_end(node) <= end)
        return node->bytes;
    for (uint32_t i = 0; i < node->used; i++) {
        if (node->level == 0)
            bytes += overlap(node->leaf[i].start, node->leaf[i].end, start, end);
        else if (node->inner[i].end > start && node->inner[i].start < end)
            bytes += node_mapped(node->inner[i].node, start, end);
    }
    return bytes;
}

uint64_t map_tree_mapped(const struct map_tree *tree, uint64_t start, uint64_t end)
{
    return tree->root != NULL ? node_mapped(tree->root, start, end) : 0;
}

/* --- gaps --- */

struct gap_search {
    uint64_t low, high, size, align;
    bool top_down;
    uint64_t at; /* the result */
};

/* Whether the free range [start, end) has room; says where. */
static bool gap_fits(struct gap_search *search, uint64_t start, uint64_t end)
{
    uint64_t at;

    start = max_u64(start, search->low);
    end = min_u64(end, search->high);
    if (start >= end || end - start < search->size)
        return false;
    if (search->top_down)
        at = align_down(end - search->size, search->align);
    else
        at = align_up(start, search->align);
    if (at < start || at > end - search->size)
        return false;
    search->at = at;
    return true;
}

static uint64_t slot_start(const struct map_node *node, uint32_t slot)
{
    return node->level > 0 ? node->inner[slot].start : node->leaf[slot].start;
}

static uint64_t slot_end(const struct map_node *node, uint32_t slot)
{
    return node->level > 0 ? node->inner[slot].end : node->leaf[slot].end;
}

/* Whether looking below a slot can be worth it. */
static bool gap_may_be_below(const struct map_node *node, uint32_t slot,
                             const struct gap_search *search)
{
    return node->level > 0 && node->inner[slot].gap >= search->size &&
           node->inner[slot].end > search->low && node->inner[slot].start < search->high;
}

/* Searches the gaps inside the node's hull in the wanted order. */
static bool gap_in_node(const struct map_node *node, struct gap_search *search)
{
    for (uint32_t i = 0; i < node->used; i++) {
        uint32_t slot = search->top_down ? node->used - 1 - i : i;
        uint32_t left = search->top_down ? slot - 1 : slot;

        if (gap_may_be_below(node, slot, search) && gap_in_node(node->inner[slot].node, search))
            return true;
        if (i + 1 < node->used &&
            gap_fits(search, slot_end(node, left), slot_start(node, left + 1)))
            return true;
    }
    return false;
}

static bool gap_in_tree(const struct map_tree *tree, struct gap_search *search)
{
    uint64_t start, end;

    if (tree->root == NULL)
        return gap_fits(search, 0, UINT64_MAX);
    start = map_node_start(tree->root);
    end = map_node_end(tree->root);
    if (search->top_down)
        return gap_fits(search, end, UINT64_MAX) || gap_in_node(tree->root, search) ||
               gap_fits(search, 0, start);
    return gap_fits(search, 0, start) || gap_in_node(tree->root, search) ||
           gap_fits(search, end, UINT64_MAX);
}

int map_tree_gap(const struct map_tree *tree, uint64_t low, uint64_t high, uint64_t size,
                 uint64_t align, bool top_down, uint64_t *at)
{
    struct gap_search search = {
        .low = low, .high = high, .size = size, .align = align, .top_down = top_down};

    kernel_assert(size > 0 && is_power_of_two(align));
    if (!gap_in_tree(tree, &search))
        return -ENOMEM;
    *at = search.at;
    return 0;
}

/* --- checking --- */

static void leaf_check(const struct map_node *leaf)
{
    uint64_t bytes = 0;

    kernel_assert(leaf->used <= MAP_LEAF_SLOTS);
    for (uint32_t i = 0; i < leaf->used; i++) {
        kernel_assert(leaf->leaf[i].start < leaf->leaf[i].end);
        kernel_assert(i == 0 || leaf->leaf[i - 1].end <= leaf->leaf[i].start);
        bytes += leaf->leaf[i].end - leaf->leaf[i].start;
    }
    kernel_assert(leaf->mappings == leaf->used);
    kernel_assert(leaf->bytes == bytes);
}

static void node_check(const struct map_node *node, uint32_t level)
{
    uint64_t bytes = 0;
    uint64_t mappings = 0;

    kernel_assert(atomic_load_explicit(&node->refs, memory_order_relaxed) > 0);
    kernel_assert(node->level == level);
    kernel_assert(node->used > 0);
    if (level == 0) {
        leaf_check(node);
        return;
    }
    kernel_assert(node->used <= MAP_INNER_SLOTS);
    for (uint32_t i = 0; i < node->used; i++) {
        const struct map_child *child = &node->inner[i];

        node_check(child->node, level - 1);
        kernel_assert(child->start == map_node_start(child->node));
        kernel_assert(child->end == map_node_end(child->node));
        kernel_assert(child->gap == map_node_gap(child->node));
        kernel_assert(i == 0 || node->inner[i - 1].end <= child->start);
        bytes += child->node->bytes;
        mappings += child->node->mappings;
    }
    kernel_assert(node->bytes == bytes && node->mappings == mappings);
}

/* Neighbours that are one mapping must have become one. */
static void neighbours_check(const struct map_tree *tree)
{
    const struct mapping *left = NULL;
    const struct mapping *right = map_tree_next(tree, 0);
    uint64_t count = 0;

    for (; right != NULL; count++) {
        kernel_assert(left == NULL || !map_mappings_join(left, right));
        left = right;
        right = map_tree_next(tree, left->end);
    }
    kernel_assert(count == tree->count);
}

void map_tree_check(const struct map_tree *tree)
{
    if (tree->root == NULL) {
        kernel_assert(tree->height == 0 && tree->count == 0 && tree->total == 0);
        return;
    }
    node_check(tree->root, tree->height - 1);
    kernel_assert(tree->root->level == 0 || tree->root->used > 1);
    kernel_assert(tree->count == tree->root->mappings && tree->total == tree->root->bytes);
    neighbours_check(tree);
}
