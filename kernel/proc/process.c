/*
 * The life of processes and tasks: what fork builds and what one destroyer takes apart.
 *
 * process_drop() and task_drop() take any stage of construction: every field that was not reached
 * yet is zero, and zero is nothing to drop. They run in reverse order of the structs, which is
 * reverse fork order.
 */
#include "proc/process.h"
#include "arch/time.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "lib/string.h"
#include "mem/kernel_stack.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "proc/group.h"
#include "proc/process_trace.h"
#include "proc/signal.h"

struct process_trace process_trace; /* c after boot */

static struct slab_cache process_cache = SLAB_CACHE("process", sizeof(struct process));
static struct slab_cache task_cache = SLAB_CACHE("task", sizeof(struct task));

struct process *process_alloc(void)
{
    struct process *process = slab_alloc_zero(&process_cache);

    if (!process)
        return NULL;
    atomic_store_explicit(&process->refs, 1, memory_order_relaxed);
    TAILQ_INIT(&process->tasks);
    TAILQ_INIT(&process->children);
    process->start_time = clock_monotonic();
    process->state = PROCESS_NEW;
    return process;
}

void process_drop(struct process *process)
{
    pid_put(process->group);
    session_put(process->session);
    pid_put(process->pid);
    if (process->executable)
        file_put(process->executable);
    if (process->files)
        file_table_put(process->files);
    space_put(process->space);
    fs_context_drop(process->fs);
    if (process->limits)
        limits_put(process->limits);
    if (process->actions)
        signal_actions_put(process->actions);
    signal_queue_flush(&process->pending);
    slab_free(&process_cache, process);
}

struct process *process_get(struct process *process)
{
    atomic_fetch_add_explicit(&process->refs, 1, memory_order_relaxed);
    return process;
}

void process_put(struct process *process)
{
    if (atomic_fetch_sub_explicit(&process->refs, 1, memory_order_acq_rel) == 1)
        process_drop(process);
}

struct task *task_alloc(void)
{
    struct task *task = slab_alloc_zero(&task_cache);

    if (!task)
        return NULL;
    task->thread.start_time = clock_monotonic();
    task->thread.stack = kernel_stack_alloc();
    if (!task->thread.stack || context_alloc(&task->thread)) {
        task_drop(task);
        return NULL;
    }
    return task;
}

void task_drop(struct task *task)
{
    struct process *process = task->process;

    if (task->cred)
        cred_put(task->cred);
    signal_queue_flush(&task->pending);
    pid_put(task->pid);
    context_drop(&task->thread);
    kernel_stack_free(task->thread.stack);
    slab_free(&task_cache, task);
    if (process)
        process_put(process);
}
