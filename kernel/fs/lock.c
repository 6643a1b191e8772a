/*
 * Lists of locks, flock(2), and what ends with descriptors and descriptions. Record locks are in
 * lock_record.c. One spinlock guards all lists: locks are few and short-lived, and the search for
 * deadlocks crosses inodes.
 */
#include "abi/restart.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/filesystem.h"
#include "fs/inode.h"
#include "fs/lock_internal.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include <linux/fcntl.h>

static struct slab_cache lock_cache = SLAB_CACHE("file_lock", sizeof(struct file_lock));
static struct slab_cache list_cache = SLAB_CACHE("file_lock_list", sizeof(struct file_lock_list));
static struct spinlock guard;
static LIST_HEAD(, file_lock_list) all_lists = LIST_HEAD_INITIALIZER(all_lists); /* guard */

void lock_guard(void)
{
    spin_lock(&guard);
}

void lock_unguard(void)
{
    spin_unlock(&guard);
}

struct file_lock *lock_alloc(void)
{
    return slab_alloc_zero(&lock_cache);
}

void lock_free(struct file_lock *lock)
{
    if (lock)
        slab_free(&lock_cache, lock);
}

struct file_lock_list *lock_list_of(struct inode *inode)
{
    struct file_lock_list *list = atomic_load(&inode->locks), *expected = NULL;

    if (list)
        return list;
    list = slab_alloc_zero(&list_cache);
    if (!list)
        return NULL;
    list->inode = inode;
    lock_guard();
    if (!atomic_compare_exchange_strong(&inode->locks, &expected, list)) {
        lock_unguard();
        slab_free(&list_cache, list);
        return expected;
    }
    LIST_INSERT_HEAD(&all_lists, list, all_link);
    lock_unguard();
    return list;
}

void lock_drop_inode(struct inode *inode)
{
    struct file_lock_list *list = atomic_load(&inode->locks);

    if (!list)
        return;
    lock_guard();
    LIST_REMOVE(list, all_link);
    lock_unguard();
    slab_free(&list_cache, list);
}

struct file_lock *lock_conflict(struct file_lock_list *list, const struct file_lock *wanted)
{
    struct file_lock *lock;

    LIST_FOREACH (lock, &list->locks, link)
        if ((lock->kind == LOCK_FLOCK) == (wanted->kind == LOCK_FLOCK) &&
            lock->owner != wanted->owner && (lock->exclusive || wanted->exclusive) &&
            lock->start <= wanted->end && wanted->start <= lock->end)
            return lock;
    return NULL;
}

/* Takes all locks of one owner (and kind FLOCK only, if asked) off the list and wakes who waits. */
static void drop_owner(struct inode *inode, void *owner, bool only_flock)
{
    struct file_lock_list *list = atomic_load(&inode->locks);
    struct file_lock *lock, *next;
    bool dropped = false;

    if (!list)
        return;
    lock_guard();
    LIST_FOREACH_SAFE (lock, &list->locks, link, next) {
        if (lock->owner != owner || (only_flock && lock->kind != LOCK_FLOCK))
            continue;
        LIST_REMOVE(lock, link);
        lock_free(lock);
        dropped = true;
    }
    lock_unguard();
    if (dropped)
        wait_wake_all(&list->waiters);
}

void lock_drop_table(struct file_table *table, struct inode *inode)
{
    drop_owner(inode, table, false);
}

void lock_drop_file(struct file *file)
{
    if (file->inode)
        drop_owner(file->inode, file, false);
}

/* Puts `fresh` in if nothing is in the way (in place of the description's own lock). True: done. */
static bool flock_try(struct file_lock_list *list, struct file_lock *fresh)
{
    struct file_lock *lock;

    if (lock_conflict(list, fresh))
        return false;
    LIST_FOREACH (lock, &list->locks, link) {
        if (lock->kind != LOCK_FLOCK || lock->owner != fresh->owner)
            continue;
        lock->exclusive = fresh->exclusive;
        return true;
    }
    LIST_INSERT_HEAD(&list->locks, fresh, link);
    return true;
}

static int flock_wait(struct file_lock_list *list, struct file_lock *fresh, bool wait)
{
    struct waiter self;
    bool done;
    int error = 0;

    waiter_init(&self);
    for (;;) {
        wait_enter(&list->waiters, &self);
        lock_guard();
        done = flock_try(list, fresh);
        lock_unguard();
        if (done || !wait)
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
        if (error)
            break;
    }
    wait_leave(&list->waiters, &self);
    if (done)
        return 0;
    return error ? -ERESTARTSYS : -EAGAIN;
}

/* Did flock_try use the object itself? */
static bool lock_is_listed(const struct file_lock *lock)
{
    return lock->link.le_prev != NULL;
}

int lock_flock(struct file *file, int operation)
{
    struct file_lock_list *list;
    struct file_lock *fresh;
    int error, kind = operation & ~LOCK_NB;

    if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
        return -EINVAL;
    if (!file->inode)
        return -EINVAL;
    if (kind == LOCK_UN) {
        drop_owner(file->inode, file, true);
        return 0;
    }
    list = lock_list_of(file->inode);
    fresh = list ? lock_alloc() : NULL;
    if (!fresh)
        return -ENOLCK;
    *fresh = (struct file_lock){.owner = file,
                                .kind = LOCK_FLOCK,
                                .exclusive = kind == LOCK_EX,
                                .pid = caller_pid(),
                                .end = INT64_MAX};
    file->locks = list;
    /* Changing the kind of one's lock gives it up first, as flock(2) warns: two upgraders cannot
     * block each other. */
    if (kind == LOCK_EX && !(operation & LOCK_NB))
        drop_owner(file->inode, file, true);
    error = flock_wait(list, fresh, !(operation & LOCK_NB));
    /* A downgrade lets readers in. */
    if (!error && kind == LOCK_SH)
        wait_wake_all(&list->waiters);
    if (!lock_is_listed(fresh))
        lock_free(fresh);
    return error;
}

static int describe_one(const struct file_lock *lock, const struct inode *inode, uint64_t index,
                        char *buffer, size_t size)
{
    static const char *const kinds[] = {"FLOCK ", "POSIX ", "OFDLCK"};
    uint32_t device = inode->filesystem->device;
    char end[24];

    format_text(end, sizeof end, "%lu", (unsigned long)lock->end);
    return format_text(buffer, size, "%lu: %s  ADVISORY  %s %d %02x:%02x:%lu %lu %s\n",
                       (unsigned long)index + 1, kinds[lock->kind],
                       lock->exclusive ? "WRITE" : "READ ", lock->pid, device >> 8, device & 0xff,
                       (unsigned long)inode->number, (unsigned long)lock->start,
                       lock->end == INT64_MAX ? "EOF" : end);
}

int lock_describe(uint64_t index, char *buffer, size_t size)
{
    struct file_lock_list *list;
    struct file_lock *lock;
    uint64_t seen = 0;
    int length = 0;

    lock_guard();
    LIST_FOREACH (list, &all_lists, all_link)
        LIST_FOREACH (lock, &list->locks, link)
            if (seen++ == index)
                length = describe_one(lock, list->inode, index, buffer, size);
    lock_unguard();
    return length;
}
