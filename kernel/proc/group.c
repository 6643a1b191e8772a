/*
 * Process groups: moving processes between them, and what becomes of groups that lose their tie to
 * the rest of the session.
 *
 * A group is the list of processes that hangs from its struct pid; it exists as long as the list is
 * not empty. Each member holds one reference to that pid.
 *
 * Locks: tree_lock. Cost: O(1) for moves, O(members) for the question whether a group is orphaned.
 */
#include "proc/group.h"

#include "lib/errno.h"
#include "proc/signal.h"

void group_join_locked(struct process *process, struct pid *group, struct session *session)
{
    process->group = pid_get(group);
    process->session = session_get(session);
    TAILQ_INSERT_TAIL(&group->group, process, group_link);
    TAILQ_INSERT_TAIL(&session->pid->session, process, session_link);
}

void group_leave_locked(struct process *process)
{
    TAILQ_REMOVE(&process->group->group, process, group_link);
    TAILQ_REMOVE(&process->session->pid->session, process, session_link);
}

/* Moves within the session; returns the old group, whose reference the caller gives up without the
 * lock. */
static struct pid *group_move_locked(struct process *process, struct pid *group)
{
    struct pid *old = process->group;

    if (old == group)
        return NULL;
    TAILQ_REMOVE(&old->group, process, group_link);
    process->group = pid_get(group);
    TAILQ_INSERT_TAIL(&group->group, process, group_link);
    return old;
}

/* The process that setpgid names, checked. */
static int setpgid_target_locked(int32_t number, struct process **result)
{
    struct process *self = process_current(), *process;
    struct pid *pid = pid_find_locked(number);

    process = pid ? pid->process : NULL;
    if (!process)
        return -ESRCH;
    if (process->parent == self) {
        if (process->session != self->session)
            return -EPERM;
        if (process->executed)
            return -EACCES;
    } else if (process != self) {
        return -ESRCH;
    }
    if (process->session->pid == process->pid)
        return -EPERM;
    *result = process;
    return 0;
}

/* The group that setpgid names: the process's own number, or a group of the session. */
static int setpgid_group_locked(const struct process *process, int32_t number, struct pid **result)
{
    struct pid *group = pid_find_locked(number);
    struct process *member;

    *result = group;
    if (process->pid == group)
        return 0;
    member = group ? TAILQ_FIRST(&group->group) : NULL;
    return member && member->session == process_current()->session ? 0 : -EPERM;
}

int group_set(int32_t pid, int32_t group)
{
    struct process *process = NULL;
    struct pid *target, *old = NULL;
    uint64_t saved;
    int error;

    if (pid == 0)
        pid = process_current()->pid->number;
    if (group == 0)
        group = pid;
    if (group < 0)
        return -EINVAL;
    saved = spin_lock_irq(&tree_lock);
    error = setpgid_target_locked(pid, &process);
    if (!error)
        error = setpgid_group_locked(process, group, &target);
    if (!error)
        old = group_move_locked(process, target);
    spin_unlock_irq(&tree_lock, saved);
    pid_put(old);
    return error;
}

/* The process of a number, 0 being the caller; any task's number will do. */
static struct process *process_named_locked(int32_t number)
{
    struct pid *pid;

    if (number == 0)
        return process_current();
    pid = pid_find_locked(number);
    if (!pid)
        return NULL;
    return pid->task ? pid->task->process : pid->process;
}

int32_t group_get(int32_t pid)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct process *process = process_named_locked(pid);
    int32_t number = process ? process->group->number : -ESRCH;

    spin_unlock_irq(&tree_lock, saved);
    return number;
}

int32_t session_get_id(int32_t pid)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct process *process = process_named_locked(pid);
    int32_t number = process ? process->session->pid->number : -ESRCH;

    spin_unlock_irq(&tree_lock, saved);
    return number;
}

bool group_orphaned_locked(const struct pid *group, const struct process *leaving)
{
    struct process *member;

    TAILQ_FOREACH (member, &group->group, group_link) {
        const struct process *parent = member->parent;

        if (leaving && member == leaving)
            continue;
        if (member->state != PROCESS_ALIVE || !parent || parent == process_one)
            continue;
        if (parent->group != group && parent->session == member->session)
            return false;
    }
    return true;
}

bool group_is_orphaned(struct process *process)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    bool orphaned = group_orphaned_locked(process->group, NULL);

    spin_unlock_irq(&tree_lock, saved);
    return orphaned;
}

static bool has_stopped_member_locked(const struct pid *group)
{
    struct process *member;

    TAILQ_FOREACH (member, &group->group, group_link) {
        if (member->stopped)
            return true;
    }
    return false;
}

void group_abandon_locked(struct process *process, const struct process *parent, bool leaving)
{
    struct pid *group = process->group;

    if (!parent || parent->group == group || parent->session != process->session)
        return;
    if (!group_orphaned_locked(group, leaving ? process : NULL) ||
        !has_stopped_member_locked(group))
        return;
    signal_group_locked(group, SIGHUP, NULL);
    signal_group_locked(group, SIGCONT, NULL);
}
