/*
 * prctl(2) and personality(2): what a process says about itself. Options that this kernel lacks
 * give EINVAL, as Linux's unknown ones.
 */
#include "proc/prctl.h"
#include "abi/furca.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "proc/process.h"
#include "syscall_prototypes.h"
#include <linux/prctl.h>

struct prctl_arguments {
    uint64_t second, third, fourth, fifth;
};

typedef int64_t prctl_handler(struct task *task, const struct prctl_arguments *arguments);

static int64_t int_out(uint64_t address, int32_t value)
{
    return copy_to_user((struct uaddr){address}, &value, sizeof(value));
}

static bool rest_zero(const struct prctl_arguments *a)
{
    return !a->third && !a->fourth && !a->fifth;
}

static int64_t set_death_signal(struct task *task, const struct prctl_arguments *a)
{
    if (a->second > SIGNAL_COUNT)
        return -EINVAL;
    task->process->parent_death_signal = (int32_t)a->second;
    return 0;
}

static int64_t get_death_signal(struct task *task, const struct prctl_arguments *a)
{
    return int_out(a->second, task->process->parent_death_signal);
}

static int64_t get_dumpable(struct task *task, const struct prctl_arguments *a)
{
    return task->process->dumpable;
}

static int64_t set_dumpable(struct task *task, const struct prctl_arguments *a)
{
    if (a->second > 1)
        return -EINVAL;
    task->process->dumpable = a->second != 0;
    return 0;
}

static int64_t set_name(struct task *task, const struct prctl_arguments *a)
{
    char name[sizeof(task->thread.name)];
    int64_t length = copy_string_from_user(name, (struct uaddr){a->second}, sizeof(name));

    if (length == -EFAULT)
        return -EFAULT;
    name[sizeof(name) - 1] = '\0';
    strlcpy(task->thread.name, name, sizeof(task->thread.name));
    return 0;
}

static int64_t get_name(struct task *task, const struct prctl_arguments *a)
{
    char name[sizeof(task->thread.name)] = {0};

    strlcpy(name, task->thread.name, sizeof(name));
    return copy_to_user((struct uaddr){a->second}, name, sizeof(name));
}

static int64_t get_timing(struct task *task, const struct prctl_arguments *a)
{
    return PR_TIMING_STATISTICAL;
}

static int64_t set_timing(struct task *task, const struct prctl_arguments *a)
{
    return a->second == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
}

enum { TIMER_SLACK_DEFAULT = 50000 };

static int64_t set_timer_slack(struct task *task, const struct prctl_arguments *a)
{
    task->timer_slack =
        (int64_t)a->second <= 0 ? TIMER_SLACK_DEFAULT : (uint32_t)min_u64(a->second, UINT32_MAX);
    return 0;
}

static int64_t get_timer_slack(struct task *task, const struct prctl_arguments *a)
{
    return task->timer_slack ? task->timer_slack : (uint32_t)TIMER_SLACK_DEFAULT;
}

static int64_t get_seccomp(struct task *task, const struct prctl_arguments *a)
{
    return 0;
}

static int64_t get_tsc(struct task *task, const struct prctl_arguments *a)
{
    return int_out(a->second, PR_TSC_ENABLE);
}

static int64_t set_tsc(struct task *task, const struct prctl_arguments *a)
{
    return a->second == PR_TSC_ENABLE ? 0 : -EINVAL;
}

static int64_t set_subreaper(struct task *task, const struct prctl_arguments *a)
{
    prctl_set_subreaper(a->second != 0);
    return 0;
}

static int64_t get_subreaper(struct task *task, const struct prctl_arguments *a)
{
    return int_out(a->second, task->process->subreaper);
}

static int64_t set_no_new_privileges(struct task *task, const struct prctl_arguments *a)
{
    if (a->second != 1 || !rest_zero(a))
        return -EINVAL;
    task->process->no_new_privileges = true;
    return 0;
}

static int64_t get_no_new_privileges(struct task *task, const struct prctl_arguments *a)
{
    if (a->second || !rest_zero(a))
        return -EINVAL;
    return task->process->no_new_privileges;
}

static int64_t get_tid_address(struct task *task, const struct prctl_arguments *a)
{
    uint64_t address = task->clear_child_tid.value;

    return copy_to_user((struct uaddr){a->second}, &address, sizeof(address));
}

static int64_t get_keep_capabilities(struct task *task, const struct prctl_arguments *a)
{
    return prctl_keep_capabilities();
}

static int64_t set_keep_capabilities(struct task *task, const struct prctl_arguments *a)
{
    return a->second > 1 ? -EINVAL : prctl_set_keep_capabilities(a->second != 0);
}

static int64_t read_bounding(struct task *task, const struct prctl_arguments *a)
{
    return prctl_bounding_has(a->second);
}

static int64_t drop_bounding(struct task *task, const struct prctl_arguments *a)
{
    return prctl_bounding_drop(a->second);
}

static int64_t get_securebits(struct task *task, const struct prctl_arguments *a)
{
    return task->cred->securebits;
}

static int64_t set_securebits(struct task *task, const struct prctl_arguments *a)
{
    return prctl_set_securebits(a->second);
}

static int64_t ambient(struct task *task, const struct prctl_arguments *a)
{
    return a->fourth || a->fifth ? -EINVAL : prctl_ambient(a->second, a->third);
}

static int64_t fork_depth(struct task *task, const struct prctl_arguments *a)
{
    int64_t before = task->process->fork_depth;

    if (a->second != PR_FURCA_ASK && a->second > FURCA_FORK_PAGES)
        return -EINVAL;
    if (a->second != PR_FURCA_ASK)
        task->process->fork_depth = (enum fork_depth)a->second;
    return before;
}

static int64_t fork_first(struct task *task, const struct prctl_arguments *a)
{
    int64_t before = task->process->fork_first;

    if (a->second != PR_FURCA_ASK && a->second > FURCA_FIRST_CHILD)
        return -EINVAL;
    if (a->second != PR_FURCA_ASK)
        task->process->fork_first = (enum fork_first)a->second;
    return before;
}

static const struct {
    int32_t option;
    prctl_handler *handler;
} options[] = {
    {PR_SET_PDEATHSIG, set_death_signal},
    {PR_GET_PDEATHSIG, get_death_signal},
    {PR_GET_DUMPABLE, get_dumpable},
    {PR_SET_DUMPABLE, set_dumpable},
    {PR_SET_NAME, set_name},
    {PR_GET_NAME, get_name},
    {PR_GET_TIMING, get_timing},
    {PR_SET_TIMING, set_timing},
    {PR_SET_TIMERSLACK, set_timer_slack},
    {PR_GET_TIMERSLACK, get_timer_slack},
    {PR_GET_SECCOMP, get_seccomp},
    {PR_GET_TSC, get_tsc},
    {PR_SET_TSC, set_tsc},
    {PR_SET_CHILD_SUBREAPER, set_subreaper},
    {PR_GET_CHILD_SUBREAPER, get_subreaper},
    {PR_SET_NO_NEW_PRIVS, set_no_new_privileges},
    {PR_GET_NO_NEW_PRIVS, get_no_new_privileges},
    {PR_GET_TID_ADDRESS, get_tid_address},
    {PR_GET_KEEPCAPS, get_keep_capabilities},
    {PR_SET_KEEPCAPS, set_keep_capabilities},
    {PR_CAPBSET_READ, read_bounding},
    {PR_CAPBSET_DROP, drop_bounding},
    {PR_GET_SECUREBITS, get_securebits},
    {PR_SET_SECUREBITS, set_securebits},
    {PR_CAP_AMBIENT, ambient},
    {PR_FURCA_FORK_DEPTH, fork_depth},
    {PR_FURCA_FORK_FIRST, fork_first},
};

int64_t sys_prctl(int32_t option, uint64_t second, uint64_t third, uint64_t fourth, uint64_t fifth)
{
    struct prctl_arguments arguments = {second, third, fourth, fifth};

    for (size_t i = 0; i < array_size(options); i++) {
        if (options[i].option == option)
            return options[i].handler(task_current(), &arguments);
    }
    return -EINVAL;
}

int64_t sys_personality(uint32_t persona)
{
    struct process *process = process_current();
    uint32_t before = process->personality;

    if (persona != UINT32_MAX)
        process->personality = persona;
    return before;
}
