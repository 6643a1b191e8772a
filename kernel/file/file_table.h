/*
 * A process's open files: descriptor number → open file description, a share tree
 * (lib/slot_tree.h). Fork is one reference; whoever opens or closes next owns the path to the slot.
 * The mark of a slot is FD_CLOEXEC.
 */
#ifndef FILE_FILE_TABLE_H
#define FILE_FILE_TABLE_H

#include "lib/slot_tree.h"
#include "sched/spin.h"

struct file;

/*
 * Locks: changes always hold `lock`. The one thread that uses an unshared table may look things up
 * without it: nobody else changes the tree. `shared` is set before a second user can exist and is
 * never cleared, so a look-up decides by one load.
 */
struct file_table {
    _Atomic uint32_t refs; /* processes that share the table as such (CLONE_FILES) */
    _Atomic bool shared;   /* a second thread or process may change the tree */
    struct spinlock lock;  /* guards tree; O(depth) work only */
    struct slot_tree tree;
    bool record_locks; /* a fcntl lock was taken through this table: closing looks for them */
};

/* An empty table with one reference. NULL: no memory. */
struct file_table *file_table_create(void);
/* A table that shares every slot of parent, in constant time. NULL: no memory. */
struct file_table *file_table_fork(struct file_table *parent);
/* Another holder; the table counts as shared from now on. */
struct file_table *file_table_get(struct file_table *table);
/* To be called before a second thread of the same process starts (CLONE_THREAD without its own
 * reference). */
void file_table_share(struct file_table *table);
/* The last reference closes everything. */
void file_table_put(struct file_table *table);

/* The description behind fd with a reference, or NULL (the caller answers -EBADF). */
struct file *file_table_find(struct file_table *table, int fd);
/* Installs `file` (consuming the caller's reference on success) at the lowest free number >= from.
   Returns the number, -EMFILE (limit is the exclusive upper bound, RLIMIT_NOFILE), -ENOMEM. */
int file_table_add(struct file_table *table, struct file *file, int from, bool cloexec,
                   uint64_t limit);
/* dup2: puts file (consumed on success) at exactly fd, closing what was there. fd, -ENOMEM. */
int file_table_replace(struct file_table *table, int fd, struct file *file, bool cloexec);
/* 0 or -EBADF. Closing releases record locks and calls flush. Never fails for memory: the nodes it
   may need come from a reserve when the allocator has none (see the file). */
int file_table_close(struct file_table *table, int fd);
/* close_range(2) without CLOSE_RANGE_UNSHARE. */
int file_table_close_range(struct file_table *table, unsigned first, unsigned last,
                           bool only_mark_cloexec);
/* Marks FD_CLOEXEC: 0 or 1, -EBADF. */
int file_table_cloexec_get(struct file_table *table, int fd);
int file_table_cloexec_set(struct file_table *table, int fd, bool cloexec);
/* At exec: closes what is marked. 0 or -ENOMEM (nothing closed). */
int file_table_exec(struct file_table *table);
/* The first used descriptor >= from with its file (reference for the caller), or -1. For
 * /proc/PID/fd. */
int file_table_next(struct file_table *table, int from, struct file **file);
uint64_t file_table_count(struct file_table *table);
/* Asserts the invariants. Takes the lock. O(nodes). */
void file_table_check(struct file_table *table);
/* Owns every node, for the depth dial. 0 or -ENOMEM. */
int file_table_own_all(struct file_table *table);

/* The caller's own table: the description with a reference or NULL; the same for descriptions that
 * are not O_PATH only. */
struct file *caller_file(int fd);
struct file *caller_file_usable(int fd);
/* Gives the caller a descriptor for `file`, whose reference is consumed in every case. The number,
   -EMFILE, -ENOMEM. A NULL file is -ENOMEM. */
int caller_file_install(struct file *file, bool cloexec);

#endif
