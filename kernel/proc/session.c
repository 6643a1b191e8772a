/*
 * Sessions: the group of process groups that one login has, and the terminal that controls it.
 *
 * A session is counted by its members. Its terminal belongs to the session, not to each process, so
 * that taking it away is one store. What terminals do themselves (hanging up, counting) is asked
 * through the hooks that dev sets.
 *
 * Locks: tree_lock for the terminal. Cost: O(1).
 */
#include "file/caller.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include "proc/group.h"

static struct slab_cache session_cache = SLAB_CACHE("session", sizeof(struct session));
static struct tty_hooks hooks; /* c after start-up */

void caller_set_tty_hooks(const struct tty_hooks *given)
{
    hooks = *given;
}

struct session *session_alloc(struct pid *pid)
{
    struct session *session = slab_alloc_zero(&session_cache);

    if (!session)
        return NULL;
    atomic_init(&session->refs, 1);
    session->pid = pid_get(pid);
    return session;
}

struct session *session_get(struct session *session)
{
    atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
    return session;
}

void session_put(struct session *session)
{
    if (!session || atomic_fetch_sub_explicit(&session->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (session->tty)
        hooks.put(session->tty);
    pid_put(session->pid);
    slab_free(&session_cache, session);
}

/* Leaves group and session for fresh ones. Returns false when the process leads a group already. */
static bool session_start_locked(struct process *process, struct session *session)
{
    if (process->session->pid == process->pid || !TAILQ_EMPTY(&process->pid->group))
        return false;
    group_leave_locked(process);
    group_join_locked(process, process->pid, session);
    return true;
}

int32_t session_create(void)
{
    struct process *process = process_current();
    struct session *session = session_alloc(process->pid), *old_session;
    struct pid *old_group;
    uint64_t saved;
    bool started;

    if (!session)
        return -ENOMEM;
    saved = spin_lock_irq(&tree_lock);
    old_session = process->session;
    old_group = process->group;
    started = session_start_locked(process, session);
    spin_unlock_irq(&tree_lock, saved);
    session_put(session);
    if (!started)
        return -EPERM;
    session_put(old_session);
    pid_put(old_group);
    return process->pid->number;
}

/* Takes the terminal, with its count, from the session. */
static struct tty *take_tty(struct session *session)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct tty *tty = session->tty;

    session->tty = NULL;
    spin_unlock_irq(&tree_lock, saved);
    return tty;
}

void session_leader_exit(struct process *leader)
{
    struct tty *tty;

    if (leader->session->pid != leader->pid)
        return;
    tty = leader->session->tty;
    if (!tty)
        return;
    hooks.leader_exited(tty);
    tty = take_tty(leader->session);
    if (tty)
        hooks.put(tty);
}

struct tty *caller_tty(void)
{
    struct process *process = process_current();
    struct tty *tty = NULL;
    uint64_t saved;

    if (!process)
        return NULL;
    saved = spin_lock_irq(&tree_lock);
    if (process->session)
        tty = process->session->tty;
    if (tty)
        hooks.get(tty);
    spin_unlock_irq(&tree_lock, saved);
    return tty;
}

void session_set_tty(int32_t number, struct tty *tty)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct pid *pid = pid_find_locked(number);
    struct process *member = pid ? TAILQ_FIRST(&pid->session) : NULL;
    struct tty *old = NULL;

    if (member) {
        old = member->session->tty;
        member->session->tty = tty;
        if (tty)
            hooks.get(tty);
    }
    spin_unlock_irq(&tree_lock, saved);
    if (old)
        hooks.put(old);
}

void session_tty_look_locked(const struct session *session, uint32_t *number, int32_t *foreground)
{
    *number = 0;
    *foreground = 0;
    if (session->tty && hooks.look)
        hooks.look(session->tty, number, foreground);
}
