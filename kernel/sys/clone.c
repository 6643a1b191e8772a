/*
 * fork, vfork, clone and clone3: four ways to fill in one request.
 */
#include "arch/trap.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "proc/fork.h"
#include "syscall_prototypes.h"
#include <linux/sched.h>
#include <linux/signal.h>

int64_t sys_fork(void)
{
    struct clone_request request = {.exit_signal = SIGCHLD};

    return process_clone(&request);
}

int64_t sys_vfork(void)
{
    struct clone_request request = {.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD};

    return process_clone(&request);
}

int64_t sys_clone(uint64_t flags, struct uaddr stack, struct uaddr parent, struct uaddr child,
                  uint64_t tls)
{
    struct clone_request request = {.flags = (flags & 0xffffffff) & ~(uint64_t)CSIGNAL,
                                    .exit_signal = flags & CSIGNAL,
                                    .stack = stack.value,
                                    .tls = tls,
                                    .parent_tid = parent,
                                    .child_tid = child,
                                    .pidfd = parent};

    if ((flags & CLONE_PIDFD) && (flags & (CLONE_PARENT_SETTID | CLONE_DETACHED)))
        return -EINVAL;
    if (request.exit_signal > 64)
        return -EINVAL;
    return process_clone(&request);
}

/* A structure of a later kernel may be longer, if the rest is zero. */
static int read_arguments(struct uaddr from, uint64_t size, struct clone_args *arguments)
{
    if (size > 4096)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    memset(arguments, 0, sizeof *arguments);
    for (uint64_t i = sizeof *arguments; i < size; i++) {
        uint8_t byte;
        if (copy_from_user(&byte, uaddr_add(from, i), 1))
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    return copy_from_user(arguments, from, size < sizeof *arguments ? size : sizeof *arguments);
}

static int check_arguments(const struct clone_args *arguments)
{
    if ((arguments->flags & (CLONE_DETACHED | CSIGNAL)) || arguments->exit_signal > 64)
        return -EINVAL;
    if ((arguments->flags & (CLONE_THREAD | CLONE_PARENT)) && arguments->exit_signal)
        return -EINVAL;
    if (!arguments->stack != !arguments->stack_size)
        return -EINVAL;
    if (arguments->set_tid || arguments->set_tid_size || arguments->cgroup ||
        (arguments->flags & CLONE_INTO_CGROUP))
        return -EINVAL;
    return user_range_ok((struct uaddr){arguments->stack}, arguments->stack_size) ? 0 : -EINVAL;
}

int64_t sys_clone3(struct uaddr from, uint64_t size)
{
    struct clone_args arguments;
    int error = read_arguments(from, size, &arguments);

    if (!error)
        error = check_arguments(&arguments);
    if (error)
        return error;
    struct clone_request request = {
        .flags = arguments.flags,
        .exit_signal = (int32_t)arguments.exit_signal,
        .stack = arguments.stack ? arguments.stack + arguments.stack_size : 0,
        .tls = arguments.tls,
        .parent_tid = {arguments.parent_tid},
        .child_tid = {arguments.child_tid},
        .pidfd = {arguments.pidfd}};
    return process_clone(&request);
}
