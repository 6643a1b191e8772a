/*
 * System calls about the process itself: its end, its numbers, its relatives, and descriptors for
 * processes.
 */
#include "arch/trap.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "lib/errno.h"
#include "mem/user.h"
#include "proc/futex.h"
#include "proc/group.h"
#include "proc/pidfd.h"
#include "proc/signal.h"
#include "syscall_prototypes.h"
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>

int64_t sys_exit(int32_t status)
{
    task_exit((status & 0xff) << 8);
}

int64_t sys_exit_group(int32_t status)
{
    process_exit((status & 0xff) << 8);
}

int64_t sys_getpid(void)
{
    return process_current()->pid->number;
}

int64_t sys_gettid(void)
{
    return thread_current()->tid;
}

int64_t sys_getppid(void)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct process *parent = process_current()->parent;
    int32_t number = parent ? parent->pid->number : 0;

    spin_unlock_irq(&tree_lock, saved);
    return number;
}

int64_t sys_getpgid(int32_t pid)
{
    return group_get(pid);
}

int64_t sys_getpgrp(void)
{
    return group_get(0);
}

int64_t sys_setpgid(int32_t pid, int32_t group)
{
    return group_set(pid, group);
}

int64_t sys_getsid(int32_t pid)
{
    return session_get_id(pid);
}

int64_t sys_setsid(void)
{
    return session_create();
}

int64_t sys_set_tid_address(struct uaddr address)
{
    task_current()->clear_child_tid = address;
    return thread_current()->tid;
}

int64_t sys_set_robust_list(struct uaddr head, uint64_t size)
{
    if (size != sizeof(struct robust_list_head))
        return -EINVAL;
    task_current()->robust_list = head;
    return 0;
}

/* Another task's list may be seen by whoever may signal it as its own user. */
static int robust_list_of(int32_t tid, uint64_t *head)
{
    uint64_t saved = spin_lock_irq(&tree_lock);
    struct task *task = tid == 0 ? task_current() : task_find_locked(tid);
    int error = -ESRCH;

    if (task) {
        error = signal_permitted(task->process, 0);
        *head = task->robust_list.value;
    }
    spin_unlock_irq(&tree_lock, saved);
    return error;
}

int64_t sys_get_robust_list(int32_t pid, struct uaddr head, struct uaddr size)
{
    uint64_t value = 0, bytes = sizeof(struct robust_list_head);
    int error = robust_list_of(pid, &value);

    if (error)
        return error;
    if (copy_to_user(size, &bytes, sizeof(bytes)) != 0)
        return -EFAULT;
    return copy_to_user(head, &value, sizeof(value));
}

int64_t sys_pidfd_open(int32_t number, uint32_t flags)
{
    struct file *file;
    struct pid *pid;
    int error;

    if (number <= 0 || (flags & ~(uint32_t)O_NONBLOCK))
        return -EINVAL;
    pid = pid_find(number);
    if (!pid)
        return -ESRCH;
    error = pid->process ? pidfd_create(pid, flags, &file) : -EINVAL;
    pid_put(pid);
    return error ? error : caller_file_install(file, true);
}

/* A reference to another process's file table, or NULL. */
static struct file_table *files_of(struct process *process)
{
    uint64_t saved = spin_lock_irq(&process->signal_lock);
    struct file_table *files = process->files;

    if (files)
        file_table_get(files);
    spin_unlock_irq(&process->signal_lock, saved);
    return files;
}

static int64_t file_fetch(struct pid *pid, int32_t fd)
{
    struct process *process = process_find(pid->number);
    struct file_table *files;
    struct file *file;
    int error;

    if (!process)
        return -ESRCH;
    error = signal_permitted(process, 0);
    files = error ? NULL : files_of(process);
    process_put(process);
    if (error)
        return error;
    if (!files)
        return -ESRCH;
    file = file_table_find(files, fd);
    file_table_put(files);
    return file ? caller_file_install(file, true) : -EBADF;
}

int64_t sys_pidfd_getfd(int32_t pidfd, int32_t fd, uint32_t flags)
{
    struct pid *pid;
    int64_t result;

    if (flags)
        return -EINVAL;
    result = pidfd_pid(pidfd, &pid, NULL);
    if (result)
        return result;
    result = file_fetch(pid, fd);
    pid_put(pid);
    return result;
}

/* What a process of several tasks shares by nature cannot be unshared; the rest becomes its own. */
static int fs_unshare(struct process *process)
{
    struct fs_context *old = process->fs, *own;
    uint64_t saved;

    if (atomic_load(&old->refs) == 1)
        return 0;
    own = fs_context_fork(old);
    if (!own)
        return -ENOMEM;
    saved = spin_lock_irq(&process->signal_lock);
    process->fs = own;
    spin_unlock_irq(&process->signal_lock, saved);
    fs_context_drop(old);
    return 0;
}

int64_t sys_unshare(uint64_t flags)
{
    struct process *process = process_current();
    uint64_t known =
        CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_VM | CLONE_SYSVSEM;
    int error = 0;

    if (flags & ~known)
        return -EINVAL;
    if (process->task_count > 1 && (flags & ~(uint64_t)CLONE_SYSVSEM))
        return -EINVAL; /* tasks of one process share all of it here */
    if ((flags & (CLONE_SIGHAND | CLONE_VM)) && process->actions->common)
        return -EINVAL;
    if (flags & CLONE_FS)
        error = fs_unshare(process);
    if (!error && (flags & CLONE_FILES))
        error = caller_files_unshare();
    return error;
}
