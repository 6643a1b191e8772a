/*
 * How an index leads through a slot tree. Private to the slot tree's own files.
 *
 * Level n of the tree is led by bits 6n to 6n+5 of the index. Levels are below
 * SLOT_TREE_MAX_HEIGHT.
 */
#ifndef LIB_SLOT_TREE_INDEX_H
#define LIB_SLOT_TREE_INDEX_H

#include "lib/container.h"
#include "lib/slot_tree.h"

static inline uint32_t slot_of(uint64_t index, uint32_t level)
{
    return (uint32_t)(index >> (SLOT_NODE_BITS * level)) % SLOT_NODE_SLOTS;
}

static inline uint64_t bit_of(uint64_t index, uint32_t level)
{
    return UINT64_C(1) << slot_of(index, level);
}

static inline uint32_t height_for(uint64_t index)
{
    return index == 0 ? 1 : log2_floor(index) / SLOT_NODE_BITS + 1;
}

static inline bool tree_covers(const struct slot_tree *tree, uint64_t index)
{
    return tree->height >= height_for(index);
}

#endif
