/*
 * Waiting for children: for their end, their stops and their continues.
 *
 * Children belong to the process, so that any of its tasks may wait for them, but for __WNOTHREAD.
 * A zombie is reaped by whoever changes its state from ZOMBIE to DEAD under tree_lock; a stop or a
 * continue is reported once, by whoever clears its bit in wait_events.
 *
 * Locks: tree_lock during the search. Cost: O(children) for "any child", O(1) for a number.
 */
#include "proc/wait.h"

#include "abi/restart.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/exit.h"
#include "proc/signal.h"
#include <linux/wait.h>

static bool child_matches(const struct wait_request *request, const struct process *child)
{
    if (request->who == WAIT_PID && child->pid != request->pid)
        return false;
    if (request->who == WAIT_GROUP && child->group != request->pid)
        return false;
    if ((request->options & __WNOTHREAD) && child->parent_tid != thread_current()->tid)
        return false;
    if (request->options & __WALL)
        return true;
    return (child->exit_signal != SIGCHLD) == ((request->options & __WCLONE) != 0);
}

static void result_set(struct wait_request *request, struct process *child, int32_t status,
                       int32_t code, int32_t detail)
{
    const struct cred *cred = process_cred(child);

    request->number = child->pid->number;
    request->uid = cred ? cred->uid : 0;
    if (cred)
        cred_put(cred);
    request->status = status;
    request->code = code;
    request->detail = detail;
    usage_of_process(child, &request->usage);
    usage_add(&request->usage, &child->children_usage);
}

/* True when the child is a zombie that is waited for; then *reaped is it, unless it is to stay. */
static bool zombie_take_locked(struct wait_request *request, struct process *child,
                               struct process **reaped)
{
    int32_t status = child->exit_status;

    if (child->state != PROCESS_ZOMBIE || !(request->options & WEXITED))
        return false;
    if (status & 0x7f)
        result_set(request, child, status, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f);
    else
        result_set(request, child, status, CLD_EXITED, status >> 8 & 0xff);
    if (!(request->options & WNOWAIT)) {
        usage_add(&process_current()->children_usage, &request->usage);
        process_unlink_locked(child);
        *reaped = child;
    }
    return true;
}

/* Takes one of the child's reports: PROCESS_EVENT_…. */
static bool event_take(struct process *child, uint32_t event, bool keep, int32_t *stop_signal)
{
    uint64_t saved = spin_lock_irq(&child->signal_lock);
    bool there = (child->wait_events & event) != 0;

    if (!keep)
        child->wait_events &= ~event;
    *stop_signal = child->stop_signal;
    spin_unlock_irq(&child->signal_lock, saved);
    return there;
}

static bool event_report_locked(struct wait_request *request, struct process *child)
{
    bool keep = (request->options & WNOWAIT) != 0;
    int32_t stop_signal;

    if (child->state != PROCESS_ALIVE || child->wait_events == 0)
        return false;
    if ((request->options & WSTOPPED) &&
        event_take(child, PROCESS_EVENT_STOPPED, keep, &stop_signal)) {
        result_set(request, child, stop_signal << 8 | 0x7f, CLD_STOPPED, stop_signal);
        return true;
    }
    if ((request->options & WCONTINUED) &&
        event_take(child, PROCESS_EVENT_CONTINUED, keep, &stop_signal)) {
        result_set(request, child, 0xffff, CLD_CONTINUED, SIGCONT);
        return true;
    }
    return false;
}

static bool child_look_locked(struct wait_request *request, struct process *child, bool *eligible,
                              struct process **reaped)
{
    if (!child_matches(request, child))
        return false;
    *eligible = true;
    return zombie_take_locked(request, child, reaped) || event_report_locked(request, child);
}

/* True when a child was found. eligible: there is one that may still do what is waited for. */
static bool children_look_locked(struct wait_request *request, bool *eligible,
                                 struct process **reaped)
{
    struct process *self = process_current(), *child;

    if (request->who == WAIT_PID) {
        child = request->pid ? request->pid->process : NULL;
        return child && child->parent == self &&
               child_look_locked(request, child, eligible, reaped);
    }
    TAILQ_FOREACH (child, &self->children, sibling) {
        if (child_look_locked(request, child, eligible, reaped))
            return true;
    }
    return false;
}

/* One look at the children: 1 found, 0 keep waiting, -ECHILD. */
static int look(struct wait_request *request)
{
    struct process *reaped = NULL;
    bool eligible = false, found;
    uint64_t saved = spin_lock_irq(&tree_lock);

    found = children_look_locked(request, &eligible, &reaped);
    spin_unlock_irq(&tree_lock, saved);
    if (reaped)
        process_reaped(reaped);
    if (found)
        return 1;
    return eligible ? 0 : -ECHILD;
}

int process_wait(struct wait_request *request)
{
    struct process *self = process_current();
    struct waiter waiter;
    int found, error = 0;

    request->number = 0;
    waiter_init(&waiter);
    for (;;) {
        wait_enter(&self->child_queue, &waiter);
        found = look(request);
        if (found != 0 || error || (request->options & WNOHANG))
            break;
        error = wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&self->child_queue, &waiter);
    if (found == 0)
        return error ? -ERESTARTSYS : 0;
    return found < 0 ? found : 0;
}
