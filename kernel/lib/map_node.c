/*
 * Single nodes of the mapping tree.
 */
#include "lib/map_tree_node.h"

#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"

#include <stdatomic.h>

_Static_assert(sizeof(struct map_node) <= 512, "a node fits into 512 bytes");

/* --- counts --- */

bool map_node_is_shared(const struct map_node *node)
{
    return atomic_load_explicit(&node->refs, memory_order_acquire) > 1;
}

void map_node_get(struct map_node *node)
{
    atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
}

bool map_node_leave(struct map_node *node)
{
    if (!map_node_is_shared(node))
        return true;
    if (atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) > 1)
        return false;
    atomic_store_explicit(&node->refs, 1, memory_order_relaxed);
    return true;
}

static void object_get(const struct map_tree_ops *ops, void *object)
{
    if (object != NULL)
        ops->object_get(object);
}

static void object_put(const struct map_tree_ops *ops, void *object)
{
    if (object != NULL)
        ops->object_put(object);
}

static void children_get(const struct map_tree_ops *ops, struct map_node *node)
{
    for (uint32_t i = 0; i < node->used; i++) {
        if (node->level > 0)
            map_node_get(node->inner[i].node);
        else
            object_get(ops, node->leaf[i].object);
    }
}

/* Undoes children_get for a node whose children all have another pointer, so that none goes away.
 */
static void children_unget(const struct map_tree_ops *ops, struct map_node *node)
{
    for (uint32_t i = 0; i < node->used; i++) {
        if (node->level > 0)
            (void)map_node_leave(node->inner[i].node);
        else
            object_put(ops, node->leaf[i].object);
    }
}

/* --- reserve --- */

int map_reserve_fill(struct map_edit *edit, size_t count)
{
    for (; count > 0; count--) {
        struct map_node *node = edit->ops->node_alloc();

        if (node == NULL) {
            map_reserve_drop(edit);
            return -ENOMEM;
        }
        node->next = edit->reserve.first;
        edit->reserve.first = node;
    }
    return 0;
}

void map_reserve_drop(struct map_edit *edit)
{
    while (edit->reserve.first != NULL) {
        struct map_node *node = edit->reserve.first;

        edit->reserve.first = node->next;
        edit->ops->node_free(node);
    }
}

struct map_node *map_node_take(struct map_edit *edit, uint16_t level)
{
    struct map_node *node = edit->reserve.first;

    kernel_assert(node != NULL);
    edit->reserve.first = node->next;
    atomic_init(&node->refs, 1);
    node->level = level;
    node->used = 0;
    node->mappings = 0;
    node->bytes = 0;
    return node;
}

/* Gives up a node whose content has been copied, with counts, to another one. */
static void copied_node_leave(const struct map_tree_ops *ops, struct map_node *old)
{
    if (map_node_leave(old)) {
        children_unget(ops, old);
        ops->node_free(old);
    }
}

static void slots_copy(struct map_node *to, uint32_t at, const struct map_node *from)
{
    if (from->level > 0)
        memcpy(&to->inner[at], from->inner, from->used * sizeof(from->inner[0]));
    else
        memcpy(&to->leaf[at], from->leaf, from->used * sizeof(from->leaf[0]));
}

struct map_node *map_node_own(struct map_edit *edit, struct map_node **link)
{
    struct map_node *old = *link;
    struct map_node *copy;

    if (!map_node_is_shared(old))
        return old;
    copy = map_node_take(edit, old->level);
    copy->used = old->used;
    copy->mappings = old->mappings;
    copy->bytes = old->bytes;
    slots_copy(copy, 0, old);
    children_get(edit->ops, copy);
    copied_node_leave(edit->ops, old);
    *link = copy;
    if (edit->ops->node_copied != NULL)
        edit->ops->node_copied();
    return copy;
}

/* --- taking apart --- */

void map_node_strip(const struct map_tree_ops *ops, struct map_node *node, uint32_t *budget)
{
    for (; node->used > 0 && *budget > 0; node->used--) {
        struct map_node *child;

        if (node->level == 0) {
            object_put(ops, node->leaf[node->used - 1].object);
            --*budget;
            continue;
        }
        child = node->inner[node->used - 1].node;
        if (!map_node_leave(child)) {
            --*budget;
            continue;
        }
        map_node_strip(ops, child, budget);
        if (child->used > 0)
            return;
        ops->node_free(child);
    }
}

void map_node_release(const struct map_tree_ops *ops, struct map_node *node)
{
    uint32_t budget = UINT32_MAX;

    if (!map_node_leave(node))
        return;
    map_node_strip(ops, node, &budget);
    ops->node_free(node);
}

/* --- summaries --- */

uint64_t map_node_start(const struct map_node *node)
{
    return node->level > 0 ? node->inner[0].start : node->leaf[0].start;
}

uint64_t map_node_end(const struct map_node *node)
{
    return node->level > 0 ? node->inner[node->used - 1].end : node->leaf[node->used - 1].end;
}

uint64_t map_node_gap(const struct map_node *node)
{
    uint64_t gap = 0;

    if (node->level == 0) {
        for (uint32_t i = 1; i < node->used; i++)
            gap = max_u64(gap, node->leaf[i].start - node->leaf[i - 1].end);
        return gap;
    }
    for (uint32_t i = 0; i < node->used; i++) {
        gap = max_u64(gap, node->inner[i].gap);
        if (i > 0)
            gap = max_u64(gap, node->inner[i].start - node->inner[i - 1].end);
    }
    return gap;
}

void map_node_sum(struct map_node *node)
{
    uint64_t bytes = 0;
    uint32_t mappings = 0;

    if (node->level == 0) {
        for (uint32_t i = 0; i < node->used; i++)
            bytes += node->leaf[i].end - node->leaf[i].start;
        mappings = node->used;
    } else {
        for (uint32_t i = 0; i < node->used; i++) {
            bytes += node->inner[i].node->bytes;
            mappings += node->inner[i].node->mappings;
        }
    }
    node->bytes = bytes;
    node->mappings = mappings;
}

void map_node_describe(struct map_node *parent, uint32_t slot, struct map_node *child)
{
    parent->inner[slot] = (struct map_child){
        .start = map_node_start(child),
        .end = map_node_end(child),
        .gap = map_node_gap(child),
        .node = child,
    };
}

/* --- slots --- */

uint32_t map_node_slot(const struct map_node *node, uint64_t address)
{
    uint32_t slot = 0;

    if (node->level > 0) {
        while (slot + 1 < node->used && node->inner[slot + 1].start <= address)
            slot++;
    } else {
        while (slot + 1 < node->used && node->leaf[slot + 1].start <= address)
            slot++;
    }
    return slot;
}

static void slots_move(struct map_node *node, uint32_t to, uint32_t from)
{
    if (node->level > 0)
        memmove(&node->inner[to], &node->inner[from], (node->used - from) * sizeof(node->inner[0]));
    else
        memmove(&node->leaf[to], &node->leaf[from], (node->used - from) * sizeof(node->leaf[0]));
}

void map_node_open(struct map_node *node, uint32_t slot)
{
    slots_move(node, slot + 1, slot);
    node->used++;
}

void map_node_close(struct map_node *node, uint32_t slot, uint32_t count)
{
    slots_move(node, slot, slot + count);
    node->used = (uint16_t)(node->used - count);
}

void map_node_merge(const struct map_tree_ops *ops, struct map_node *to, struct map_node *from,
                    bool in_front)
{
    if (in_front)
        slots_move(to, from->used, 0);
    slots_copy(to, in_front ? 0 : to->used, from);
    to->used = (uint16_t)(to->used + from->used);
    to->mappings += from->mappings;
    to->bytes += from->bytes;
    if (map_node_is_shared(from)) {
        children_get(ops, from);
        copied_node_leave(ops, from);
    } else {
        ops->node_free(from);
    }
}
