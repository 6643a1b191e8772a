/*
 * execve: the other half of fork. A process forgets its program and becomes another one, and keeps
 * its number, its relatives and its open files.
 *
 * Check and build come first: the file is opened and understood, arguments are copied, and a whole
 * new address space is made beside the old one. Until then a failure leaves the old program as it
 * was. Then the other threads end; then comes the point of no return, below which nothing can fail:
 * the new space takes the old one's place.
 */
#include "proc/exec.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/backing.h"
#include "mem/slab.h"
#include "mem/space.h"
#include "mem/user.h"
#include "proc/exec_parts.h"
#include "proc/posix_timer.h"
#include "proc/signal.h"
#include <linux/fcntl.h>
#include <linux/signal.h>

/* The one destroyer, of any stage of a failed or finished exec. */
static void exec_drop(struct exec *exec)
{
    if (exec->cred)
        cred_put(exec->cred);
    if (exec->actions)
        signal_actions_put(exec->actions);
    if (exec->files)
        file_table_put(exec->files);
    space_put(exec->space);
    exec_strings_drop(&exec->strings);
    if (exec->interpreter)
        file_put(exec->interpreter);
    if (exec->file)
        file_put(exec->file);
    for (unsigned i = 0; i < EXEC_PREFIX && exec->prefix[i]; i++)
        heap_free((void *)(uintptr_t)exec->prefix[i]);
    heap_free(exec->name);
}

/* --- build --- */

static int add_prefix(struct exec *exec)
{
    struct exec_strings *strings = &exec->strings;
    int error = 0;

    for (; !error && exec->prefix[strings->argc]; strings->argc++)
        error = exec_strings_add_kernel(strings, exec->prefix[strings->argc]);
    return error;
}

/* The offsets that follow the arguments; a program without any gets an empty argv[0]. */
static int end_arguments(struct exec *exec)
{
    struct exec_strings *strings = &exec->strings;
    int error = 0;

    if (!strings->argc) {
        error = exec_strings_add_kernel(strings, "");
        strings->argc = 1;
    }
    strings->arguments_end = strings->environment_at = strings->used;
    return error;
}

static int end_strings(struct exec *exec)
{
    exec->strings.environment_end = exec->strings.name_at = exec->strings.used;
    return exec_strings_add_kernel(&exec->strings, exec->name);
}

static int copy_user_strings(struct exec *exec, struct uaddr argv, struct uaddr envp)
{
    struct exec_strings *strings = &exec->strings;
    uint32_t added = 0;
    int error = exec_strings_begin(strings);

    if (!error)
        error = add_prefix(exec);
    if (!error)
        error = exec_strings_add_user(strings, argv, strings->argc ? 1 : 0, &added);
    strings->argc += added;
    if (!error)
        error = end_arguments(exec);
    if (!error)
        error = exec_strings_add_user(strings, envp, 0, &strings->envc);
    return error ? error : end_strings(exec);
}

static int copy_kernel_strings(struct exec *exec, const char *const *argv, const char *const *envp)
{
    struct exec_strings *strings = &exec->strings;
    int error = exec_strings_begin(strings);

    for (unsigned i = 0; !error && argv[i]; i++, strings->argc++)
        error = exec_strings_add_kernel(strings, argv[i]);
    if (!error)
        error = end_arguments(exec);
    for (unsigned i = 0; !error && envp[i]; i++, strings->envc++)
        error = exec_strings_add_kernel(strings, envp[i]);
    return error ? error : end_strings(exec);
}

/* The program file may not be written while it runs. */
static int deny_write(struct exec *exec)
{
    int error = backing_deny_write(exec->file->source.backing);

    if (!error)
        exec->file->denies_write = true;
    return error;
}

static int build(struct exec *exec)
{
    struct process *process = process_current();
    int error = exec_cred(exec, task_current()->cred);

    if (error)
        return error;
    exec->space = space_create();
    exec->actions = signal_actions_create();
    if (!exec->space || !exec->actions)
        return -ENOMEM;
    error = exec_map(exec);
    if (!error)
        error = deny_write(exec);
    if (!error)
        error = exec_stack(exec);
    if (!error && process->files && atomic_load(&process->files->refs) > 1) {
        exec->files = file_table_fork(process->files);
        error = exec->files ? 0 : -ENOMEM;
    }
    return error;
}

/* --- commit --- */

static void swap_space(struct exec *exec, struct task *task)
{
    struct process *process = task->process;
    struct space *old = process->space;
    uint64_t saved = spin_lock_irq(&process->signal_lock);

    process->space = exec->space;
    mmu_switch(task->thread.space, &exec->space->mmu);
    task->thread.space = &exec->space->mmu;
    spin_unlock_irq(&process->signal_lock, saved);
    exec->space = old;
}

static void swap_file(struct file **slot, struct file **mine)
{
    struct file *old = *slot;

    *slot = *mine;
    *mine = old;
}

static void set_name(struct task *task, const char *path)
{
    const char *slash = strrchr(path, '/');

    strlcpy(task->thread.name, slash ? slash + 1 : path, sizeof task->thread.name);
}

static void reset_task(struct task *task)
{
    task->clear_child_tid = (struct uaddr){0};
    task->set_child_tid = (struct uaddr){0};
    task->robust_list = (struct uaddr){0};
    task->alternate_stack = (stack_t){.ss_flags = SS_DISABLE};
    task->restart = (struct restart_block){0};
}

static void commit(struct exec *exec, struct task *task)
{
    struct process *process = task->process;
    const struct cred *old_cred = task->cred;
    bool changed = old_cred->euid != exec->cred->euid || old_cred->egid != exec->cred->egid;

    swap_space(exec, task);
    swap_file(&process->executable, &exec->file);
    signal_actions_exec(process, exec->actions);
    exec->actions = NULL;
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    task->cred = exec->cred;
    exec->cred = (struct cred *)(uintptr_t)old_cred;
    process->dumpable = !exec->secure;
    if (changed)
        process->parent_death_signal = 0;
    spin_unlock_irq(&process->signal_lock, saved);
    posix_timers_clear(process);
    reset_task(task);
    set_name(task, exec->path);
    process->executed = true;
    context_exec(&task->thread);
    trap_frame_exec(thread_frame(&task->thread), exec->entry, exec->stack_pointer);
    vfork_release(task);
}

/* From built to running. */
static int replace(struct exec *exec)
{
    struct task *task = task_current();
    struct process *process = task->process;
    int error = process_become_single();

    if (error)
        return error;
    if (exec->files) {
        struct file_table *shared = process->files;
        uint64_t saved = spin_lock_irq(&process->signal_lock);
        process->files = exec->files;
        spin_unlock_irq(&process->signal_lock, saved);
        exec->files = shared;
    }
    error = process->files ? file_table_exec(process->files) : 0;
    if (error)
        return error;
    /* ---- the point of no return: nothing below can fail ---- */
    commit(exec, task);
    return 0;
}

/* The process ends on its way back to user mode. */
static void end_unsound(void)
{
    struct process *process = process_current();
    uint64_t saved = spin_lock_irq(&process->signal_lock);

    signal_group_exit_locked(process, SIGSEGV);
    spin_unlock_irq(&process->signal_lock, saved);
}

int process_exec(int dirfd, const char *path, struct uaddr argv, struct uaddr envp, unsigned flags)
{
    struct exec exec = {.path = path};
    int error = exec_resolve(&exec, dirfd, flags);

    if (!error)
        error = copy_user_strings(&exec, argv, envp);
    if (!error)
        error = build(&exec);
    if (!error)
        error = replace(&exec);
    exec_drop(&exec);
    if (error && exec.unsound)
        end_unsound();
    return error;
}

int process_exec_kernel(const char *path, const char *const *argv, const char *const *envp)
{
    struct exec exec = {.path = path};
    int error = exec_resolve(&exec, AT_FDCWD, 0);

    if (!error)
        error = copy_kernel_strings(&exec, argv, envp);
    if (!error)
        error = build(&exec);
    if (!error)
        error = replace(&exec);
    exec_drop(&exec);
    return error;
}
