/*
 * The mapping tree: a share tree of disjoint address ranges, what Linux calls VMAs.
 *
 * A B+ tree of counted nodes. A leaf holds up to 10 mappings in order of address; an inner node
 * holds up to 15 children, for each its hull [start, end) and the largest free gap inside it, so
 * that a free range is found without visiting the mappings. Zeroed is the legal empty tree.
 *
 * Invariants (map_tree_check states them as code):
 *  - node->refs is the number of pointers to the node. A node with refs > 1 is immutable; a node is
 *    exclusively owned only if every node above it has refs == 1 too.
 *  - All leaves have level 0 and the same depth; no node is empty; an inner root has at least two
 * children.
 *  - mappings do not overlap, are not empty, and neighbours that could be one mapping are one.
 *  - node->mappings and node->bytes are the sums over the leaves below.
 *  - A mapping's object has one count for each leaf that holds the mapping, not for each tree.
 *
 * Every edit is check, build, commit: it counts the nodes that it will need (copies of shared nodes
 * on its paths, splits), allocates exactly these or gives up with -ENOMEM and the tree as it was,
 * and then cannot fail. In an exclusively owned tree erase allocates only to split a mapping, and
 * insert and change only to split a full node. Several edits as one: fork the tree to a draft, edit
 * the draft, then drop the tree and take the draft's place with map_tree_adopt (or drop the draft).
 *
 * Locks: calls on one tree are serialised by its owner, readers among themselves may run in
 * parallel; trees that share nodes need no common lock. object_put is called under the owner's
 * lock. Cost: fork O(1); find, next, prev, insert, and gap with page alignment O(log n); erase
 * O(log n) plus what is freed (a shared subtree inside the range is dropped whole); change O(k log
 * n) for k mappings. Recursion is as deep as the tree is high.
 */
#ifndef LIB_MAP_TREE_H
#define LIB_MAP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MAP_LEAF_SLOTS = 10,
    MAP_INNER_SLOTS = 15,
};

struct mapping {
    uint64_t start, end; /* [start, end), bytes, page-aligned, never empty */
    uint64_t offset;     /* of start in the object, bytes; means nothing without object */
    void *object;        /* what is mapped, counted; NULL: anonymous */
    uint32_t prot;       /* these three are opaque to the tree */
    uint32_t flags;
    uint64_t tag;
};

struct map_child {
    uint64_t start, end; /* hull: first start and last end below */
    uint64_t gap;        /* largest free gap between mappings below, bytes */
    struct map_node *node;
};

struct map_node {
    _Atomic uint32_t refs; /* pointers to this node */
    uint16_t level;        /* 0: leaf */
    uint16_t used;         /* slots in use */
    uint32_t mappings;     /* below */
    uint64_t bytes;        /* mapped below */
    union {
        struct mapping leaf[MAP_LEAF_SLOTS];
        struct map_child inner[MAP_INNER_SLOTS];
        struct map_node *next; /* while it waits in a reserve */
    };
};

struct map_tree {
    struct map_node *root; /* NULL: empty */
    uint32_t height;       /* levels of nodes */
    uint32_t count;        /* mappings */
    uint64_t total;        /* bytes mapped */
};

/*
 * What a tree needs from its surroundings. node_alloc returns sizeof(struct map_node) bytes, not
 * initialised and aligned to 8, or NULL. object_get and object_put are never called with NULL.
 * node_copied, if not NULL, is told of each node that was copied because it was shared.
 */
struct map_tree_ops {
    void *(*node_alloc)(void);
    void (*node_free)(void *node);
    void (*object_get)(void *object);
    void (*object_put)(void *object);
    void (*node_copied)(void);
};

/* For each field of a mapping: new = (old & ~clear) | set. Zeroed changes nothing. */
struct map_change {
    uint32_t prot_clear, prot_set;
    uint32_t flags_clear, flags_set;
    uint64_t tag_clear, tag_set;
};

/* Makes the zeroed `child` an equal of `parent`: O(1), one reference to the root, nothing
 * allocated. */
void map_tree_fork(struct map_tree *child, const struct map_tree *parent);

/* Gives up the tree, which is empty afterwards. Objects are put when the last holder of their leaf
 * goes. */
void map_tree_drop(const struct map_tree_ops *ops, struct map_tree *tree);

/*
 * The same in pieces: puts about `budget` mappings (or shared nodes) and returns whether the tree
 * is gone. Until it has returned true, nothing but another drop may be done with the tree.
 */
bool map_tree_drop_some(const struct map_tree_ops *ops, struct map_tree *tree, uint32_t budget);

/* Drops `tree` and gives it what `draft` holds; draft is empty afterwards. Cannot fail. */
void map_tree_adopt(const struct map_tree_ops *ops, struct map_tree *tree, struct map_tree *draft);

/* The mapping that contains address, or NULL. Results point into the tree and last until its next
 * edit. */
const struct mapping *map_tree_find(const struct map_tree *tree, uint64_t address);

/* The first mapping with end > address (it contains address or lies above it), or NULL. */
const struct mapping *map_tree_next(const struct map_tree *tree, uint64_t address);

/* The last mapping with start < address, or NULL. */
const struct mapping *map_tree_prev(const struct map_tree *tree, uint64_t address);

/*
 * Adds a mapping to a free range and merges it with neighbours that continue it: adjacent, equal
 * object, continuing offset (if there is an object), equal prot, flags and tag. The tree takes its
 * own reference to the object. -EEXIST if the range is not free, -ENOMEM; then the tree is as
 * before.
 */
int map_tree_insert(const struct map_tree_ops *ops, struct map_tree *tree,
                    const struct mapping *mapping);

/* Removes what is mapped in [start, end), clipping and splitting. start < end. -ENOMEM: as before.
 */
int map_tree_erase(const struct map_tree_ops *ops, struct map_tree *tree, uint64_t start,
                   uint64_t end);

/*
 * Applies change to what is mapped in [start, end), splitting at the borders where something
 * changes and merging afterwards; free parts of the range stay free. start < end. -ENOMEM: as
 * before.
 */
int map_tree_change(const struct map_tree_ops *ops, struct map_tree *tree, uint64_t start,
                    uint64_t end, const struct map_change *change);

/*
 * Finds a free range of size > 0 bytes inside [low, high), aligned to `align` (a power of two): the
 * highest if top_down, else the lowest. Returns 0 and its start in *at, or -ENOMEM.
 */
int map_tree_gap(const struct map_tree *tree, uint64_t low, uint64_t high, uint64_t size,
                 uint64_t align, bool top_down, uint64_t *at);

/* The number of bytes mapped in [start, end). O(log n). */
uint64_t map_tree_mapped(const struct map_tree *tree, uint64_t start, uint64_t end);

/* Owns every node. For the depth dial. -ENOMEM: the tree holds what it held. */
int map_tree_own_all(const struct map_tree_ops *ops, struct map_tree *tree);

/* Asserts the invariants. O(n). */
void map_tree_check(const struct map_tree *tree);

#endif
