/*
 * Resource limits (getrlimit(2)): a counted table that fork shares and that whoever changes it
 * copies.
 *
 * Locks: signal_lock of the process for the pointer; the table is immutable while it is shared.
 */
#include "proc/limits.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "proc/itimer.h"

static struct slab_cache limits_cache = SLAB_CACHE("limits", sizeof(struct limits));

static void limits_set(struct limits *limits, unsigned resource, uint64_t soft, uint64_t hard)
{
    limits->values[resource] = (struct rlimit64){soft, hard};
}

struct limits *limits_create(void)
{
    struct limits *limits = slab_alloc_zero(&limits_cache);
    struct frame_totals frames;
    uint64_t processes;

    if (!limits)
        return NULL;
    frame_totals_get(&frames);
    processes = frames.total / 8; /* a task costs about 8 frames */
    atomic_init(&limits->refs, 1);
    for (unsigned i = 0; i < RLIM_NLIMITS; i++)
        limits_set(limits, i, RLIM64_INFINITY, RLIM64_INFINITY);
    limits_set(limits, RLIMIT_STACK, 8 << 20, RLIM64_INFINITY);
    limits_set(limits, RLIMIT_CORE, 0, RLIM64_INFINITY);
    limits_set(limits, RLIMIT_NPROC, processes, processes);
    limits_set(limits, RLIMIT_NOFILE, 1024, 1048576);
    limits_set(limits, RLIMIT_MEMLOCK, 8 << 20, 8 << 20);
    limits_set(limits, RLIMIT_SIGPENDING, processes, processes);
    limits_set(limits, RLIMIT_MSGQUEUE, 819200, 819200);
    limits_set(limits, RLIMIT_NICE, 0, 0);
    limits_set(limits, RLIMIT_RTPRIO, 0, 0);
    return limits;
}

struct limits *limits_get(struct limits *limits)
{
    atomic_fetch_add_explicit(&limits->refs, 1, memory_order_relaxed);
    return limits;
}

void limits_put(struct limits *limits)
{
    if (limits && atomic_fetch_sub_explicit(&limits->refs, 1, memory_order_acq_rel) == 1)
        slab_free(&limits_cache, limits);
}

uint64_t process_limit(struct process *process, unsigned resource)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    uint64_t value = process->limits->values[resource].rlim_cur;

    spin_unlock_irq(&process->signal_lock, saved);
    return value;
}

void limit_get(struct process *process, unsigned resource, struct rlimit64 *value)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);

    *value = process->limits->values[resource];
    spin_unlock_irq(&process->signal_lock, saved);
}

/* A table of the process's own. */
static int limits_own_locked(struct process *process)
{
    struct limits *old = process->limits, *own;

    if (atomic_load(&old->refs) == 1)
        return 0;
    own = slab_alloc(&limits_cache);
    if (!own)
        return -ENOMEM;
    memcpy(own->values, old->values, sizeof(own->values));
    atomic_init(&own->refs, 1);
    process->limits = own;
    limits_put(old);
    return 0;
}

int limit_set(struct process *process, unsigned resource, const struct rlimit64 *value,
              bool may_raise)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    int error = 0;

    if (value->rlim_max > process->limits->values[resource].rlim_max && !may_raise)
        error = -EPERM;
    if (!error)
        error = limits_own_locked(process);
    if (!error)
        process->limits->values[resource] = *value;
    spin_unlock_irq(&process->signal_lock, saved);
    if (!error && resource == RLIMIT_CPU)
        cpu_limit_changed(process);
    return error;
}

void space_limits_current(struct space_limits *limits)
{
    struct process *process = process_current();
    uint64_t saved;

    if (!process) {
        memset(limits, 0xff, sizeof(*limits));
        return;
    }
    saved = spin_lock_irq(&process->signal_lock);
    limits->address_space = process->limits->values[RLIMIT_AS].rlim_cur;
    limits->data = process->limits->values[RLIMIT_DATA].rlim_cur;
    limits->stack = process->limits->values[RLIMIT_STACK].rlim_cur;
    limits->locked = process->limits->values[RLIMIT_MEMLOCK].rlim_cur;
    spin_unlock_irq(&process->signal_lock, saved);
}
