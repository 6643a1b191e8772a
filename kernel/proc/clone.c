/*
 * Around fork: which requests make sense, telling the parent, who runs first, and the parent's wait
 * in vfork.
 */
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "proc/fork_parts.h"
#include "proc/identity.h"
#include "proc/pidfd.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/sched.h>

/* Namespaces and what else this kernel does not have are refused as Linux refuses what it was built
 * without. */
static const uint64_t known_flags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PIDFD | CLONE_VFORK | CLONE_PARENT |
    CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |
    CLONE_DETACHED | CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND |
    CLONE_PTRACE;

static bool flags_consistent(uint64_t flags)
{
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return false;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return false;
    if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
        return false;
    if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
        return false;
    return true;
}

/* Threads share files and directories here: they belong to the process. */
static bool thread_shares_all(uint64_t flags)
{
    return !(flags & CLONE_THREAD) ||
           (flags & (CLONE_FILES | CLONE_FS)) == (CLONE_FILES | CLONE_FS);
}

int clone_check(const struct clone_request *request, const struct task *parent)
{
    if ((request->flags & ~known_flags) || !flags_consistent(request->flags) ||
        !thread_shares_all(request->flags))
        return -EINVAL;
    if ((request->flags & CLONE_PARENT) && parent->process == process_one)
        return -EINVAL;
    return 0;
}

int clone_charge(const struct task *parent)
{
    const struct cred *cred = parent->cred;
    bool free =
        !cred->uid || cred_capable(cred, CAP_SYS_RESOURCE) || cred_capable(cred, CAP_SYS_ADMIN);

    return identity_charge_process(cred->uid, free ? UINT64_MAX : caller_limit(RLIMIT_NPROC));
}

static int pidfd_open_for(struct pid *child, struct uaddr word, struct clone_pidfd *pidfd)
{
    struct file *file;
    int32_t fd;
    int error = pidfd_create(child, 0, &file);

    if (error)
        return error;
    fd = file_table_add(caller_files(), file, 0, true, caller_limit(RLIMIT_NOFILE));
    if (fd < 0) {
        file_put(file);
        return fd;
    }
    pidfd->fd = fd;
    return copy_to_user(word, &fd, sizeof fd);
}

int clone_announce(const struct clone_request *request, struct pid *child,
                   struct clone_pidfd *pidfd)
{
    int error = 0;

    if (request->flags & CLONE_PARENT_SETTID)
        error = copy_to_user(request->parent_tid, &child->number, sizeof child->number);
    if (!error && (request->flags & CLONE_PIDFD))
        error = pidfd_open_for(child, request->pidfd, pidfd);
    return error;
}

void clone_unannounce(const struct clone_pidfd *pidfd)
{
    if (pidfd->fd >= 0)
        file_table_close(caller_files(), pidfd->fd);
}

void clone_start(struct task *child, enum fork_first first)
{
    sched_start(&child->thread, first == FORK_FIRST_CHILD);
    if (first == FORK_FIRST_CHILD)
        atomic_fetch_or(&thread_current()->pending, THREAD_RESCHED);
}

/* The parent gives up: whichever task of the child still points here must not. */
static void vfork_forget(const struct vfork_wait *wait, struct process *child)
{
    struct task *task;
    uint64_t saved = spin_lock_irq(&child->signal_lock);

    TAILQ_FOREACH (task, &child->tasks, link) {
        if (task->vfork == wait)
            task->vfork = NULL;
    }
    spin_unlock_irq(&child->signal_lock, saved);
}

void vfork_wait(struct vfork_wait *wait, struct process *child)
{
    struct waiter self;
    int error = 0;

    waiter_init(&self);
    for (;;) {
        wait_enter(&wait->queue, &self);
        if (error || __atomic_load_n(&wait->done, __ATOMIC_ACQUIRE))
            break;
        error = wait_sleep(WAIT_KILLABLE, WAIT_FOREVER);
    }
    wait_leave(&wait->queue, &self);
    vfork_forget(wait,
                 child); /* also waits for a release in progress, which holds the child's lock */
}
