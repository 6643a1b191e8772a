/*
 * Numbers: the one table from numbers to tasks, processes, groups and sessions.
 *
 * A number is in use as long as its struct pid has references: the task's or process's own, group
 * and session members', pidfds and calls in progress. It stays in the tree until the last reference
 * is gone, so that it cannot be given out twice; a look-up that wants a reference does not take one
 * from zero.
 *
 * Numbers are given out upwards from the last one and begin again at 300 after the limit, as Linux
 * does. Locks: tree_lock. Cost: O(log n), plus the run of used numbers behind the last one.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "proc/process.h"

enum { PID_FIRST_AGAIN = 300 };

RB_HEAD(pid_tree, pid);

struct spinlock tree_lock;
struct process_list all_processes = TAILQ_HEAD_INITIALIZER(all_processes);
struct process *process_one;

static struct slab_cache pid_cache = SLAB_CACHE("pid", sizeof(struct pid));
static struct pid_tree pids = RB_INITIALIZER(&pids); /* tree_lock */
static int32_t last_number;                          /* tree_lock */
static uint32_t used_count;                          /* tree_lock */

static int pid_compare(struct pid *a, struct pid *b)
{
    return a->number < b->number ? -1 : a->number > b->number;
}

RB_GENERATE_INTERNAL(pid_tree, pid, link, pid_compare, static __attribute__((unused)))

/* The first free number >= from, or PID_LIMIT. `from` itself is nearly always free. */
static int32_t free_from_locked(int32_t from)
{
    struct pid key = {.number = from};
    struct pid *used = RB_FIND(pid_tree, &pids, &key);

    while (used && used->number == from && from < PID_LIMIT) {
        from++;
        used = RB_NEXT(pid_tree, &pids, used);
    }
    return from;
}

static int pid_insert_locked(struct pid *pid)
{
    int32_t number = free_from_locked(last_number + 1);

    if (number >= PID_LIMIT)
        number = free_from_locked(PID_FIRST_AGAIN);
    if (number >= PID_LIMIT)
        return -EAGAIN;
    pid->number = last_number = number;
    RB_INSERT(pid_tree, &pids, pid);
    used_count++;
    return 0;
}

int pid_alloc(struct pid **result)
{
    struct pid *pid = slab_alloc_zero(&pid_cache);
    uint64_t saved;
    int error;

    if (!pid)
        return -ENOMEM;
    atomic_init(&pid->refs, 1);
    TAILQ_INIT(&pid->group);
    TAILQ_INIT(&pid->session);
    saved = spin_lock_irq(&tree_lock);
    error = pid_insert_locked(pid);
    spin_unlock_irq(&tree_lock, saved);
    if (error)
        slab_free(&pid_cache, pid);
    else
        *result = pid;
    return error;
}

struct pid *pid_get(struct pid *pid)
{
    atomic_fetch_add_explicit(&pid->refs, 1, memory_order_relaxed);
    return pid;
}

void pid_put(struct pid *pid)
{
    uint64_t saved;

    if (!pid || atomic_fetch_sub_explicit(&pid->refs, 1, memory_order_acq_rel) != 1)
        return;
    saved = spin_lock_irq(&tree_lock);
    RB_REMOVE(pid_tree, &pids, pid);
    used_count--;
    spin_unlock_irq(&tree_lock, saved);
    slab_free(&pid_cache, pid);
}

int32_t pid_last(void)
{
    return last_number;
}

uint32_t pid_count(void)
{
    return used_count;
}

struct pid *pid_find_locked(int32_t number)
{
    struct pid key = {.number = number};

    return RB_FIND(pid_tree, &pids, &key);
}

struct pid *pid_find(int32_t number)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(number);
    uint32_t refs = pid ? atomic_load(&pid->refs) : 0;

    while (refs != 0 && !atomic_compare_exchange_weak(&pid->refs, &refs, refs + 1))
        cpu_relax();
    spin_unlock_irq(&tree_lock, saved);
    return refs != 0 ? pid : NULL;
}

struct process *process_find(int32_t number)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(number);
    struct process *process = pid ? pid->process : NULL;

    if (process)
        process_get(process);
    spin_unlock_irq(&tree_lock, saved);
    return process;
}

struct process *process_find_task(int32_t number)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(number);
    struct process *process = NULL;

    if (pid)
        process = pid->task ? pid->task->process : pid->process;
    if (process)
        process_get(process);
    spin_unlock_irq(&tree_lock, saved);
    return process;
}

struct task *task_find_locked(int32_t number)
{
    struct pid *pid = pid_find_locked(number);

    return pid ? pid->task : NULL;
}

struct process *process_next(int32_t from)
{
    struct pid key = {.number = from};
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = RB_NFIND(pid_tree, &pids, &key);
    struct process *process = NULL;

    while (pid && !pid->process)
        pid = RB_NEXT(pid_tree, &pids, pid);
    if (pid)
        process = process_get(pid->process);
    spin_unlock_irq(&tree_lock, saved);
    return process;
}
