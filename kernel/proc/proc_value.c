/*
 * The small files of /proc/PID: one value each, and those that can be written.
 */
#include "proc/proc_node.h"

#include "arch/trap.h"
#include "file/caller.h"
#include "file/cred.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/frame.h"
#include "mem/space.h"
#include "mem/uio.h"
#include "proc/limits.h"
#include <linux/capability.h>

enum {
    OOM_ADJUST_MAX = 1000,
    OOM_OLD_MAX = 15,
    OOM_OLD_MIN = -17,
    NUMBER_SIZE = 16,
    CALL_ARGUMENTS = 6,
};

static const struct {
    const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = {"Max cpu time", "seconds"},
    [RLIMIT_FSIZE] = {"Max file size", "bytes"},
    [RLIMIT_DATA] = {"Max data size", "bytes"},
    [RLIMIT_STACK] = {"Max stack size", "bytes"},
    [RLIMIT_CORE] = {"Max core file size", "bytes"},
    [RLIMIT_RSS] = {"Max resident set", "bytes"},
    [RLIMIT_NPROC] = {"Max processes", "processes"},
    [RLIMIT_NOFILE] = {"Max open files", "files"},
    [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
    [RLIMIT_AS] = {"Max address space", "bytes"},
    [RLIMIT_LOCKS] = {"Max file locks", "locks"},
    [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
    [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
    [RLIMIT_NICE] = {"Max nice priority", NULL},
    [RLIMIT_RTPRIO] = {"Max realtime priority", NULL},
    [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void put_limit(struct text_buffer *text, uint64_t value)
{
    if (value == RLIM64_INFINITY)
        text_put(text, "%-20s ", "unlimited");
    else
        text_put(text, "%-20llu ", (unsigned long long)value);
}

int limits_show(const struct proc_node *node, struct text_buffer *text)
{
    struct rlimit64 limit;

    text_put(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
        limit_get(node_process(node), i, &limit);
        text_put(text, "%-25s ", limit_names[i].name);
        put_limit(text, limit.rlim_cur);
        put_limit(text, limit.rlim_max);
        if (limit_names[i].unit)
            text_put(text, "%-10s", limit_names[i].unit);
        text_put_char(text, '\n');
    }
    return 0;
}

/* --- comm ----------------------------------------------------------------------------------------
 */

int comm_show(const struct proc_node *node, struct text_buffer *text)
{
    struct task_view view;
    int error = proc_view_get(node, false, &view);

    if (error)
        return error;
    text_put(text, "%s\n", view.name);
    proc_view_put(&view);
    return 0;
}

static void comm_set(struct task *task, void *argument)
{
    strlcpy(task->thread.name, argument, sizeof(task->thread.name));
}

int64_t comm_write(const struct proc_node *node, const char *text, size_t size)
{
    char name[sizeof(((struct thread *)0)->name)];

    if (node_process(node) != process_current())
        return -EINVAL;
    strlcpy(name, text, sizeof(name));
    return proc_task_use(node, comm_set, name) ? (int64_t)size : -ESRCH;
}

/* --- out of memory -------------------------------------------------------------------------------
 */

int oom_score_show(const struct proc_node *node, struct text_buffer *text)
{
    struct space *space = process_space(node_process(node));
    struct frame_totals frames;
    struct space_stat stat = {0};
    int64_t score;

    frame_totals_get(&frames);
    if (space)
        space_stat_get(space, &stat);
    space_put(space);
    score = (int64_t)((stat.anonymous + stat.file + stat.tables) * OOM_ADJUST_MAX / frames.total);
    score = (OOM_ADJUST_MAX + score + node_process(node)->oom_score_adjust) * 2 / 3;
    text_put(text, "%lld\n", (long long)(score > 0 && stat.total ? score : 0));
    return 0;
}

int oom_score_adj_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%d\n", node_process(node)->oom_score_adjust);
    return 0;
}

static int64_t oom_adjust(struct process *process, int64_t value, size_t size)
{
    if (value < process->oom_score_adjust && !cred_capable(caller_cred(), CAP_SYS_RESOURCE))
        return -EACCES;
    process->oom_score_adjust = (int32_t)value;
    return (int64_t)size;
}

int64_t oom_score_adj_write(const struct proc_node *node, const char *text, size_t size)
{
    int64_t value;

    if (proc_value_read(text, -OOM_ADJUST_MAX, OOM_ADJUST_MAX, &value))
        return -EINVAL;
    return oom_adjust(node_process(node), value, size);
}

/* The scale of Linux before 2.6.36. */
int oom_adj_show(const struct proc_node *node, struct text_buffer *text)
{
    int value = node_process(node)->oom_score_adjust;

    text_put(text, "%d\n",
             value == OOM_ADJUST_MAX ? OOM_OLD_MAX : value * -OOM_OLD_MIN / OOM_ADJUST_MAX);
    return 0;
}

int64_t oom_adj_write(const struct proc_node *node, const char *text, size_t size)
{
    int64_t value;

    if (proc_value_read(text, OOM_OLD_MIN, OOM_OLD_MAX, &value))
        return -EINVAL;
    value = value == OOM_OLD_MAX ? OOM_ADJUST_MAX : value * OOM_ADJUST_MAX / -OOM_OLD_MIN;
    return oom_adjust(node_process(node), value, size);
}

/* --- others --- */

int personality_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "%08x\n", node_process(node)->personality);
    return 0;
}

/* Bytes are not counted per process: programs that read the file find zeros. */
int io_show(const struct proc_node *node, struct text_buffer *text)
{
    text_put(text, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\n"
                   "cancelled_write_bytes: 0\n");
    return 0;
}

static void timer_slack_get(struct task *task, void *argument)
{
    *(uint64_t *)argument = task->timer_slack;
}

int timer_slack_show(const struct proc_node *node, struct text_buffer *text)
{
    uint64_t slack = 0;

    if (!proc_task_use(node, timer_slack_get, &slack))
        return -ESRCH;
    text_put(text, "%llu\n", (unsigned long long)slack);
    return 0;
}

struct call_view {
    bool running, inside;
    uint64_t number, arguments[CALL_ARGUMENTS], sp, ip;
};

static void call_get(struct task *task, void *argument)
{
    const struct trap_frame *frame = thread_frame(&task->thread);
    struct call_view *view = argument;

    view->running =
        atomic_load(&task->thread.state) == THREAD_RUNNABLE && &task->thread != thread_current();
    if (view->running)
        return;
    view->inside = trap_in_syscall(frame);
    view->number = trap_syscall_number(frame);
    for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
        view->arguments[i] = trap_syscall_argument(frame, i);
    view->sp = trap_sp(frame);
    view->ip = trap_ip(frame);
}

int syscall_show(const struct proc_node *node, struct text_buffer *text)
{
    struct call_view view = {0};

    if (!proc_task_use(node, call_get, &view))
        return -ESRCH;
    if (view.running) {
        text_put(text, "running\n");
        return 0;
    }
    text_put(text, "%lld", view.inside ? (long long)view.number : -1);
    for (unsigned i = 0; i < CALL_ARGUMENTS && view.inside; i++)
        text_put(text, " 0x%llx", (unsigned long long)view.arguments[i]);
    text_put(text, " 0x%llx 0x%llx\n", (unsigned long long)view.sp, (unsigned long long)view.ip);
    return 0;
}

/* The children that this task made. */
int children_show(const struct proc_node *node, struct text_buffer *text)
{
    struct process *process = node_process(node), *child;
    int32_t numbers[64];
    uint32_t count = 0, skip = 0;

    do {
        uint64_t saved = spin_lock_irq(&tree_lock);
        uint32_t at = 0;
        count = 0;
        TAILQ_FOREACH (child, &process->children, sibling) {
            if (child->parent_tid == (int32_t)node->key && at++ >= skip && count < 64)
                numbers[count++] = child->pid->number;
        }
        spin_unlock_irq(&tree_lock, saved);
        for (uint32_t i = 0; i < count; i++)
            text_put(text, "%d ", numbers[i]);
        skip += count;
    } while (count == 64);
    return 0;
}

/* --- fail-nth --- */

/* Neither reading nor writing may allocate, or it would count itself. */
static void fail_nth_get(struct task *task, void *argument)
{
    *(uint32_t *)argument = task->thread.fail_nth;
}

static void fail_nth_set(struct task *task, void *argument)
{
    task->thread.fail_nth = *(uint32_t *)argument;
}

static int64_t fail_nth_read(struct file *file, struct uio *uio, uint64_t *position)
{
    char text[NUMBER_SIZE];
    uint32_t value;
    int64_t moved;

    if (!proc_task_use(proc_node_of(file->inode), fail_nth_get, &value))
        return -ESRCH;
    uint64_t length = (uint64_t)format_text(text, sizeof(text), "%u\n", value);
    if (*position >= length)
        return 0;
    moved = uio_move(uio, text + *position, length - *position);
    if (moved > 0)
        *position += (uint64_t)moved;
    return moved;
}

static int64_t fail_nth_write(struct file *file, struct uio *uio, uint64_t *position)
{
    char text[NUMBER_SIZE];
    int64_t value, moved = uio_move(uio, text, min_size(uio->left, sizeof(text) - 1));

    if (moved < 0)
        return moved;
    text[moved] = '\0';
    if (proc_value_read(text, 0, UINT32_MAX, &value))
        return -EINVAL;
    uint32_t nth = (uint32_t)value;
    return proc_task_use(proc_node_of(file->inode), fail_nth_set, &nth) ? moved : -ESRCH;
}

static int64_t fail_nth_seek(struct file *file, int64_t offset, int whence)
{
    return file_seek_sized(file, offset, whence, 0, INT64_MAX);
}

const struct file_ops fail_nth_ops = {
    .read = fail_nth_read,
    .write = fail_nth_write,
    .seek = fail_nth_seek,
};
