/* Process groups, sessions, and who may change them. */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child_pausing(void)
{
    pid_t child = process_fork();
    if (child == 0)
        for (;;)
            pause();
    return child;
}

CASE(leader_of_the_session)
{
    CHECK_EQ(getsid(0), getpid());
    CHECK_EQ(getpgrp(), getpid());
    CHECK_EQ(getpgid(0), getpid());
    CHECK_EQ(getpgid(getpid()), getpid());
    CHECK_ERR(setsid(), EPERM);
    CHECK_ERR(setpgid(0, 0), EPERM);
}

CASE(setsid_in_a_child)
{
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(setsid(), getpid());
        CHECK(getsid(0) == getpid() && getpgrp() == getpid());
        CHECK_ERR(setsid(), EPERM);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(setsid_as_group_leader_is_refused)
{
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(setpgid(0, 0));
        CHECK_ERR(setsid(), EPERM);
        _exit(0);
    }
    process_exits(child, 0);
}

/* Even when the group's leader itself is gone, its number stays taken. */
CASE(group_outlives_its_leader)
{
    struct gate gate;
    gate_init(&gate);
    pid_t leader = process_fork();
    if (leader == 0) {
        setpgid(0, 0);
        gate_wait(&gate);
        _exit(0);
    }
    CHECK_OK(setpgid(leader, leader));
    pid_t member = child_pausing();
    CHECK_OK(setpgid(member, leader));
    gate_open(&gate);
    process_exits(leader, 0);
    CHECK_EQ(getpgid(member), leader);
    CHECK_OK(kill(-leader, 0));
    CHECK_OK(kill(-leader, SIGTERM));
    process_dies(member, SIGTERM);
    CHECK_ERR(kill(-leader, 0), ESRCH);
}

CASE(setpgid_moves_children)
{
    pid_t first = child_pausing(), second = child_pausing();
    CHECK_OK(setpgid(first, 0));
    CHECK_EQ(getpgid(first), first);
    CHECK_OK(setpgid(second, first));
    CHECK_EQ(getpgid(second), first);
    CHECK_OK(setpgid(second, getpgrp()));
    CHECK_EQ(getpgid(second), getpgrp());
    process_kill(first);
    process_kill(second);
}

CASE(errors_of_setpgid)
{
    pid_t child = child_pausing();
    CHECK_ERR(setpgid(0, -1), EINVAL);
    CHECK_ERR(setpgid(-1, 0), EINVAL);
    CHECK_ERR(setpgid(-1, 5), ESRCH);
    CHECK_ERR(setpgid(getppid(), 0), ESRCH);     /* not a child */
    CHECK_ERR(setpgid(child, getppid()), EPERM); /* no such group in the session */
    CHECK_ERR(setpgid(child, 99999999), EPERM);
    process_kill(child);
    CHECK_ERR(setpgid(child, child), ESRCH);
}

CASE(setpgid_of_a_child_in_another_session)
{
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        setsid();
        gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    CHECK_ERR(setpgid(child, child), EPERM);
    CHECK_ERR(setpgid(child, getpgrp()), EPERM);
    CHECK_EQ(getsid(child), child);
    process_kill(child);
}

CASE(queries_of_missing_processes)
{
    pid_t child = child_pausing();
    process_kill(child);
    CHECK_ERR(getpgid(child), ESRCH);
    CHECK_ERR(getsid(child), ESRCH);
    CHECK_ERR(getpgid(-1), ESRCH);
}

CASE(kill_zero_reaches_the_whole_group)
{
    pid_t child = process_fork();
    if (child == 0) {
        setpgid(0, 0);
        pid_t members[3];
        for (int i = 0; i < 3; i++)
            members[i] = child_pausing();
        signal_counting(SIGTERM, 0);
        CHECK_OK(kill(0, SIGTERM));
        CHECK_EQ(signal_count[SIGTERM], 1);
        for (int i = 0; i < 3; i++) {
            int status = process_wait(members[i]);
            CHECK(WIFSIGNALED(status) || WIFEXITED(status));
        }
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(parent_death_signal)
{
    struct gate ready, told;
    gate_init(&ready);
    gate_init(&told);
    pid_t middle = process_fork();
    if (middle == 0) {
        if (process_fork() == 0) {
            int kind = 0;
            signal_counting(SIGUSR1, 0);
            CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
            CHECK_OK(prctl(PR_GET_PDEATHSIG, &kind));
            CHECK_EQ(kind, SIGUSR1);
            gate_open(&ready);
            while (signal_count[SIGUSR1] == 0)
                sleep_ms(1);
            gate_open(&told);
            _exit(0);
        }
        gate_wait(&ready);
        _exit(0);
    }
    process_exits(middle, 0);
    gate_wait(&told);
}

CASE(parent_death_signal_is_not_inherited)
{
    CHECK_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
    pid_t child = process_fork();
    if (child == 0) {
        int kind = 77;
        CHECK_OK(prctl(PR_GET_PDEATHSIG, &kind));
        _exit(kind);
    }
    process_exits(child, 0);
    CHECK_ERR(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
}

CASE(pids_rise_and_are_not_reused_at_once)
{
    pid_t last = 0;
    for (int i = 0; i < 20; i++) {
        pid_t child = process_fork();
        if (child == 0)
            _exit(0);
        process_exits(child, 0);
        CHECK(child != last);
        last = child;
    }
}
