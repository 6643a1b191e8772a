/*
 * The slot tree: own the path, change the leaf, refresh the bits on the way back.
 *
 * Every change goes through path_own, which makes the nodes from the root to the leaf ours (copying
 * what is shared, creating what is missing), and path_refresh, which carries the leaf's bits up and
 * frees what became empty. Taking down goes through node_leave: it says whether this was the last
 * pointer to a node.
 */
#include "lib/slot_tree.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/slot_tree_index.h"
#include "lib/string.h"

#include <stdatomic.h>
#include <stddef.h>

_Static_assert(sizeof(struct slot_node) == 544, "four words and 64 slots");

/* The nodes from the leaf (0) up to the root (height - 1). */
struct path {
    struct slot_node *at[SLOT_TREE_MAX_HEIGHT];
};

/* --- nodes and their counts --- */

static bool node_is_shared(struct slot_node *node)
{
    return atomic_load_explicit(&node->refs, memory_order_acquire) > 1;
}

static void node_get(struct slot_node *node)
{
    atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
}

/*
 * Gives up one pointer to the node. True if it was the last: the node is now the caller's alone, to
 * be taken apart, and its count is 1. A count of 1 needs no atomic write: nobody else can find the
 * node.
 */
static bool node_leave(struct slot_node *node)
{
    if (!node_is_shared(node))
        return true;
    if (atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) > 1)
        return false;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    return true;
}

static void item_put(const struct slot_tree_ops *ops, void *item)
{
    if (ops->item_put != NULL)
        ops->item_put(item);
}

static struct slot_node *node_create(const struct slot_tree_ops *ops, uint32_t level)
{
    struct slot_node *node = ops->node_alloc();

    if (node == NULL)
        return NULL;
    memset(node, 0, sizeof(*node));
    atomic_init(&node->refs, 1);
    node->level = level;
    return node;
}

static void children_get(const struct slot_tree_ops *ops, struct slot_node *node)
{
    for (uint64_t bits = node->used; bits != 0; bits &= bits - 1) {
        void *child = node->slots[__builtin_ctzll(bits)];

        if (node->level > 0)
            node_get(child);
        else if (ops->item_get != NULL)
            ops->item_get(child);
    }
}

/* Undoes children_get for a node whose children all have another pointer, so that none goes away.
 */
static void children_unget(const struct slot_tree_ops *ops, struct slot_node *node)
{
    for (uint64_t bits = node->used; bits != 0; bits &= bits - 1) {
        void *child = node->slots[__builtin_ctzll(bits)];

        if (node->level > 0)
            (void)node_leave(child);
        else
            item_put(ops, child);
    }
}

/* Makes the node behind *link the caller's, whose own node holds the link. -ENOMEM: nothing
 * changed. */
static int node_own(const struct slot_tree_ops *ops, struct slot_node **link)
{
    struct slot_node *old = *link;
    struct slot_node *copy;

    if (!node_is_shared(old))
        return 0;
    copy = ops->node_alloc();
    if (copy == NULL)
        return -ENOMEM;
    atomic_init(&copy->refs, 1);
    copy->level = old->level;
    copy->used = old->used;
    copy->full = old->full;
    copy->marked = old->marked;
    memcpy(copy->slots, old->slots, sizeof(copy->slots));
    children_get(ops, copy);
    if (node_leave(old)) {
        children_unget(ops, old);
        ops->node_free(old);
    }
    *link = copy;
    if (ops->node_copied != NULL)
        ops->node_copied();
    return 0;
}

/* --- paths --- */

/* Adds levels above the root until the tree covers index. */
static int tree_grow(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index)
{
    while (tree->root != NULL && !tree_covers(tree, index)) {
        struct slot_node *root = node_create(ops, tree->height);

        if (root == NULL)
            return -ENOMEM;
        root->used = 1;
        root->full = tree->root->full == UINT64_MAX;
        root->marked = tree->root->marked != 0;
        root->slots[0] = tree->root;
        tree->root = root;
        tree->height++;
    }
    if (tree->root == NULL) {
        tree->root = node_create(ops, height_for(index) - 1);
        if (tree->root == NULL)
            return -ENOMEM;
        tree->height = height_for(index);
    }
    return 0;
}

/* Takes levels off the root while they only lead to the first child. */
static void tree_shrink(const struct slot_tree_ops *ops, struct slot_tree *tree)
{
    while (tree->height > 1 && !node_is_shared(tree->root) && tree->root->used == 1) {
        struct slot_node *root = tree->root;

        tree->root = root->slots[0];
        tree->height--;
        ops->node_free(root);
    }
}

static uint64_t bits_with(uint64_t bits, uint64_t bit, bool on)
{
    return on ? bits | bit : bits & ~bit;
}

/*
 * Carries the state of the owned node at `level` of index's path up to the root. Nodes without
 * anything in them are freed on the way, so that a tree without items and reserves is the zeroed
 * tree.
 */
static void path_refresh(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                         struct path *path, uint32_t level)
{
    for (;; level++) {
        struct slot_node *node = path->at[level];
        struct slot_node *parent = level + 1 < tree->height ? path->at[level + 1] : NULL;
        uint64_t bit;

        if (parent == NULL)
            break;
        bit = bit_of(index, level + 1);
        parent->full = bits_with(parent->full, bit, node->full == UINT64_MAX);
        parent->marked = bits_with(parent->marked, bit, node->marked != 0);
        if (node->used == 0) {
            parent->used &= ~bit;
            parent->slots[slot_of(index, level + 1)] = NULL;
            ops->node_free(node);
        }
    }
    if (tree->root->used == 0) {
        ops->node_free(tree->root);
        *tree = (struct slot_tree){0};
    }
}

/* Owns or creates the node at `level` behind the slot of the owned `parent`. */
static struct slot_node *child_own(const struct slot_tree_ops *ops, struct slot_node *parent,
                                   uint64_t index)
{
    void **slot = &parent->slots[slot_of(index, parent->level)];
    struct slot_node *node = *slot;

    if (node == NULL) {
        node = node_create(ops, parent->level - 1);
        if (node == NULL)
            return NULL;
        parent->used |= bit_of(index, parent->level);
    } else if (node_own(ops, &node) < 0) {
        return NULL;
    }
    *slot = node;
    return node;
}

/* Makes every node from the root to index's leaf exist and be ours. -ENOMEM: what was created is
 * gone. */
static int path_own(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                    struct path *path)
{
    uint32_t level;

    if (tree_grow(ops, tree, index) < 0 || node_own(ops, &tree->root) < 0)
        return -ENOMEM;
    level = tree->height - 1;
    path->at[level] = tree->root;
    for (; level > 0; level--) {
        path->at[level - 1] = child_own(ops, path->at[level], index);
        if (path->at[level - 1] == NULL) {
            path_refresh(ops, tree, index, path, level);
            return -ENOMEM;
        }
    }
    return 0;
}

/* --- sharing --- */

void slot_tree_fork(struct slot_tree *child, const struct slot_tree *parent)
{
    debug_assert(child->root == NULL);
    *child = *parent;
    if (child->root != NULL)
        node_get(child->root);
}

/* Empties a node that is the caller's alone, as far as the budget goes. */
static void node_strip(const struct slot_tree_ops *ops, struct slot_node *node, uint32_t *budget)
{
    for (; node->used != 0 && *budget > 0; node->used &= node->used - 1) {
        void *child = node->slots[__builtin_ctzll(node->used)];

        if (node->level == 0) {
            item_put(ops, child);
            --*budget;
        } else if (node_leave(child)) {
            node_strip(ops, child, budget);
            if (((struct slot_node *)child)->used != 0)
                return;
            ops->node_free(child);
        } else {
            --*budget;
        }
    }
}

bool slot_tree_drop_some(const struct slot_tree_ops *ops, struct slot_tree *tree, uint32_t budget)
{
    struct slot_node *root = tree->root;

    if (root != NULL && node_leave(root)) {
        node_strip(ops, root, &budget);
        if (root->used != 0)
            return false;
        ops->node_free(root);
    }
    *tree = (struct slot_tree){0};
    return true;
}

void slot_tree_drop(const struct slot_tree_ops *ops, struct slot_tree *tree)
{
    while (!slot_tree_drop_some(ops, tree, UINT32_MAX))
        ;
}

static int node_own_below(const struct slot_tree_ops *ops, struct slot_node *node)
{
    if (node->level == 0)
        return 0;
    for (uint64_t bits = node->used; bits != 0; bits &= bits - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(bits);
        struct slot_node *child = node->slots[slot];

        if (node_own(ops, &child) < 0)
            return -ENOMEM;
        node->slots[slot] = child;
        if (node_own_below(ops, child) < 0)
            return -ENOMEM;
    }
    return 0;
}

int slot_tree_own_all(const struct slot_tree_ops *ops, struct slot_tree *tree)
{
    if (tree->root == NULL)
        return 0;
    if (node_own(ops, &tree->root) < 0)
        return -ENOMEM;
    return node_own_below(ops, tree->root);
}

/* --- slots --- */

int slot_tree_replace(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                      void *item, bool mark, void **old_item)
{
    struct path path;
    struct slot_node *leaf;

    kernel_assert(item != NULL);
    if (path_own(ops, tree, index, &path) < 0)
        return -ENOMEM;
    leaf = path.at[0];
    *old_item = leaf->slots[slot_of(index, 0)];
    leaf->slots[slot_of(index, 0)] = item;
    leaf->used |= bit_of(index, 0);
    leaf->full = leaf->used;
    leaf->marked = bits_with(leaf->marked, bit_of(index, 0), mark);
    path_refresh(ops, tree, index, &path, 0);
    return 0;
}

int slot_tree_set(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                  void *item, bool mark)
{
    void *old_item;

    if (slot_tree_get(tree, index) != NULL)
        return -EEXIST;
    return slot_tree_replace(ops, tree, index, item, mark, &old_item);
}

int slot_tree_clear(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                    void **old_item)
{
    struct path path;
    struct slot_node *leaf;

    if (slot_tree_get(tree, index) == NULL)
        return -ENOENT;
    if (path_own(ops, tree, index, &path) < 0)
        return -ENOMEM;
    leaf = path.at[0];
    *old_item = leaf->slots[slot_of(index, 0)];
    leaf->slots[slot_of(index, 0)] = NULL;
    leaf->used &= ~bit_of(index, 0);
    leaf->full = leaf->used;
    leaf->marked &= leaf->used;
    path_refresh(ops, tree, index, &path, 0);
    tree_shrink(ops, tree);
    return 0;
}

int slot_tree_reserve(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index)
{
    struct path path;

    return path_own(ops, tree, index, &path);
}

void slot_tree_unreserve(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index)
{
    struct path path;
    struct slot_node *node = tree->root;

    if (!tree_covers(tree, index) || slot_tree_get(tree, index) != NULL)
        return;
    for (;;) {
        if (node_is_shared(node))
            return;
        path.at[node->level] = node;
        if (node->level == 0 || node->slots[slot_of(index, node->level)] == NULL)
            break;
        node = node->slots[slot_of(index, node->level)];
    }
    path_refresh(ops, tree, index, &path, node->level);
    tree_shrink(ops, tree);
}

static int mark_change(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                       bool mark)
{
    struct path path;

    if (slot_tree_get(tree, index) == NULL)
        return -ENOENT;
    if (slot_tree_marked(tree, index) == mark)
        return 0;
    if (path_own(ops, tree, index, &path) < 0)
        return -ENOMEM;
    path.at[0]->marked = bits_with(path.at[0]->marked, bit_of(index, 0), mark);
    path_refresh(ops, tree, index, &path, 0);
    return 0;
}

int slot_tree_mark(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index)
{
    return mark_change(ops, tree, index, true);
}

int slot_tree_unmark(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index)
{
    return mark_change(ops, tree, index, false);
}
