/*
 * Process 1: every later process descends from it by fork. It is built like a fork's child, field
 * by field, and begins as a kernel thread, which execs.
 */
#include "boot/process_one.h"
#include "arch/machine.h"
#include "arch/trap.h"
#include "boot/parameters.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "fs/fs.h"
#include "fs/open.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/exec.h"
#include "proc/group.h"
#include "proc/limits.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "trace/log.h"
#include <linux/fcntl.h>
#include <linux/signal.h>

static const char *const environment[] = {"HOME=/", "TERM=linux",
                                          "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};

static void open_console(void)
{
    struct open_how how = {.flags = O_RDWR | O_NOCTTY};
    struct file *file;

    if (open_at(AT_FDCWD, "/dev/console", &how, &file))
        return;
    for (int fd = 0; fd < 3; fd++) {
        file_get(file);
        if (file_table_add(process_current()->files, file, fd, false, 3) < 0)
            file_put(file);
    }
    file_put(file);
}

static void become_program(void *argument)
{
    const char *const arguments[] = {parameters.init, NULL};
    int error;

    (void)argument;
    if (machine.initramfs.start != machine.initramfs.end) {
        error = initramfs_unpack(machine.initramfs);
        if (error)
            panic("the initramfs cannot be unpacked: error %d", -error);
    }
    open_console();
    error = process_exec_kernel(parameters.init, arguments, environment);
    if (error)
        panic("no first program: %s: error %d", parameters.init, -error);
    trap_enter_user();
}

/* All that a fork would have shared from a parent. */
static int fill_process(struct process *process)
{
    process->fork_depth = parameters.fork_depth;
    process->fork_first = parameters.fork_first;
    process->dumpable = true;
    process->actions = signal_actions_create();
    process->limits = limits_create();
    process->fs = fs_context_create();
    process->files = file_table_create();
    process->session = session_alloc(process->pid);
    return process->actions && process->limits && process->fs && process->files && process->session
               ? 0
               : -ENOMEM;
}

static void publish(struct process *process, struct task *task)
{
    struct session *session = process->session;
    uint64_t saved = spin_lock_irq(&tree_lock);

    process_one = process;
    TAILQ_INSERT_TAIL(&process->tasks, task, link);
    process->task_count = 1;
    TAILQ_INSERT_TAIL(&all_processes, process, all_link);
    process->session = NULL;
    group_join_locked(process, process->pid, session);
    process->pid->task = task;
    process->pid->process = process_get(process);
    process->state = PROCESS_ALIVE;
    spin_unlock_irq(&tree_lock, saved);
    session_put(session);
}

void process_one_start(void)
{
    struct task *task = task_alloc();
    struct process *process = process_alloc();

    if (!task || !process || pid_alloc(&task->pid))
        panic("no memory for the first process");
    task->process = process;
    process->pid = pid_get(task->pid);
    if (fill_process(process))
        panic("no memory for the first process");
    task->cred = cred_get(&cred_root);
    task->alternate_stack.ss_flags = SS_DISABLE;
    strlcpy(task->thread.name, "init", sizeof task->thread.name);
    task->thread.process = process;
    task->thread.tid = task->pid->number;
    sched_fork(&task->thread, thread_current());
    context_init_kernel(&task->thread, become_program, NULL);
    publish(process, task);
    sched_start(&task->thread, false);
}
