/*
 * Edits of a mapping tree that cannot fail: whatever nodes they need has been reserved.
 *
 * Each walks down once, owning on the way, changes one leaf (remove: the leaves at its two borders;
 * what lies between is released whole), and describes each child anew on the way up. Nodes are
 * merged when two neighbours, at least one of them ours, fill at most three quarters of one; so a
 * later insert does not split at once.
 */
#include "lib/map_tree_node.h"

#include "lib/assert.h"
#include "lib/string.h"

static uint32_t node_slots(const struct map_node *node)
{
    return node->level > 0 ? MAP_INNER_SLOTS : MAP_LEAF_SLOTS;
}

/* --- add --- */

/* Moves the upper half of a full node to a new one, its right neighbour. */
static struct map_node *node_split(struct map_edit *edit, struct map_node *node)
{
    struct map_node *right = map_node_take(edit, node->level);
    uint16_t kept = node->used / 2;

    right->used = (uint16_t)(node->used - kept);
    if (node->level > 0)
        memcpy(right->inner, &node->inner[kept], right->used * sizeof(right->inner[0]));
    else
        memcpy(right->leaf, &node->leaf[kept], right->used * sizeof(right->leaf[0]));
    node->used = kept;
    return right;
}

/* What an insertion into a node came to: where the new slot is, and the right neighbour if it was
 * split off. */
struct opened {
    struct map_node *node;
    uint32_t slot;
    struct map_node *split;
};

static struct opened node_open(struct map_edit *edit, struct map_node *node, uint32_t slot)
{
    struct opened opened = {.node = node, .slot = slot};

    if (node->used == node_slots(node)) {
        opened.split = node_split(edit, node);
        if (slot > node->used) {
            opened.node = opened.split;
            opened.slot -= node->used;
        }
    }
    map_node_open(opened.node, opened.slot);
    return opened;
}

static struct map_node *leaf_add(struct map_edit *edit, struct map_node *leaf,
                                 const struct mapping *mapping)
{
    uint32_t slot = map_node_slot(leaf, mapping->start);
    struct opened opened;

    if (leaf->used > 0 && leaf->leaf[slot].start < mapping->start)
        slot++;
    opened = node_open(edit, leaf, slot);
    opened.node->leaf[opened.slot] = *mapping;
    map_node_sum(leaf);
    if (opened.split != NULL)
        map_node_sum(opened.split);
    return opened.split;
}

/* Adds below an owned node; returns its new right neighbour, or NULL. */
static struct map_node *node_add(struct map_edit *edit, struct map_node *node,
                                 const struct mapping *mapping)
{
    struct map_node *child, *child_split;
    struct opened opened = {0};
    uint32_t slot;

    if (node->level == 0)
        return leaf_add(edit, node, mapping);
    slot = map_node_slot(node, mapping->start);
    child = map_node_own(edit, &node->inner[slot].node);
    child_split = node_add(edit, child, mapping);
    map_node_describe(node, slot, child);
    node->mappings++;
    node->bytes += mapping->end - mapping->start;
    if (child_split != NULL) {
        opened = node_open(edit, node, slot + 1);
        map_node_describe(opened.node, opened.slot, child_split);
    }
    if (opened.split != NULL) {
        map_node_sum(node);
        map_node_sum(opened.split);
    }
    return opened.split;
}

void map_edit_add(struct map_edit *edit, const struct mapping *mapping)
{
    struct map_tree *tree = edit->tree;
    struct map_node *root, *split;

    if (tree->root == NULL)
        tree->root = map_node_take(edit, 0);
    root = map_node_own(edit, &tree->root);
    split = node_add(edit, root, mapping);
    if (split == NULL)
        return;
    tree->root = map_node_take(edit, (uint16_t)(root->level + 1));
    tree->root->used = 2;
    map_node_describe(tree->root, 0, root);
    map_node_describe(tree->root, 1, split);
    map_node_sum(tree->root);
}

/* --- remove --- */

static void leaf_remove(struct map_edit *edit, struct map_node *leaf, uint64_t start, uint64_t end)
{
    uint32_t first = 0;
    uint32_t last;

    while (first < leaf->used && leaf->leaf[first].end <= start)
        first++;
    if (first < leaf->used && leaf->leaf[first].start < start) {
        kernel_assert(leaf->leaf[first].end <= end);
        leaf->leaf[first++].end = start;
    }
    for (last = first; last < leaf->used && leaf->leaf[last].end <= end; last++) {
        if (leaf->leaf[last].object != NULL)
            edit->ops->object_put(leaf->leaf[last].object);
    }
    if (last < leaf->used && leaf->leaf[last].start < end) {
        leaf->leaf[last].offset += end - leaf->leaf[last].start;
        leaf->leaf[last].start = end;
    }
    map_node_close(leaf, first, last - first);
    map_node_sum(leaf);
}

/* Merges two neighbours into one of them, if that is ours and they fit. */
static bool siblings_merge(struct map_edit *edit, struct map_node *parent, uint32_t slot)
{
    struct map_node *left = parent->inner[slot].node;
    struct map_node *right = parent->inner[slot + 1].node;
    uint32_t used = (uint32_t)left->used + right->used;

    if (used > node_slots(left) * 3 / 4)
        return false;
    if (!map_node_is_shared(left)) {
        map_node_merge(edit->ops, left, right, false);
        map_node_describe(parent, slot, left);
    } else if (!map_node_is_shared(right)) {
        map_node_merge(edit->ops, right, left, true);
        map_node_describe(parent, slot, right);
    } else {
        return false;
    }
    map_node_close(parent, slot + 1, 1);
    return true;
}

/* Merges what can be merged among the children around `slot`. */
static void children_settle(struct map_edit *edit, struct map_node *node, uint32_t slot)
{
    uint32_t last = slot + 1;

    for (slot = slot > 1 ? slot - 2 : 0; slot <= last && slot + 1 < node->used;) {
        if (!siblings_merge(edit, node, slot))
            slot++;
    }
}

/* Removes from below an owned node, which is not wholly inside the range and so does not become
 * empty. */
static void node_remove(struct map_edit *edit, struct map_node *node, uint64_t start, uint64_t end)
{
    uint32_t first = 0;
    uint32_t last;

    if (node->level == 0) {
        leaf_remove(edit, node, start, end);
        return;
    }
    while (first < node->used && node->inner[first].end <= start)
        first++;
    if (first < node->used && node->inner[first].start < start) {
        struct map_node *child = map_node_own(edit, &node->inner[first].node);

        node_remove(edit, child, start, end);
        map_node_describe(node, first++, child);
    }
    for (last = first; last < node->used && node->inner[last].end <= end; last++)
        map_node_release(edit->ops, node->inner[last].node);
    if (last < node->used && node->inner[last].start < end) {
        struct map_node *child = map_node_own(edit, &node->inner[last].node);

        node_remove(edit, child, start, end);
        map_node_describe(node, last, child);
    }
    map_node_close(node, first, last - first);
    children_settle(edit, node, first);
    map_node_sum(node);
}

void map_edit_remove(struct map_edit *edit, uint64_t start, uint64_t end)
{
    struct map_tree *tree = edit->tree;
    struct map_node *root = tree->root;

    if (root == NULL || map_node_end(root) <= start || map_node_start(root) >= end)
        return;
    if (map_node_start(root) >= start && map_node_end(root) <= end) {
        map_node_release(edit->ops, root);
        tree->root = NULL;
        return;
    }
    node_remove(edit, map_node_own(edit, &tree->root), start, end);
    while (tree->root->level > 0 && tree->root->used == 1) {
        root = tree->root;
        tree->root = root->inner[0].node;
        map_node_get(tree->root);
        map_node_release(edit->ops, root);
    }
}

/* --- replace --- */

/* Returns by how many bytes the mapping grew, modulo 2^64. */
static uint64_t node_replace(struct map_edit *edit, struct map_node *node, uint64_t address,
                             const struct mapping *mapping)
{
    uint32_t slot = map_node_slot(node, address);
    uint64_t growth;

    if (node->level == 0) {
        struct mapping *old = &node->leaf[slot];

        growth = (mapping->end - mapping->start) - (old->end - old->start);
        *old = *mapping;
    } else {
        struct map_node *child = map_node_own(edit, &node->inner[slot].node);

        growth = node_replace(edit, child, address, mapping);
        map_node_describe(node, slot, child);
    }
    node->bytes += growth;
    return growth;
}

void map_edit_replace(struct map_edit *edit, uint64_t address, const struct mapping *mapping)
{
    (void)node_replace(edit, map_node_own(edit, &edit->tree->root), address, mapping);
}
