/*
 * A snapshot of a task and its process for /proc, taken under tree_lock and signal_lock in one go.
 *
 * A process outlives its tasks as a zombie; then the view has the name and the credentials that the
 * last one left. A leader that ended before the others is shown as a zombie too.
 */
#include "proc/proc_node.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/group.h"
#include "proc/signal.h"

static const char state_letters[] = {
    [THREAD_NEW] = 'R',     [THREAD_RUNNABLE] = 'R', [THREAD_SLEEPING] = 'S',
    [THREAD_WAITING] = 'D', [THREAD_STOPPED] = 'T',  [THREAD_DEAD] = 'X',
};

static void view_relations_locked(struct process *process, struct task_view *view)
{
    view->pid = process->pid->number;
    view->parent = process->parent ? process->parent->pid->number : 0;
    view->group = process->group->number;
    view->session = process->session->pid->number;
    view->exit_status = process->exit_status;
    view->exit_signal = process->exit_signal;
    view->children = process->children_usage;
    view->executed = process->executed;
    view->no_new_privileges = process->no_new_privileges;
    session_tty_look_locked(process->session, &view->tty, &view->foreground);
}

static void view_signals_locked(struct process *process, const struct task *task,
                                struct task_view *view)
{
    view->pending = task->pending.set;
    view->blocked = task->blocked;
    view->shared_pending = process->pending.set;
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        uint64_t handler = process->actions->actions[i].handler;
        if (handler == (uint64_t)SIG_IGN)
            view->ignored |= signal_bit(i + 1);
        else if (handler != (uint64_t)SIG_DFL)
            view->caught |= signal_bit(i + 1);
    }
}

static void view_thread(struct task *task, struct task_view *view)
{
    const struct thread *thread = &task->thread;

    strlcpy(view->name, thread->name, sizeof(view->name));
    view->state = state_letters[atomic_load(&thread->state)];
    view->policy = thread->sched.policy;
    view->nice = thread->sched.nice;
    view->priority = thread->sched.priority;
    view->cpu = thread->cpu;
    view->affinity = thread->affinity[0];
    view->start_time = thread->start_time;
    view->usage.switches_voluntary = thread->switches_voluntary;
    view->usage.switches_forced = thread->switches_forced;
    task_times(task, &view->usage.user_time, &view->usage.system_time);
}

/* What the last task left. */
static void view_zombie_locked(struct process *process, struct task_view *view)
{
    strlcpy(view->name, process->last_name, sizeof(view->name));
    view->state = 'Z';
    view->start_time = process->start_time;
    view->cred = process->last_cred ? cred_get(process->last_cred) : NULL;
}

static int view_locked(const struct proc_node *node, struct task_view *view)
{
    struct process *process = node_process(node);
    struct task *task = task_find_locked((int32_t)node->key), *shown = task;

    if (process->state == PROCESS_DEAD || (task && task->process != process))
        return -ESRCH;
    view_relations_locked(process, view);
    if (!shown)
        shown = TAILQ_FIRST(&process->tasks);
    view->threads = process->task_count;
    view->tid = (int32_t)node->key;
    if (!shown) {
        view_zombie_locked(process, view);
        view->threads = 1;
        return 0;
    }
    view_thread(shown, view);
    view_signals_locked(process, shown, view);
    view->cred = cred_get(shown->cred);
    if (!task)
        view->state = 'Z';
    return 0;
}

int proc_view_get(const struct proc_node *node, bool whole, struct task_view *view)
{
    struct process *process = node_process(node);
    uint64_t saved;
    int error;

    memset(view, 0, sizeof(*view));
    saved = spin_lock_irq(&tree_lock);
    spin_lock(&process->signal_lock);
    error = view_locked(node, view);
    view->resident_limit = process->limits->values[RLIMIT_RSS].rlim_cur;
    view->signal_limit = process->limits->values[RLIMIT_SIGPENDING].rlim_cur;
    spin_unlock(&process->signal_lock);
    spin_unlock_irq(&tree_lock, saved);
    if (error)
        return error;
    if (!view->cred)
        view->cred = cred_get(&cred_root);
    view->permitted = process_may_look(process);
    if (whole) {
        uint64_t voluntary = view->usage.switches_voluntary, forced = view->usage.switches_forced;
        usage_of_process(process, &view->usage);
        view->usage.switches_voluntary = voluntary;
        view->usage.switches_forced = forced;
    } else {
        view->usage.minor_faults = process->usage.minor_faults;
        view->usage.major_faults = process->usage.major_faults;
    }
    return 0;
}

void proc_view_put(struct task_view *view)
{
    cred_put(view->cred);
}
