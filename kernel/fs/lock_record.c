/*
 * Record locks (fcntl_locking(2)): ranges of bytes per owner. An owner's ranges never overlap;
 * setting one cuts, splits and merges its others. Memory for the worst case (the new range and one
 * split) is got before the list is touched.
 *
 * Deadlock: each waiting POSIX owner is entered in a list with the lock it waits for; before
 * sleeping, the chain of owners is followed and a way back to oneself is -EDEADLK.
 * Open-file-description locks are not searched, as on Linux.
 */
#include "abi/restart.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/inode.h"
#include "fs/lock_internal.h"
#include "lib/errno.h"
#include <linux/fcntl.h>
#include <linux/fs.h>

struct lock_waiter {
    LIST_ENTRY(lock_waiter) link;
    const struct file_lock *wanted;
    struct file_lock_list *list;
};

static LIST_HEAD(, lock_waiter) blocked = LIST_HEAD_INITIALIZER(blocked); /* guarded */

enum { CHAIN_MAX = 64 };

/* From l_whence, l_start and l_len to first and last byte. */
static int range_of(struct file *file, const struct flock *wanted, uint64_t *start, uint64_t *end)
{
    int64_t from, to;

    if (wanted->l_whence == SEEK_SET)
        from = 0;
    else if (wanted->l_whence == SEEK_CUR)
        from = (int64_t)file->position;
    else if (wanted->l_whence == SEEK_END)
        from = (int64_t)inode_size(file->inode);
    else
        return -EINVAL;
    if (__builtin_add_overflow(from, wanted->l_start, &from))
        return -EOVERFLOW;
    if (from < 0)
        return -EINVAL;
    to = INT64_MAX;
    if (wanted->l_len > 0) {
        if (__builtin_add_overflow(from, wanted->l_len - 1, &to))
            return -EOVERFLOW;
    } else if (wanted->l_len < 0) {
        to = from - 1;
        from += wanted->l_len;
        if (from < 0)
            return -EINVAL;
    }
    *start = (uint64_t)from;
    *end = (uint64_t)to;
    return 0;
}

static int wanted_init(struct file *file, const struct flock *given, bool ofd,
                       struct file_lock *wanted)
{
    if (!file->inode)
        return -EINVAL;
    if (given->l_type != F_RDLCK && given->l_type != F_WRLCK && given->l_type != F_UNLCK)
        return -EINVAL;
    if (ofd && given->l_pid)
        return -EINVAL;
    *wanted = (struct file_lock){
        .owner = ofd ? (void *)file : (void *)caller_files(),
        .kind = ofd ? LOCK_OFD : LOCK_POSIX,
        .exclusive = given->l_type == F_WRLCK,
        .pid = ofd ? -1 : caller_pid(),
    };
    return range_of(file, given, &wanted->start, &wanted->end);
}

int lock_record_test(struct file *file, struct flock *given, bool ofd)
{
    struct file_lock wanted;
    const struct file_lock *lock = NULL;
    struct file_lock_list *list;
    int error;

    if (given->l_type == F_UNLCK)
        return -EINVAL;
    error = wanted_init(file, given, ofd, &wanted);
    if (error)
        return error;
    list = atomic_load(&file->inode->locks);
    lock_guard();
    if (list)
        lock = lock_conflict(list, &wanted);
    given->l_type = F_UNLCK;
    if (lock) {
        given->l_type = lock->exclusive ? F_WRLCK : F_RDLCK;
        given->l_whence = SEEK_SET;
        given->l_start = (int64_t)lock->start;
        given->l_len = lock->end == INT64_MAX ? 0 : (int64_t)(lock->end - lock->start + 1);
        given->l_pid = lock->pid;
    }
    lock_unguard();
    return 0;
}

/* Objects that a change may need; what is left is freed. */
struct lock_spares {
    struct file_lock *fresh, *split;
};

/* Takes the range of `wanted` out of one lock of the same owner; a lock in two pieces uses the
 * spare. */
static void cut_one(struct file_lock *lock, const struct file_lock *wanted,
                    struct lock_spares *spares)
{
    if (lock->start < wanted->start && lock->end > wanted->end) {
        struct file_lock *upper = spares->split;

        spares->split = NULL;
        *upper = *lock;
        upper->start = wanted->end + 1;
        LIST_INSERT_AFTER(lock, upper, link);
        lock->end = wanted->start - 1;
    } else if (lock->start < wanted->start) {
        lock->end = wanted->start - 1;
    } else if (lock->end > wanted->end) {
        lock->start = wanted->end + 1;
    } else {
        LIST_REMOVE(lock, link);
        lock_free(lock);
    }
}

/* Widens `wanted` over locks of the same owner and kind that touch it, which go. */
static void merge_neighbours(struct file_lock_list *list, struct file_lock *wanted)
{
    struct file_lock *lock, *next;

    LIST_FOREACH_SAFE (lock, &list->locks, link, next) {
        if (lock->owner != wanted->owner || lock->kind != wanted->kind ||
            lock->exclusive != wanted->exclusive || lock->end + 1 < wanted->start ||
            wanted->end + 1 < lock->start)
            continue;
        wanted->start = lock->start < wanted->start ? lock->start : wanted->start;
        wanted->end = lock->end > wanted->end ? lock->end : wanted->end;
        LIST_REMOVE(lock, link);
        lock_free(lock);
    }
}

/* Sets or clears the range; nothing is in the way. Guarded. */
static void record_commit(struct file_lock_list *list, struct file_lock *wanted, bool unlock,
                          struct lock_spares *spares)
{
    struct file_lock *lock, *next;

    if (!unlock)
        merge_neighbours(list, wanted);
    LIST_FOREACH_SAFE (lock, &list->locks, link, next)
        if (lock->owner == wanted->owner && lock->kind == wanted->kind &&
            lock->start <= wanted->end && wanted->start <= lock->end)
            cut_one(lock, wanted, spares);
    if (unlock)
        return;
    *spares->fresh = *wanted;
    LIST_INSERT_HEAD(&list->locks, spares->fresh, link);
    spares->fresh = NULL;
}

/* Whom does this owner wait for? */
static void *owner_waits_for(const void *owner)
{
    struct lock_waiter *waiter;
    struct file_lock *lock;

    LIST_FOREACH (waiter, &blocked, link) {
        if (waiter->wanted->owner != owner)
            continue;
        lock = lock_conflict(waiter->list, waiter->wanted);
        return lock && lock->kind == LOCK_POSIX ? lock->owner : NULL;
    }
    return NULL;
}

/* Would waiting for the owner of `lock` close a circle? */
static bool record_deadlock(const struct file_lock *wanted, const struct file_lock *lock)
{
    void *owner = lock->owner;

    if (wanted->kind != LOCK_POSIX || lock->kind != LOCK_POSIX)
        return false;
    for (int i = 0; owner && i < CHAIN_MAX; i++) {
        if (owner == wanted->owner)
            return true;
        owner = owner_waits_for(owner);
    }
    return false;
}

/* One attempt: 0 done, -EAGAIN something is in the way, -EDEADLK. */
static int record_try(struct file_lock_list *list, struct file_lock *wanted, bool unlock,
                      struct lock_spares *spares, struct lock_waiter *waiter)
{
    struct file_lock *lock;
    int error = 0;

    lock_guard();
    if (waiter->list) {
        LIST_REMOVE(waiter, link);
        waiter->list = NULL;
    }
    lock = unlock ? NULL : lock_conflict(list, wanted);
    if (!lock) {
        record_commit(list, wanted, unlock, spares);
    } else if (record_deadlock(wanted, lock)) {
        error = -EDEADLK;
    } else {
        error = -EAGAIN;
        waiter->list = list;
        waiter->wanted = wanted;
        LIST_INSERT_HEAD(&blocked, waiter, link);
    }
    lock_unguard();
    return error;
}

static void blocked_leave(struct lock_waiter *waiter)
{
    lock_guard();
    if (waiter->list)
        LIST_REMOVE(waiter, link);
    lock_unguard();
}

static int record_set(struct file_lock_list *list, struct file_lock *wanted, bool unlock, bool wait,
                      struct lock_spares *spares)
{
    struct lock_waiter waiter = {.list = NULL};
    struct waiter self;
    int error;

    waiter_init(&self);
    for (;;) {
        wait_enter(&list->waiters, &self);
        error = record_try(list, wanted, unlock, spares, &waiter);
        if (error != -EAGAIN || !wait)
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
        if (error) {
            error = -ERESTARTSYS;
            break;
        }
    }
    wait_leave(&list->waiters, &self);
    blocked_leave(&waiter);
    if (!error)
        wait_wake_all(&list->waiters);
    return error;
}

int lock_record_set(struct file *file, const struct flock *given, bool ofd, bool wait)
{
    struct lock_spares spares;
    struct file_lock_list *list;
    struct file_lock wanted;
    int error = wanted_init(file, given, ofd, &wanted);

    if (error)
        return error;
    if ((given->l_type == F_RDLCK && !(file->mode & FILE_READ)) ||
        (given->l_type == F_WRLCK && !(file->mode & FILE_WRITE)))
        return -EBADF;
    list = lock_list_of(file->inode);
    if (!list)
        return -ENOLCK;
    spares = (struct lock_spares){lock_alloc(), lock_alloc()};
    if (!spares.fresh || !spares.split) {
        error = -ENOLCK;
    } else {
        if (ofd)
            file->locks = list;
        else
            caller_files()->record_locks = true;
        error = record_set(list, &wanted, given->l_type == F_UNLCK, wait, &spares);
    }
    lock_free(spares.fresh);
    lock_free(spares.split);
    return error;
}
