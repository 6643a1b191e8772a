/*
 * Nodes of the mapping tree: counts, hulls, gaps. Private to the mapping tree's own files.
 *
 * map_node.c owns, copies, summarises and takes apart single nodes; map_edit.c changes a tree whose
 * needs have been reserved; map_tree.c is the public face (check, build, commit); map_search.c only
 * looks.
 */
#ifndef LIB_MAP_TREE_NODE_H
#define LIB_MAP_TREE_NODE_H

#include "lib/map_tree.h"

/* Nodes allocated before an edit, so that the edit cannot fail. Zeroed is a legal empty reserve. */
struct map_reserve {
    struct map_node *first;
};

/* What an edit in progress carries along. */
struct map_edit {
    const struct map_tree_ops *ops;
    struct map_tree *tree;
    struct map_reserve reserve;
};

/* --- map_node.c --- */

/* Whether another pointer to the node exists. */
bool map_node_is_shared(const struct map_node *node);

void map_node_get(struct map_node *node);

/* Gives up one pointer; true if it was the last: the node is then the caller's to take apart. */
bool map_node_leave(struct map_node *node);

/* Allocates `count` nodes. 0 or -ENOMEM (then none). */
int map_reserve_fill(struct map_edit *edit, size_t count);

/* Frees what is left over. */
void map_reserve_drop(struct map_edit *edit);

/* A new empty node of the reserve. */
struct map_node *map_node_take(struct map_edit *edit, uint16_t level);

/* Makes the node behind *link the caller's, whose own node (or tree) holds the link. Uses the
 * reserve if shared. */
struct map_node *map_node_own(struct map_edit *edit, struct map_node **link);

/* Empties a node that is the caller's alone, from the end, as far as the budget goes. */
void map_node_strip(const struct map_tree_ops *ops, struct map_node *node, uint32_t *budget);

/* Gives up a pointer to a subtree, taking it apart if it was the last. */
void map_node_release(const struct map_tree_ops *ops, struct map_node *node);

/* First start, last end, and largest gap in between, of a node that is not empty. */
uint64_t map_node_start(const struct map_node *node);
uint64_t map_node_end(const struct map_node *node);
uint64_t map_node_gap(const struct map_node *node);

/* Recomputes node->mappings and node->bytes from what is one level below. */
void map_node_sum(struct map_node *node);

/* Sets inner slot `slot` of parent to describe `child`. */
void map_node_describe(struct map_node *parent, uint32_t slot, struct map_node *child);

/* The last slot whose start is <= address, or 0. */
uint32_t map_node_slot(const struct map_node *node, uint64_t address);

/* Opens a free slot (or closes a used one) by moving those after it. */
void map_node_open(struct map_node *node, uint32_t slot);
void map_node_close(struct map_node *node, uint32_t slot, uint32_t count);

/* Moves (or, from a shared node, copies with counts) slots of `from` to the end or the front of
 * `to`. */
void map_node_merge(const struct map_tree_ops *ops, struct map_node *to, struct map_node *from,
                    bool in_front);

/* --- map_search.c --- */

/* Whether b continues a, so that both are one mapping. */
bool map_mappings_join(const struct mapping *a, const struct mapping *b);

/* --- map_edit.c: the edits that cannot fail. The tree is not empty unless said otherwise. --- */

/* Adds one mapping to a free range without merging; the tree may be empty. Takes the caller's count
 * of the object. */
void map_edit_add(struct map_edit *edit, const struct mapping *mapping);

/* Removes [start, end), which does not lie strictly inside one mapping. The tree may be empty. */
void map_edit_remove(struct map_edit *edit, uint64_t start, uint64_t end);

/* Overwrites the mapping that contains address; the object is the same, the range meets no other
 * mapping. */
void map_edit_replace(struct map_edit *edit, uint64_t address, const struct mapping *mapping);

#endif
