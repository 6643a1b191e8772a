/*
 * Giving memory back before it runs out: pages of files that can be read again, and what other
 * layers keep only to be quick (their shrinkers). A kernel thread does the work, woken by the frame
 * allocator when free memory falls below a watermark, so that no allocation has to wait in a place
 * where it may not; who may sleep waits for a round of it and tries again.
 *
 * Watermarks, in frames: below `low` the thread starts, and works until `high`; pages of programs
 * and files are not handed out below `reserve`, so that tables and objects of the kernel still are;
 * the last quarter of the reserve is for threads that are about to end and for kernel threads.
 * Files in memory stop growing (ENOSPC) while programs still have 1/16 of it.
 *
 * Locks: the list of backings has a spinlock of its own, innermost; a backing's lock is only tried,
 * never waited for. Whoever waits may hold any sleeping lock but that of the backing at hand, and
 * no spinlock. Cost: one comparison per frame allocated; a round is O(pages in caches).
 */
#ifndef MEM_RECLAIM_H
#define MEM_RECLAIM_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

struct backing;

/* Frees what can be made again. Runs in the reclaiming thread and may sleep. Returns how many
 * objects it freed. */
struct shrinker {
    uint64_t (*shrink)(void);
    SLIST_ENTRY(shrinker) link;
};

/* Registers a static shrinker, at boot. */
void reclaim_register(struct shrinker *shrinker);
/* What to do when reclaiming is of no use: ends some process and waits a little. True: try again.
 * Set once at boot. */
void reclaim_set_killer(bool (*killer)(void));

/* The body of the reclaiming thread; boot starts it. */
void reclaim_thread(void *argument);

/* True when a failed allocation can be put down to a lack of memory. */
bool reclaim_short(void);
/* After -ENOMEM: waits for a round. True: there is memory again. False: there is none, nothing was
   short in the first place (an allocation that failed on purpose), or the caller is being killed.
 */
bool reclaim_wait(void);
/* The same, and if that does not help has a process killed. False only when trying again is of no
 * use. */
bool reclaim_or_kill(void);
/* May files in memory / objects that a program can pile up, such as open files and what pipes hold,
   take more of it? Both end before programs are short of pages, so that a heap of them costs its
   maker an error and not others their lives. They try to make room: no spinlocks held. */
bool reclaim_files_may_grow(void);
bool reclaim_objects_may_grow(void);

/* For backings (mem/backing.c): one with a source joins the list with its first page and leaves it
 * before it is freed. */
void reclaim_enlist(struct backing *backing);
void reclaim_delist(struct backing *backing);
/* For the frame allocator: tells it, without waiting, that the thread has something to do. Any
 * context that may wake. */
void reclaim_start(void);

#endif
