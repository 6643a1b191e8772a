/*
 * The mapping tree's public edits: check, build, commit.
 *
 * Check: look at what is there. Build: count the nodes that the edit will take and reserve them;
 * from here on nothing fails. Commit: edits of map_edit.c. The counts are upper bounds: another
 * sharer may let go of a node in between, and then it is ours without a copy; never the other way
 * round.
 */
#include "lib/map_tree.h"

#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/map_tree_node.h"

/* --- sharing --- */

void map_tree_fork(struct map_tree *child, const struct map_tree *parent)
{
    debug_assert(child->root == NULL);
    *child = *parent;
    if (child->root != NULL)
        map_node_get(child->root);
}

bool map_tree_drop_some(const struct map_tree_ops *ops, struct map_tree *tree, uint32_t budget)
{
    struct map_node *root = tree->root;

    if (root != NULL && map_node_leave(root)) {
        map_node_strip(ops, root, &budget);
        if (root->used > 0)
            return false;
        ops->node_free(root);
    }
    *tree = (struct map_tree){0};
    return true;
}

void map_tree_drop(const struct map_tree_ops *ops, struct map_tree *tree)
{
    while (!map_tree_drop_some(ops, tree, UINT32_MAX))
        ;
}

void map_tree_adopt(const struct map_tree_ops *ops, struct map_tree *tree, struct map_tree *draft)
{
    struct map_tree old = *tree;

    *tree = *draft;
    *draft = (struct map_tree){0};
    map_tree_drop(ops, &old);
}

/* --- counting what an edit will take --- */

/* Shared nodes on the path to address. */
static size_t copies_on_path(const struct map_tree *tree, uint64_t address)
{
    const struct map_node *node = tree->root;
    bool shared = false;
    size_t count = 0;

    while (node != NULL) {
        shared = shared || map_node_is_shared(node);
        count += shared;
        node = node->level > 0 ? node->inner[map_node_slot(node, address)].node : NULL;
    }
    return count;
}

/* New nodes when up to `added` mappings are added to the leaf at address. */
static size_t splits_on_path(const struct map_tree *tree, uint64_t address, uint32_t added)
{
    const struct map_node *node = tree->root;
    size_t full = 0;
    bool all_full = true;

    while (node != NULL) {
        if (node->used + added > (node->level > 0 ? MAP_INNER_SLOTS : MAP_LEAF_SLOTS)) {
            full++;
        } else {
            full = 0;
            all_full = false;
        }
        node = node->level > 0 ? node->inner[map_node_slot(node, address)].node : NULL;
    }
    return full + all_full;
}

/* Shared nodes that removing [start, end) copies: those that it meets without swallowing them. */
static size_t copies_at_borders(const struct map_node *node, bool shared, uint64_t start,
                                uint64_t end)
{
    size_t count;

    shared = shared || map_node_is_shared(node);
    count = shared;
    for (uint32_t i = 0; node->level > 0 && i < node->used; i++) {
        const struct map_child *child = &node->inner[i];

        if (child->end <= start || child->start >= end)
            continue;
        if (child->start < start || child->end > end)
            count += copies_at_borders(child->node, shared, start, end);
    }
    return count;
}

/* Shared nodes that hold, or lead to, any address in [first, last]. */
static size_t copies_within(const struct map_node *node, bool shared, uint64_t first, uint64_t last)
{
    size_t count;

    shared = shared || map_node_is_shared(node);
    count = shared;
    for (uint32_t i = 0; node->level > 0 && i < node->used; i++) {
        if (node->inner[i].end > first && node->inner[i].start <= last)
            count += copies_within(node->inner[i].node, shared, first, last);
    }
    return count;
}

static void edit_end(struct map_edit *edit)
{
    struct map_tree *tree = edit->tree;

    map_reserve_drop(edit);
    tree->height = tree->root != NULL ? tree->root->level + 1u : 0;
    tree->count = tree->root != NULL ? tree->root->mappings : 0;
    tree->total = tree->root != NULL ? tree->root->bytes : 0;
}

/* --- insert --- */

static void mapping_get(const struct map_tree_ops *ops, const struct mapping *mapping)
{
    if (mapping->object != NULL)
        ops->object_get(mapping->object);
}

static int insert_alone(struct map_edit *edit, const struct mapping *mapping)
{
    size_t needed =
        copies_on_path(edit->tree, mapping->start) + splits_on_path(edit->tree, mapping->start, 1);

    if (map_reserve_fill(edit, needed) < 0)
        return -ENOMEM;
    /* --- point of no return --- */
    mapping_get(edit->ops, mapping);
    map_edit_add(edit, mapping);
    edit_end(edit);
    return 0;
}

/* Makes `wide` of the neighbour that contains `address`, and swallows the mapping right of it if
 * there is one to swallow. */
static int insert_joined(struct map_edit *edit, uint64_t address, const struct mapping *wide,
                         const struct mapping *swallowed)
{
    uint64_t start = swallowed != NULL ? swallowed->start : 0;
    uint64_t end = swallowed != NULL ? swallowed->end : 0;
    size_t needed = copies_on_path(edit->tree, address);

    if (swallowed != NULL)
        needed += copies_at_borders(edit->tree->root, false, start, end);
    if (map_reserve_fill(edit, needed) < 0)
        return -ENOMEM;
    /* --- point of no return --- */
    if (swallowed != NULL)
        map_edit_remove(edit, start, end);
    map_edit_replace(edit, address, wide);
    edit_end(edit);
    return 0;
}

int map_tree_insert(const struct map_tree_ops *ops, struct map_tree *tree,
                    const struct mapping *mapping)
{
    struct map_edit edit = {.ops = ops, .tree = tree};
    const struct mapping *left = map_tree_prev(tree, mapping->start);
    const struct mapping *right = map_tree_next(tree, mapping->start);
    struct mapping wide = *mapping;

    kernel_assert(mapping->start < mapping->end);
    if (right != NULL && right->start < mapping->end)
        return -EEXIST;
    if (left != NULL && !map_mappings_join(left, mapping))
        left = NULL;
    if (right != NULL && !map_mappings_join(mapping, right))
        right = NULL;
    if (left == NULL && right == NULL)
        return insert_alone(&edit, mapping);
    if (right != NULL)
        wide.end = right->end;
    if (left == NULL)
        return insert_joined(&edit, right->start, &wide, NULL);
    wide.start = left->start;
    wide.offset = left->offset;
    return insert_joined(&edit, left->start, &wide, right);
}

/* --- erase --- */

/* The part of a mapping from `start` on. */
static struct mapping mapping_from(const struct mapping *mapping, uint64_t start)
{
    struct mapping part = *mapping;

    part.offset += start - part.start;
    part.start = start;
    return part;
}

/* Makes two of the mapping that has [start, end) strictly inside. */
static int erase_middle(struct map_edit *edit, const struct mapping *mapping, uint64_t start,
                        uint64_t end)
{
    struct mapping left = *mapping;
    struct mapping right = mapping_from(mapping, end);
    size_t needed =
        copies_on_path(edit->tree, left.start) + splits_on_path(edit->tree, left.start, 1);

    if (map_reserve_fill(edit, needed) < 0)
        return -ENOMEM;
    /* --- point of no return --- */
    mapping_get(edit->ops, &right);
    left.end = start;
    map_edit_replace(edit, left.start, &left);
    map_edit_add(edit, &right);
    edit_end(edit);
    return 0;
}

int map_tree_erase(const struct map_tree_ops *ops, struct map_tree *tree, uint64_t start,
                   uint64_t end)
{
    struct map_edit edit = {.ops = ops, .tree = tree};
    const struct mapping *first = map_tree_next(tree, start);
    size_t needed = 0;

    kernel_assert(start < end);
    if (first == NULL || first->start >= end)
        return 0;
    if (first->start < start && first->end > end)
        return erase_middle(&edit, first, start, end);
    if (map_node_start(tree->root) < start || map_node_end(tree->root) > end)
        needed = copies_at_borders(tree->root, false, start, end);
    if (map_reserve_fill(&edit, needed) < 0)
        return -ENOMEM;
    /* --- point of no return --- */
    map_edit_remove(&edit, start, end);
    edit_end(&edit);
    return 0;
}

/* --- change --- */

static struct mapping mapping_changed(const struct mapping *mapping,
                                      const struct map_change *change)
{
    struct mapping changed = *mapping;

    changed.prot = (changed.prot & ~change->prot_clear) | change->prot_set;
    changed.flags = (changed.flags & ~change->flags_clear) | change->flags_set;
    changed.tag = (changed.tag & ~change->tag_clear) | change->tag_set;
    return changed;
}

static bool mapping_would_change(const struct mapping *mapping, const struct map_change *change)
{
    struct mapping changed = mapping_changed(mapping, change);

    return changed.prot != mapping->prot || changed.flags != mapping->flags ||
           changed.tag != mapping->tag;
}

/* The first mapping that has a part in [start, end) and would change. */
static const struct mapping *next_to_change(const struct map_tree *tree, uint64_t start,
                                            uint64_t end, const struct map_change *change)
{
    while (start < end) {
        const struct mapping *mapping = map_tree_next(tree, start);

        if (mapping == NULL || mapping->start >= end)
            return NULL;
        if (mapping_would_change(mapping, change))
            return mapping;
        start = mapping->end;
    }
    return NULL;
}

/* Changes the part of `old` in [start, end): one mapping becomes up to three. */
static void change_one(struct map_edit *edit, const struct mapping *old, uint64_t start,
                       uint64_t end, const struct map_change *change)
{
    struct mapping part = mapping_changed(old, change);

    if (old->end > end)
        part.end = end;
    if (old->start < start) {
        struct mapping left = *old;

        left.end = start;
        part = mapping_from(&part, start);
        map_edit_replace(edit, left.start, &left);
        mapping_get(edit->ops, &part);
        map_edit_add(edit, &part);
    } else {
        map_edit_replace(edit, part.start, &part);
    }
    if (old->end > end) {
        struct mapping right = mapping_from(old, end);

        mapping_get(edit->ops, &right);
        map_edit_add(edit, &right);
    }
}

/* Makes one mapping of the two that meet at `address`, if there are two and they join. */
static void join_at(struct map_edit *edit, uint64_t address)
{
    const struct mapping *left = map_tree_prev(edit->tree, address);
    const struct mapping *right = map_tree_next(edit->tree, address);
    struct mapping wide;

    if (left == NULL || right == NULL || left == right || !map_mappings_join(left, right))
        return;
    wide = *left;
    wide.end = right->end;
    map_edit_remove(edit, right->start, right->end);
    map_edit_replace(edit, wide.start, &wide);
}

static size_t change_needs(const struct map_tree *tree, uint64_t start, uint64_t end,
                           const struct map_change *change)
{
    const struct mapping *first = map_tree_find(tree, start);
    const struct mapping *last = map_tree_find(tree, end - 1);
    size_t needed = copies_within(tree->root, false, start > 0 ? start - 1 : 0, end);

    if (first != NULL && first->start < start && mapping_would_change(first, change))
        needed += splits_on_path(tree, start, 2);
    if (last != NULL && last->end > end && mapping_would_change(last, change))
        needed += splits_on_path(tree, end, 2);
    return needed;
}

int map_tree_change(const struct map_tree_ops *ops, struct map_tree *tree, uint64_t start,
                    uint64_t end, const struct map_change *change)
{
    struct map_edit edit = {.ops = ops, .tree = tree};
    const struct mapping *mapping = next_to_change(tree, start, end, change);

    kernel_assert(start < end);
    if (mapping == NULL)
        return 0;
    if (map_reserve_fill(&edit, change_needs(tree, start, end, change)) < 0)
        return -ENOMEM;
    /* --- point of no return --- */
    for (; mapping != NULL; mapping = next_to_change(tree, start, end, change)) {
        struct mapping old = *mapping;

        change_one(&edit, &old, start, end, change);
        join_at(&edit, max_u64(old.start, start));
        start = min_u64(old.end, end);
        join_at(&edit, start);
    }
    edit_end(&edit);
    return 0;
}

/* --- the depth dial --- */

static void own_below(struct map_edit *edit, struct map_node *node)
{
    for (uint32_t i = 0; node->level > 0 && i < node->used; i++)
        own_below(edit, map_node_own(edit, &node->inner[i].node));
}

int map_tree_own_all(const struct map_tree_ops *ops, struct map_tree *tree)
{
    struct map_edit edit = {.ops = ops, .tree = tree};

    if (tree->root == NULL)
        return 0;
    if (map_reserve_fill(&edit, copies_within(tree->root, false, 0, UINT64_MAX)) < 0)
        return -ENOMEM;
    own_below(&edit, map_node_own(&edit, &tree->root));
    edit_end(&edit);
    return 0;
}
