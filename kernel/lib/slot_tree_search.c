/*
 * The slot tree, looked at: nothing here changes a tree, so nothing here needs to own it.
 */
#include "lib/slot_tree.h"

#include "lib/assert.h"
#include "lib/slot_tree_index.h"

#include <stdatomic.h>
#include <stddef.h>

/* --- one slot --- */

static const struct slot_node *leaf_of(const struct slot_tree *tree, uint64_t index)
{
    const struct slot_node *node = tree->root;

    if (!tree_covers(tree, index))
        return NULL;
    while (node != NULL && node->level > 0)
        node = node->slots[slot_of(index, node->level)];
    return node;
}

void *slot_tree_get(const struct slot_tree *tree, uint64_t index)
{
    const struct slot_node *leaf = leaf_of(tree, index);

    return leaf != NULL ? leaf->slots[slot_of(index, 0)] : NULL;
}

bool slot_tree_marked(const struct slot_tree *tree, uint64_t index)
{
    const struct slot_node *leaf = leaf_of(tree, index);

    return leaf != NULL && (leaf->marked & bit_of(index, 0)) != 0;
}

/* --- searching --- */

enum wanted { WANTED_USED, WANTED_MARKED, WANTED_FREE };

/* The slots behind which the wanted may be. The 11th level has only 4 bits of the index. */
static uint64_t node_candidates(const struct slot_node *node, enum wanted wanted)
{
    uint64_t real = node->level == SLOT_TREE_MAX_HEIGHT - 1 ? 0xffff : UINT64_MAX;

    switch (wanted) {
    case WANTED_USED:
        return node->used;
    case WANTED_MARKED:
        return node->marked;
    default:
        return ~node->full & real;
    }
}

/* The lowest index behind `slot` of a node on from's path that is not below `from`. */
static uint64_t index_behind(uint64_t from, uint32_t level, uint32_t slot)
{
    uint32_t shift = SLOT_NODE_BITS * level;
    uint64_t above = level + 1 < SLOT_TREE_MAX_HEIGHT ? UINT64_MAX << (shift + SLOT_NODE_BITS) : 0;

    if (slot == slot_of(from, level))
        return from;
    return (from & above) | (uint64_t)slot << shift;
}

/* Finds the lowest wanted index >= from below node. At most two descents per level come back
 * empty-handed. */
static bool node_search(const struct slot_node *node, enum wanted wanted, uint64_t from,
                        uint64_t *index)
{
    uint64_t bits = node_candidates(node, wanted) & UINT64_MAX << slot_of(from, node->level);

    for (; bits != 0; bits &= bits - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(bits);
        uint64_t at = index_behind(from, node->level, slot);

        if (node->level == 0 || node->slots[slot] == NULL) {
            *index = at;
            return true;
        }
        if (node_search(node->slots[slot], wanted, at, index))
            return true;
    }
    return false;
}

uint64_t slot_tree_lowest_free(const struct slot_tree *tree, uint64_t from)
{
    uint64_t index;

    if (!tree_covers(tree, from))
        return from;
    if (node_search(tree->root, WANTED_FREE, from, &index))
        return index;
    if (tree->height >= SLOT_TREE_MAX_HEIGHT)
        return UINT64_MAX;
    return UINT64_C(1) << (SLOT_NODE_BITS * tree->height);
}

static void *tree_search(const struct slot_tree *tree, enum wanted wanted, uint64_t *index)
{
    if (!tree_covers(tree, *index) || !node_search(tree->root, wanted, *index, index))
        return NULL;
    return slot_tree_get(tree, *index);
}

void *slot_tree_next(const struct slot_tree *tree, uint64_t *index)
{
    return tree_search(tree, WANTED_USED, index);
}

void *slot_tree_next_marked(const struct slot_tree *tree, uint64_t *index)
{
    return tree_search(tree, WANTED_MARKED, index);
}

/* --- counting and checking --- */

static uint64_t node_count(const struct slot_node *node)
{
    uint64_t count = 0;

    if (node->level == 0)
        return (uint64_t)__builtin_popcountll(node->used);
    for (uint64_t bits = node->used; bits != 0; bits &= bits - 1)
        count += node_count(node->slots[__builtin_ctzll(bits)]);
    return count;
}

uint64_t slot_tree_count(const struct slot_tree *tree)
{
    return tree->root != NULL ? node_count(tree->root) : 0;
}

static void node_check(const struct slot_node *node, uint32_t level)
{
    kernel_assert(atomic_load_explicit(&node->refs, memory_order_relaxed) > 0);
    kernel_assert(node->level == level);
    kernel_assert((node->full & ~node->used) == 0 && (node->marked & ~node->used) == 0);
    kernel_assert(level > 0 || node->full == node->used);
    kernel_assert(level < SLOT_TREE_MAX_HEIGHT - 1 || node->used <= 0xffff);
    for (uint32_t slot = 0; slot < SLOT_NODE_SLOTS; slot++) {
        const struct slot_node *child = node->slots[slot];
        uint64_t bit = UINT64_C(1) << slot;

        kernel_assert((child != NULL) == ((node->used & bit) != 0));
        if (child == NULL || level == 0)
            continue;
        kernel_assert((child->full == UINT64_MAX) == ((node->full & bit) != 0));
        kernel_assert((child->marked != 0) == ((node->marked & bit) != 0));
        node_check(child, level - 1);
    }
}

void slot_tree_check(const struct slot_tree *tree)
{
    kernel_assert((tree->root != NULL) == (tree->height > 0));
    kernel_assert(tree->height <= SLOT_TREE_MAX_HEIGHT);
    if (tree->root != NULL)
        node_check(tree->root, tree->height - 1);
}
