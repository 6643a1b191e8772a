/*
 * fork, vfork, clone: one call that returns twice.
 *
 * A child is made in three steps. *Check* looks at the request and changes nothing. *Build* makes a
 * task, and for a new process a struct process, that nobody else can see: every resource has a pair
 * X_fork() / X_drop(), and what is half built is taken apart by the same task_drop() and
 * process_drop() that bury the dead. *Commit*, below the banner, cannot fail: it links the child
 * into the world and lets it run.
 *
 * The child's registers at kernel entry are the parent's but for the return register, which is 0
 * (context_fork). So both return from the same call, to the same instruction, with two values.
 *
 * Cost: constant. What depends on the size of the parent is shared by one reference: its page
 * tables and mappings (space_fork, O(used root slots)), its open files (file_table_fork, O(1)).
 * Locks: tree_lock, below it the parent's signal_lock, for O(1) work.
 */
#include "proc/fork.h"
#include "abi/restart.h"
#include "arch/trap.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/fork_parts.h"
#include "proc/group.h"
#include "proc/identity.h"
#include "proc/itimer.h"
#include "proc/signal.h"
#include <linux/sched.h>
#include <linux/signal.h>

/* --- build --- */

static int space_of_child(struct process *child, struct process *parent, uint64_t flags)
{
    if (!(flags & CLONE_VM))
        return space_fork(parent->space, parent->fork_depth, &child->space);
    child->space = space_get(parent->space);
    return 0;
}

static int files_of_child(struct process *child, struct process *parent, uint64_t flags)
{
    if (flags & CLONE_FILES) {
        file_table_share(parent->files);
        child->files = file_table_get(parent->files);
        return 0;
    }
    child->files = file_table_fork(parent->files);
    if (!child->files)
        return -ENOMEM;
    return parent->fork_depth == FORK_ROOT ? 0 : file_table_own_all(child->files);
}

static int fs_of_child(struct process *child, struct process *parent, uint64_t flags)
{
    child->fs = flags & CLONE_FS ? fs_context_get(parent->fs) : fs_context_fork(parent->fs);
    return child->fs ? 0 : -ENOMEM;
}

static int actions_clear(struct process *child)
{
    struct signal_actions *fresh = signal_actions_create();

    if (fresh)
        signal_actions_exec(child, fresh);
    return fresh ? 0 : -ENOMEM;
}

static void copy_settings(struct process *child, const struct process *parent)
{
    child->fork_depth = parent->fork_depth;
    child->fork_first = parent->fork_first;
    child->personality = parent->personality;
    child->membarrier = parent->membarrier;
    child->no_new_privileges = parent->no_new_privileges;
    child->dumpable = parent->dumpable;
    child->traced = parent->traced;
    child->has_subreaper = parent->has_subreaper || parent->subreaper;
    child->oom_score_adjust = parent->oom_score_adjust;
}

/* The struct process of a fork, in the order of its declaration. */
static int process_fork(struct process *child, struct process *parent,
                        const struct clone_request *request)
{
    int error;

    copy_settings(child, parent);
    child->exit_signal = request->exit_signal;
    child->actions =
        request->flags & CLONE_SIGHAND ? signal_actions_share(parent) : signal_actions_fork(parent);
    if (!child->actions)
        return -ENOMEM;
    child->limits = limits_get(parent->limits);
    child->executable = parent->executable ? file_get(parent->executable) : NULL;
    error = request->flags & CLONE_CLEAR_SIGHAND ? actions_clear(child) : 0;
    if (!error)
        error = fs_of_child(child, parent, request->flags);
    if (!error)
        error = files_of_child(child, parent, request->flags);
    if (!error)
        error = space_of_child(child, parent, request->flags);
    return error;
}

/* The process that the new task belongs to, with a reference for it: the parent's own for a thread.
 */
static int process_of_child(struct task *child, struct task *parent,
                            const struct clone_request *request)
{
    if (request->flags & CLONE_THREAD) {
        file_table_share(parent->process->files);
        child->process = process_get(parent->process);
        return 0;
    }
    struct process *process = process_alloc();
    if (!process)
        return -ENOMEM;
    child->process = process; /* its first reference; commit adds the tree's */
    process->pid = pid_get(child->pid);
    return process_fork(process, parent->process, request);
}

static void copy_task(struct task *child, const struct task *parent,
                      const struct clone_request *request)
{
    memcpy(child->thread.name, parent->thread.name, sizeof child->thread.name);
    child->blocked = parent->blocked;
    child->timer_slack = parent->timer_slack;
    child->io_priority = parent->io_priority;
    if ((request->flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM)
        child->alternate_stack = parent->alternate_stack;
    else
        child->alternate_stack.ss_flags = SS_DISABLE;
    child->cred = cred_get(parent->cred);
    if (request->flags & CLONE_CHILD_SETTID)
        child->set_child_tid = request->child_tid;
    if (request->flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = request->child_tid;
}

static void copy_registers(struct task *child, struct task *parent,
                           const struct clone_request *request)
{
    context_fork(&child->thread, &parent->thread);
    if (request->stack)
        trap_set_sp(thread_frame(&child->thread), request->stack);
    if (request->flags & CLONE_SETTLS)
        context_set_tls(&child->thread, request->tls);
}

/* An unpublished child, complete; NULL and *error otherwise. */
static struct task *child_build(struct task *parent, const struct clone_request *request,
                                int *error)
{
    struct task *child = task_alloc();

    *error = -ENOMEM;
    if (!child)
        return NULL;
    *error = pid_alloc(&child->pid);
    if (!*error)
        *error = process_of_child(child, parent, request);
    if (*error) {
        task_drop(child);
        return NULL;
    }
    copy_task(child, parent, request);
    copy_registers(child, parent, request);
    sched_fork(&child->thread, &parent->thread);
    child->thread.process = child->process;
    child->thread.space = &child->process->space->mmu;
    child->thread.tid = child->pid->number;
    return child;
}

/* --- commit --- */

/* tree_lock held. */
static void join_tree(struct process *child, struct process *creator, bool sibling)
{
    child->parent = sibling ? creator->parent : creator;
    child->parent_tid = sibling ? creator->parent_tid : thread_current()->tid;
    TAILQ_INSERT_TAIL(&child->parent->children, child, sibling);
    TAILQ_INSERT_TAIL(&all_processes, child, all_link);
    group_join_locked(child, creator->group, creator->session);
    child->pid->process = process_get(child);
    child->state = PROCESS_ALIVE;
}

/* tree_lock and the process's signal_lock held. */
static void join_process(struct task *child, struct process *process)
{
    TAILQ_INSERT_TAIL(&process->tasks, child, link);
    process->task_count++;
    child->pid->task = child;
}

/* A signal that came for the whole group must reach the child too: the parent handles it first,
 * then forks again. Both locks held. */
static bool commit_refused(struct task *parent)
{
    return (atomic_load(&parent->thread.pending) & (THREAD_SIGNAL | THREAD_KILL)) ||
           parent->process->group_exit;
}

static bool commit(struct task *child, struct task *parent, const struct clone_request *request)
{
    struct process *creator = parent->process, *process = child->process;
    bool thread = request->flags & CLONE_THREAD;
    uint64_t saved = spin_lock_irq(&tree_lock);

    spin_lock(&creator->signal_lock);
    if (commit_refused(parent)) {
        spin_unlock(&creator->signal_lock);
        spin_unlock_irq(&tree_lock, saved);
        return false;
    }
    /* ---- the point of no return: nothing below can fail ---- */
    if (!thread)
        join_tree(process, creator, request->flags & CLONE_PARENT);
    join_process(child, process);
    if (child->set_child_tid.value)
        atomic_fetch_or(&child->thread.pending, THREAD_NOTIFY);
    spin_unlock(&creator->signal_lock);
    spin_unlock_irq(&tree_lock, saved);
    return true;
}

int64_t process_clone(const struct clone_request *request)
{
    struct task *parent = task_current();
    struct vfork_wait vfork = {.done = false};
    struct clone_pidfd pidfd = {.fd = -1};
    int error = clone_check(request, parent);

    if (error)
        return error;
    struct task *child = child_build(parent, request, &error);
    if (!child)
        return error;
    int32_t number = child->pid->number;
    if (request->flags & CLONE_VFORK)
        child->vfork = &vfork;
    error = clone_announce(request, child->pid, &pidfd);
    if (!error)
        error = clone_charge(parent);
    if (!error && !commit(child, parent, request)) {
        identity_uncharge_process(parent->cred->uid);
        error = -ERESTARTNOINTR;
    }
    if (error) {
        clone_unannounce(&pidfd);
        task_drop(child);
        return error;
    }
    struct process *process = process_get(child->process);
    if (process != parent->process &&
        process->limits->values[RLIMIT_CPU].rlim_cur != RLIM64_INFINITY)
        cpu_limit_changed(process);
    clone_start(child, parent->process->fork_first);
    if (request->flags & CLONE_VFORK)
        vfork_wait(&vfork, process);
    process_put(process);
    return number;
}
