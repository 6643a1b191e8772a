/*
 * A backing: pages by index that mappings and read(2)/write(2) share: a file's page cache, a memfd,
 * shared anonymous memory. The owner embeds it. Pages are found in a slot tree; a page in it holds
 * one count for the backing.
 *
 * Locks: `lock` guards the tree of pages, `size` and the owner's state; it is taken with the
 * space's lock held (faults), never the other way round. A page that is being read from a slow
 * source is filled with `lock` held, so it is a sleeping lock.
 */
#ifndef MEM_BACKING_H
#define MEM_BACKING_H

#include "lib/slot_tree.h"
#include "mem/frame.h"
#include "sched/mutex.h"
#include <bsd/sys/queue.h>

struct backing;
struct space;

enum { BACKING_RANGE_MAX = 32 };

struct backing_ops {
    /* Fills a fresh zeroed page `index` (page-sized units) from the source. 0 or -EIO and the like.
     * Lock held. NULL: stays zero. */
    int (*fill)(struct backing *backing, uint64_t index, struct frame *frame);
    /* Read-ahead for slow sources: fills up to `count` (at most BACKING_RANGE_MAX) fresh zeroed
       pages from `index` on, and returns how many from the front it filled, at least 1, or -errno.
       Lock held. Used instead of fill when it is not NULL. */
    int (*fill_range)(struct backing *backing, uint64_t index, unsigned count,
                      struct frame **frames);
    /* The last count is gone: the owner frees itself (backing_destroy has not been called). */
    void (*release)(struct backing *backing);
    /* A shared writable mapping is about to make the page dirty: 0, or -ENOSPC, -EDQUOT (SIGBUS).
     * NULL: always 0. Lock held. */
    int (*make_writable)(struct backing *backing, uint64_t index);
    /* msync(MS_SYNC) and fsync: writes dirty pages to the source. 0 or -EIO and the like. NULL:
     * nothing to do. Lock not held. */
    int (*sync)(struct backing *backing);
    /* Device memory: gives the physical page for `index` instead of fill; NULL for ordinary
     * backings. */
    int (*device)(struct backing *backing, uint64_t index, struct phys *page);
};

struct backing {
    _Atomic uint32_t refs;   /* holders: mapping-tree entries, open files, the inode */
    _Atomic uint32_t mapped; /* mapping-tree entries that point here, for truncate to find */
    const struct backing_ops *ops;
    struct mutex lock;
    struct slot_tree pages; /* lock: index → struct frame; the mark is "dirty" */
    uint64_t size;          /* lock: bytes; faults at or beyond page_ceil(size) get SIGBUS */
    uint64_t resident;      /* lock: pages present */
    uint32_t deny_write;    /* lock: running as a program: opening for writing gives ETXTBSY */
    uint32_t writers;       /* lock: open for writing: exec gives ETXTBSY */
    uint32_t seals;         /* lock: F_SEAL_ bits */
    bool listed;            /* reclaim's lock: on its list */
    TAILQ_ENTRY(backing) reclaim_link; /* reclaim's lock */
    bool anonymous; /* shared anonymous memory: named /dev/zero (deleted) in maps; counted as shmem
                     */
};

void backing_init(struct backing *backing, const struct backing_ops *ops);
/* Drops all pages; refs must be 0 or the caller's last. */
void backing_destroy(struct backing *backing);
void backing_get(struct backing *backing);
void backing_put(struct backing *backing);

/* The page at `index` with a count for the caller, made and filled if need be. `for_write`: it will
   become dirty. Lock not held; 0, -ENOMEM, or what fill said. Does not look at `size`. */
int backing_page(struct backing *backing, uint64_t index, bool for_write, struct frame **frame);
/* A program runs from it / no longer does: -ETXTBSY when somebody has it open for writing. Lock not
 * held. */
int backing_deny_write(struct backing *backing);
void backing_allow_write(struct backing *backing);
/* The same for a fault: -ENXIO at or beyond the end. */
int backing_page_mapped(struct backing *backing, uint64_t index, bool for_write,
                        struct frame **frame);
/* The page if it is present, with a count; NULL otherwise. */
struct frame *backing_peek(struct backing *backing, uint64_t index);
/* Removes the pages [first, end) and their translations in every space that maps them (also private
   copies when `even_private`, as truncate does), zeroing nothing. Lock not held. */
void backing_zap(struct backing *backing, uint64_t first, uint64_t end, bool even_private);
/* Frees the pages that can be read again from the source, are not dirty, and that nobody holds or
 * has looked at since the last call. Returns how many; sets *busy and does nothing when the lock is
 * taken. */
uint64_t backing_reclaim(struct backing *backing, bool *busy);
/* Makes pages [first, end) a hole. 0, or -EOPNOTSUPP for backings with a source. Lock not held. */
int backing_punch(struct backing *backing, uint64_t first, uint64_t end);
/* Gives the backing a page that the caller filled, with the caller's count on it. 0, -EEXIST,
 * -ENOMEM. Lock held. */
int backing_insert(struct backing *backing, uint64_t index, struct frame *frame);
/* The first dirty page with index >= *index, with a count, its mark taken away; NULL: none left.
 * Lock not held. */
struct frame *backing_next_dirty(struct backing *backing, uint64_t *index);
/* Sets the size; when shrinking zaps what lies beyond and zeroes the last page's tail. Lock not
 * held. */
void backing_resize(struct backing *backing, uint64_t size);

/* read(2) and write(2) through the pages: moves bytes at `offset`, up to the backing's size for
   reads; writes grow it. Returns bytes or -errno. Lock not held. */
struct uio;
int64_t backing_read(struct backing *backing, uint64_t offset, struct uio *uio);
int64_t backing_write(struct backing *backing, uint64_t offset, struct uio *uio);

/* A new backing of zeros, size bytes, for MAP_SHARED|MAP_ANONYMOUS; refs is 1. NULL: no memory. */
struct backing *backing_anonymous(uint64_t size);

/* Pages in all backings that are anonymous or of memory file systems, and in others (Shmem and
 * Cached of /proc/meminfo). */
void backing_totals(uint64_t *shared_pages, uint64_t *cached_pages);

#endif
