/*
 * What flock and record locks share: the list of an inode and waiting for a place in it.
 */
#ifndef FS_LOCK_INTERNAL_H
#define FS_LOCK_INTERNAL_H

#include "fs/lock.h"
#include "sched/wait.h"
#include <bsd/sys/queue.h>

enum lock_kind { LOCK_FLOCK, LOCK_POSIX, LOCK_OFD };

struct file_lock {
    LIST_ENTRY(file_lock) link; /* of the inode's list, by start within an owner */
    void *owner;                /* file table (POSIX) or description */
    enum lock_kind kind;
    bool exclusive;
    int32_t pid;         /* for F_GETLK and /proc/locks; -1: OFD */
    uint64_t start, end; /* bytes, both included */
};
LIST_HEAD(file_lock_head, file_lock);

struct file_lock_list {
    struct file_lock_head locks; /* lock_guard */
    struct wait_queue waiters;
    struct inode *inode;
    LIST_ENTRY(file_lock_list) all_link; /* lock_guard: for /proc/locks */
};

/* The one lock of all lists. */
void lock_guard(void);
void lock_unguard(void);
/* The inode's list, made if need be. NULL: no memory. */
struct file_lock_list *lock_list_of(struct inode *inode);
struct file_lock *lock_alloc(void);
void lock_free(struct file_lock *lock);
/* The first lock in the way of `wanted`, or NULL. Guarded. flock locks and record locks do not see
 * one another. */
struct file_lock *lock_conflict(struct file_lock_list *list, const struct file_lock *wanted);

#endif
