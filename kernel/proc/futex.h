/*
 * Futexes (futex(2)): sleeping on a word of user memory.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "proc/process.h"

/* futex(2) with the command and flags apart. Deadlines are clock_monotonic or, with `realtime`,
 * wall-clock nanoseconds; WAIT_FOREVER: none. */
struct futex_wait_request {
    struct uaddr word;
    bool private_key;
    bool realtime; /* deadline is on the wall clock */
    bool relative; /* the deadline was made from a relative timeout, for the restart */
    uint32_t value, bits;
    uint64_t deadline;
};

/* FUTEX_WAIT, FUTEX_WAIT_BITSET: 0, -EAGAIN (another value), -ETIMEDOUT, -EFAULT, -ERESTARTSYS,
 * -ERESTART_RESTARTBLOCK. */
int64_t futex_wait(const struct futex_wait_request *request);
/* FUTEX_WAKE, FUTEX_WAKE_BITSET: how many were woken, or -errno. */
int64_t futex_wake(struct uaddr word, bool private_key, uint32_t count, uint32_t bits);
/* FUTEX_REQUEUE, FUTEX_CMP_REQUEUE (compare: *expected must be there). The number woken (and, with
 * compare, moved too). */
int64_t futex_requeue(struct uaddr from, struct uaddr to, bool private_key, uint32_t wake,
                      uint32_t move, const uint32_t *expected);
/* FUTEX_WAKE_OP */
int64_t futex_wake_op(struct uaddr first, struct uaddr second, bool private_key, uint32_t count,
                      uint32_t second_count, uint32_t operation);
/* FUTEX_LOCK_PI and its kin: the word holds the owner's number. 0, -EDEADLK, -ESRCH, -EPERM,
 * -EAGAIN, -ETIMEDOUT, -ERESTARTNOINTR, -EFAULT. */
int64_t futex_lock_pi(const struct futex_wait_request *request, bool try_only);
int64_t futex_unlock_pi(struct uaddr word, bool private_key);

/* For exit: wakes waiters on a word of the current process, whether they wait privately or not. */
void futex_wake_address(struct uaddr word, uint32_t count);
/* A task ends: its robust list is walked (robust.c), and PI locks that others wait for are handed
 * on. */
void futex_task_exit(struct task *task);

#endif
