/*
 * Shared by the files that make up address spaces (space.c, map.c, remap.c, advise.c, fault.c,
 * inspect.c).
 */
#ifndef MEM_SPACE_PARTS_H
#define MEM_SPACE_PARTS_H

#include "mem/space.h"

extern const struct map_tree_ops space_map_ops;

/* Edits of the mapping tree that keep the accounts and the list of exceptions (maps.c).
   Translations are the caller's. 0, or -ENOMEM with nothing changed. Space lock held. */
/* At free addresses; the tree takes its own count on the object. -EEXIST too. */
int space_maps_insert(struct space *space, const struct mapping *map);
int space_maps_erase(struct space *space, uint64_t start, uint64_t end);
int space_maps_change(struct space *space, uint64_t start, uint64_t end,
                      const struct map_change *change);
/* Counts everything anew, for edits that were made on a draft of the tree. O(mappings). */
void space_maps_recount(struct space *space);
/* Makes the exceptions in [start, end) of a list those of `flags`; other flags than
   MAPPING_FORK_EXCEPTION are passed over. 0 or -ENOMEM; then the list may have lost the range: it
   is a draft. */
int space_exceptions_set(struct map_tree *exceptions, uint64_t start, uint64_t end, uint32_t flags);
/* Unmaps with the lock held; the range is aligned and in user space. */
int space_unmap_locked(struct space *space, uint64_t start, uint64_t end);
/* PTE_LEAF_ flags for pages of a mapping, without write permission. */
unsigned space_leaf_flags(const struct mapping *map);
/* True when the whole range is mapped. */
bool space_maps_cover(struct space *space, uint64_t start, uint64_t end);
/* Checks that [address, address + length) is aligned and in user space; *end is the rounded end. */
bool space_range_ok(uint64_t address, uint64_t length, uint64_t *end);
/* A free range for a mapping; hint 0: none. Space lock held. 0 or -ENOMEM. */
int space_find_gap(struct space *space, uint64_t hint, uint64_t length, uint64_t align,
                   uint64_t *address);
/* Does the mapping count against RLIMIT_DATA? */
bool space_is_data(const struct mapping *map);
/* Would `extra` bytes of mappings of these flags break a limit of the caller? 0 or -ENOMEM. */
int space_limits_allow(struct space *space, uint64_t extra, bool data);
/* Grows a MAP_GROWSDOWN mapping down to `address` if it may. NULL: no. */
const struct mapping *space_grow_stack(struct space *space, uint64_t address);

#endif
