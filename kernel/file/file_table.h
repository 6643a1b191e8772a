/*
 * A process's open files: descriptor number → open file description, a share tree (lib/slot_tree.h). Fork is one reference; whoever
 * opens or closes next owns the path to the slot. The mark of a slot is FD_CLOEXEC.
 */
#ifndef FILE_FILE_TABLE_H
#define FILE_FILE_TABLE_H

#include "lib/slot_tree.h"
#include "sched/mutex.h"

struct file;

struct file_table {
    _Atomic uint32_t refs; /* processes that share the table as such (CLONE_FILES) */
    struct mutex lock;     /* guards tree; O(1) or O(depth) work only */
    struct slot_tree tree;
    bool record_locks;     /* some fcntl lock was taken through this table: closing must look for them */
};

/* An empty table with one reference. NULL: no memory. */
struct file_table *file_table_create(void);
/* A table that shares every slot of parent, in constant time. NULL: no memory. */
struct file_table *file_table_fork(struct file_table *parent);
struct file_table *file_table_get(struct file_table *table);
/* The last reference closes everything. */
void file_table_put(struct file_table *table);

/* The description behind fd with a reference, or NULL (the caller answers -EBADF). */
struct file *file_table_find(struct file_table *table, int fd);
/* Installs `file` (consuming the caller's reference on success) at the lowest free number >= from. Returns the number, -EMFILE (limit is
   the exclusive upper bound, RLIMIT_NOFILE), -ENOMEM. */
int file_table_add(struct file_table *table, struct file *file, int from, bool cloexec, uint64_t limit);
/* dup2: puts file (consumed on success) at exactly fd, closing what was there. fd, -ENOMEM. */
int file_table_replace(struct file_table *table, int fd, struct file *file, bool cloexec);
/* 0 or -EBADF. Closing releases record locks and calls flush. Never fails for memory: the path is owned first and if that fails the
   slot is cleared in place under reserve (see the file). */
int file_table_close(struct file_table *table, int fd);
/* close_range(2) without CLOSE_RANGE_UNSHARE. */
int file_table_close_range(struct file_table *table, unsigned first, unsigned last, bool only_mark_cloexec);
int file_table_cloexec_get(struct file_table *table, int fd);
int file_table_cloexec_set(struct file_table *table, int fd, bool cloexec);
/* At exec: closes what is marked. 0 or -ENOMEM (nothing closed). */
int file_table_exec(struct file_table *table);
/* The first used descriptor >= from with its file (reference for the caller), or -1. For /proc/PID/fd. */
int file_table_next(struct file_table *table, int from, struct file **file);
uint64_t file_table_count(struct file_table *table);

#endif
