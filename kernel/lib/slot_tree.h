/*
 * The slot tree: a share tree from a 64-bit index to a counted item with one mark per slot.
 *
 * It is the file table (index = descriptor, item = open file description, mark = close-on-exec)
 * and, never shared, the page cache of a file. A radix tree of nodes with 64 slots; height h covers
 * indices below 64^h. Zeroed is the legal empty tree.
 *
 * Invariants (slot_tree_check states them as code):
 *  - node->refs is the number of pointers to the node, from trees and from nodes. A node with refs
 * > 1 is immutable; a node is exclusively owned only if every node above it has refs == 1 too.
 *  - used: the slot is not NULL. marked: the item, or some item below, has its mark; a leaf's marks
 * are a subset of its used slots. full: every slot below is used (in a leaf full == used).
 *  - An item has one count for each leaf that holds it, not for each tree.
 *
 * A writer owns the path top-down: what is shared is copied, each child's or item's count goes up
 * by one, the old node's count down by one. Two sharers may do so at the same time without a common
 * lock.
 *
 * Locks: calls on one tree are serialised by its owner, readers among themselves may run in
 * parallel; trees that share nodes need no common lock. Cost: fork O(1). get, set, clear, mark,
 * lowest_free, next O(height), at most 11; after a fork a write copies the shared nodes of its
 * path, at most one of 544 bytes per level. Kernel stack: bounded by 11 small frames.
 */
#ifndef LIB_SLOT_TREE_H
#define LIB_SLOT_TREE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SLOT_NODE_BITS = 6,
    SLOT_NODE_SLOTS = 64,
    SLOT_TREE_MAX_HEIGHT = 11,
};

struct slot_node {
    _Atomic uint32_t refs; /* pointers to this node */
    uint32_t level;        /* 0: leaf, slots are items; else slots are nodes of level-1 */
    uint64_t used;         /* bit n speaks about slot n, also below */
    uint64_t full;
    uint64_t marked;
    void *slots[SLOT_NODE_SLOTS];
};

struct slot_tree {
    struct slot_node *root; /* NULL: empty */
    uint32_t height;        /* levels of nodes; 0 exactly if root is NULL */
};

/*
 * What a tree needs from its surroundings. node_alloc returns sizeof(struct slot_node) bytes, not
 * initialised and aligned to 8, or NULL. item_get and item_put count items; item_put may free. The
 * two item calls may be NULL for items without counts. node_copied, if not NULL, is told of each
 * node that was copied because it was shared.
 */
struct slot_tree_ops {
    void *(*node_alloc)(void);
    void (*node_free)(void *node);
    void (*item_get)(void *item);
    void (*item_put)(void *item);
    void (*node_copied)(void);
};

/* Makes the zeroed `child` an equal of `parent`: O(1), one reference to the root, nothing
 * allocated. */
void slot_tree_fork(struct slot_tree *child, const struct slot_tree *parent);

/* Gives up the tree, which is empty afterwards. Items are put when the last holder of their leaf
 * goes. */
void slot_tree_drop(const struct slot_tree_ops *ops, struct slot_tree *tree);

/*
 * The same in pieces: puts about `budget` items (or shared nodes) and returns whether the tree is
 * gone. Until it has returned true, nothing but another drop may be done with the tree.
 */
bool slot_tree_drop_some(const struct slot_tree_ops *ops, struct slot_tree *tree, uint32_t budget);

/* The item at index, or NULL. Its count is not changed. */
void *slot_tree_get(const struct slot_tree *tree, uint64_t index);

/*
 * Puts item (not NULL) into the free slot and sets or clears its mark. On success the caller's
 * reference belongs to the tree. -EEXIST if the slot is used, -ENOMEM; then the tree holds what it
 * held.
 */
int slot_tree_set(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                  void *item, bool mark);

/*
 * The same for a slot that may be used: *old_item is what was there, its reference now the
 * caller's, or NULL. -ENOMEM.
 */
int slot_tree_replace(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                      void *item, bool mark, void **old_item);

/*
 * Empties the slot; *old_item is what was there, its reference now the caller's. Nodes without
 * items are freed. -ENOENT if the slot is free, -ENOMEM (only if a node of the path is shared).
 */
int slot_tree_clear(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index,
                    void **old_item);

/*
 * Owns the path to index, creating what is missing, so that the next set, replace, clear, mark or
 * unmark of index cannot fail with -ENOMEM. The promise for a used slot lasts until the tree is
 * forked; for a free slot also until the next clear of another index. -ENOMEM: the tree holds what
 * it held.
 */
int slot_tree_reserve(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index);

/*
 * Removes what a reserve of the still free slot created, if nothing else uses it.
 */
void slot_tree_unreserve(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index);

/* Owns every node. For the depth dial. -ENOMEM: the tree holds what it held, some nodes are owned.
 */
int slot_tree_own_all(const struct slot_tree_ops *ops, struct slot_tree *tree);

/* Sets or clears the mark of a used slot. -ENOENT if the slot is free, -ENOMEM. */
int slot_tree_mark(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index);
int slot_tree_unmark(const struct slot_tree_ops *ops, struct slot_tree *tree, uint64_t index);
bool slot_tree_marked(const struct slot_tree *tree, uint64_t index);

/* The lowest free index >= from; UINT64_MAX also if there is none. */
uint64_t slot_tree_lowest_free(const struct slot_tree *tree, uint64_t from);

/*
 * Finds the first used (or marked) slot with index >= *index: moves *index there and returns its
 * item, or returns NULL and leaves *index. To go on, add 1 to *index (and stop if that gives 0).
 */
void *slot_tree_next(const struct slot_tree *tree, uint64_t *index);
void *slot_tree_next_marked(const struct slot_tree *tree, uint64_t *index);

/* The number of used slots. O(nodes). */
uint64_t slot_tree_count(const struct slot_tree *tree);

/* Asserts the invariants. O(nodes). */
void slot_tree_check(const struct slot_tree *tree);

#endif
