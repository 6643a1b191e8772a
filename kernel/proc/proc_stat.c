/*
 * /proc/PID/stat, statm, schedstat and sched: numbers on one line, in the order of proc(5).
 */
#include "proc/proc_node.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/space.h"
#include <linux/sched.h>

enum {
    FLAG_NOT_EXECUTED = 0x40,
    FLAG_RANDOMIZE = 0x400000,
    PRIORITY_DEFAULT = 20,
};

static void put(struct text_buffer *text, uint64_t value)
{
    text_put(text, " %llu", (unsigned long long)value);
}

static void put_signed(struct text_buffer *text, int64_t value)
{
    text_put(text, " %lld", (long long)value);
}

static void put_identity(struct text_buffer *text, const struct task_view *view)
{
    text_put(text, "%d (%s) %c", view->tid, view->name, view->state);
    put_signed(text, view->parent);
    put_signed(text, view->group);
    put_signed(text, view->session);
    put_signed(text, view->tty);
    put_signed(text, view->tty ? view->foreground : -1);
    put(text, FLAG_RANDOMIZE | (view->executed ? 0 : FLAG_NOT_EXECUTED));
}

static void put_usage(struct text_buffer *text, const struct task_view *view)
{
    put(text, view->usage.minor_faults);
    put(text, view->children.minor_faults);
    put(text, view->usage.major_faults);
    put(text, view->children.major_faults);
    put(text, view->usage.user_time / PROC_TICK);
    put(text, view->usage.system_time / PROC_TICK);
    put(text, view->children.user_time / PROC_TICK);
    put(text, view->children.system_time / PROC_TICK);
}

static void put_schedule(struct text_buffer *text, const struct task_view *view)
{
    put_signed(text, view->priority ? -1 - view->priority : PRIORITY_DEFAULT + view->nice);
    put_signed(text, view->nice);
    put(text, view->threads);
    put(text, 0);
    put(text, view->start_time / PROC_TICK);
}

/* Sizes are anyone's to see, addresses only those's who may look into the process. */
static void put_memory(struct text_buffer *text, const struct task_view *view, struct space *space)
{
    const struct space_layout *layout = &space->layout;
    struct space_stat stat;

    space_stat_get(space, &stat);
    put(text, stat.total);
    put(text, stat.anonymous + stat.file);
    put(text, view->resident_limit);
    put(text, view->permitted ? layout->code_start : 1);
    put(text, view->permitted ? layout->code_end : 1);
    put(text, view->permitted ? layout->stack_start : 0);
}

static void put_no_memory(struct text_buffer *text, const struct task_view *view)
{
    put(text, 0);
    put(text, 0);
    put(text, view->resident_limit);
    text_put(text, " 0 0 0");
}

/* In 31 bits: no room for the real-time signals. */
static void put_signals(struct text_buffer *text, const struct task_view *view)
{
    put(text, 0); /* stack and instruction pointer: only of a task that dumps core */
    put(text, 0);
    put(text, view->pending & 0x7fffffff);
    put(text, view->blocked & 0x7fffffff);
    put(text, view->ignored & 0x7fffffff);
    put(text, view->caught & 0x7fffffff);
    put(text, view->permitted && view->state != 'R' && view->state != 'Z');
    text_put(text, " 0 0");
    put_signed(text, view->exit_signal);
    put(text, view->cpu);
    put(text, (uint64_t)view->priority);
    put(text, (uint64_t)view->policy);
    text_put(text, " 0 0 0");
}

static void put_layout(struct text_buffer *text, const struct task_view *view,
                       const struct space *space)
{
    const struct space_layout *layout = &space->layout;

    if (!space || !view->permitted) {
        text_put(text, " 0 0 0 0 0 0 0");
        return;
    }
    put(text, layout->data_start);
    put(text, layout->data_end);
    put(text, layout->break_start);
    put(text, layout->arguments_start);
    put(text, layout->arguments_end);
    put(text, layout->environment_start);
    put(text, layout->environment_end);
}

static int show(const struct proc_node *node, struct text_buffer *text, bool whole)
{
    struct task_view view;
    struct space *space;
    int error = proc_view_get(node, whole, &view);

    if (error)
        return error;
    space = process_space(node_process(node));
    put_identity(text, &view);
    put_usage(text, &view);
    put_schedule(text, &view);
    if (space)
        put_memory(text, &view, space);
    else
        put_no_memory(text, &view);
    put_signals(text, &view);
    put_layout(text, &view, space);
    put_signed(text, view.permitted ? view.exit_status : 0);
    text_put_char(text, '\n');
    space_put(space);
    proc_view_put(&view);
    return 0;
}

int stat_show(const struct proc_node *node, struct text_buffer *text)
{
    return show(node, text, true);
}

int task_stat_show(const struct proc_node *node, struct text_buffer *text)
{
    return show(node, text, false);
}

int statm_show(const struct proc_node *node, struct text_buffer *text)
{
    struct space *space = process_space(node_process(node));
    struct space_stat stat = {0};

    if (space)
        space_stat_get(space, &stat);
    space_put(space);
    text_put(text, "%llu", (unsigned long long)(stat.total / PAGE_SIZE));
    put(text, stat.anonymous + stat.file);
    put(text, stat.file);
    put(text, stat.code / PAGE_SIZE);
    put(text, 0);
    put(text, (stat.data + stat.stack) / PAGE_SIZE);
    text_put(text, " 0\n");
    return 0;
}

int schedstat_show(const struct proc_node *node, struct text_buffer *text)
{
    struct task_view view;
    int error = proc_view_get(node, false, &view);

    if (error)
        return error;
    text_put(text, "%llu 0 %llu\n",
             (unsigned long long)(view.usage.user_time + view.usage.system_time),
             (unsigned long long)(view.usage.switches_voluntary + view.usage.switches_forced));
    proc_view_put(&view);
    return 0;
}

static void sched_line(struct text_buffer *text, const char *name, uint64_t value)
{
    text_put(text, "%-45s:%21llu\n", name, (unsigned long long)value);
}

int sched_show(const struct proc_node *node, struct text_buffer *text)
{
    struct task_view view;
    int error = proc_view_get(node, false, &view);

    if (error)
        return error;
    text_put(text, "%s (%d, #threads: %u)\n", view.name, view.tid, view.threads);
    text_put(text, "-------------------------------------------------------------------\n");
    sched_line(text, "nr_switches", view.usage.switches_voluntary + view.usage.switches_forced);
    sched_line(text, "nr_voluntary_switches", view.usage.switches_voluntary);
    sched_line(text, "nr_involuntary_switches", view.usage.switches_forced);
    sched_line(text, "policy", (uint64_t)view.policy);
    sched_line(text, "prio", (uint64_t)(view.priority ? 99 - view.priority : 120 + view.nice));
    proc_view_put(&view);
    return 0;
}
