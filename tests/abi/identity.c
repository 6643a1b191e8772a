/* Users, limits, prctl, scheduling, system information, unknown calls, bad pointers. */
#include "harness.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

CASE(root_becomes_a_user_for_good)
{
    case_needs_root();
    uid_t real, effective, saved;
    CHECK_OK(setuid(1000));
    CHECK_OK(getresuid(&real, &effective, &saved));
    CHECK(real == 1000 && effective == 1000 && saved == 1000);
    CHECK_ERR(setuid(0), EPERM);
    CHECK_ERR(seteuid(0), EPERM);
    CHECK_ERR(setresuid(-1, 5, -1), EPERM);
    CHECK_ERR(setgid(5), EPERM);
    CHECK_ERR(setgroups(0, NULL), EPERM);
    CHECK_OK(setresuid(-1, -1, -1));
}

CASE(effective_user_and_back)
{
    case_needs_root();
    uid_t real, effective, saved;
    CHECK_OK(setresuid(1000, 2000, 0));
    CHECK_OK(getresuid(&real, &effective, &saved));
    CHECK(real == 1000 && effective == 2000 && saved == 0);
    CHECK_OK(seteuid(1000));
    CHECK_OK(seteuid(0));
    CHECK_OK(setreuid(-1, 3000)); /* the saved id follows the effective one */
    CHECK_OK(getresuid(&real, &effective, &saved));
    CHECK(real == 1000 && effective == 3000 && saved == 3000);
}

CASE(groups)
{
    case_needs_root();
    gid_t list[3] = {30, 10, 20}, found[10];
    CHECK_OK(setgroups(3, list));
    CHECK_EQ(getgroups(0, NULL), 3);
    CHECK_EQ(getgroups(10, found), 3);
    CHECK_ERR(getgroups(2, found), EINVAL);
    CHECK_ERR(syscall(SYS_getgroups, -1, found), EINVAL);
    CHECK_ERR(syscall(SYS_setgroups, 65537, list), EINVAL);
    file_write("file", "");
    CHECK_OK(chown("file", 0, 20));
    CHECK_OK(fchmodat(AT_FDCWD, "file", 0040, 0));
    CHECK_OK(setresgid(5, 5, 5));
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_OK(open("file", O_RDONLY)); /* by a supplementary group */
}

CASE(capabilities_follow_the_user)
{
    case_needs_root();
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    CHECK_OK(syscall(SYS_capget, &header, data));
    CHECK(data[0].effective & 1u << CAP_KILL);
    CHECK_OK(seteuid(1000));
    CHECK_OK(syscall(SYS_capget, &header, data));
    CHECK(data[0].effective == 0 && (data[0].permitted & 1u << CAP_KILL));
    CHECK_OK(seteuid(0));
    CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_OK(syscall(SYS_capget, &header, data));
    CHECK(data[0].effective == 0 && data[0].permitted == 0);
    header.version = 1;
    CHECK_ERR(syscall(SYS_capget, &header, data), EINVAL);
    CHECK_EQ(header.version, _LINUX_CAPABILITY_VERSION_3);
}

CASE(limits_are_checked)
{
    case_needs_root();
    struct rlimit limit = {200, 100};
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
    limit = (struct rlimit){100, 150};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERR(syscall(SYS_getrlimit, 99, &limit), EINVAL);
    CHECK_ERR(syscall(SYS_getrlimit, RLIMIT_NOFILE, (void *)8), EFAULT);
    struct rlimit old, fresh = {50, 60};
    CHECK_OK(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &fresh, &old));
    CHECK(old.rlim_cur == 100 && old.rlim_max == 150);
    CHECK_OK(setresuid(1000, 1000, 1000));
    fresh.rlim_max = 70;
    CHECK_ERR(setrlimit(RLIMIT_NOFILE, &fresh), EPERM);
    fresh = (struct rlimit){60, 60};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &fresh));
    CHECK_ERR(syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, NULL, &old), EPERM);
}

CASE(processor_time_limit)
{
    pid_t child = process_fork();
    if (child == 0) {
        struct rlimit limit = {1, 1};
        CHECK_OK(setrlimit(RLIMIT_CPU, &limit));
        for (;;)
            ;
    }
    int status = process_wait(child);
    CHECK_EQ(status, SIGKILL);
}

CASE(names_by_prctl)
{
    char name[17] = "";
    CHECK_OK(prctl(PR_SET_NAME, "a-rather-long-name-here"));
    CHECK_OK(prctl(PR_GET_NAME, name));
    CHECK(strcmp(name, "a-rather-long-n") == 0);
    CHECK_ERR(prctl(99999, 0, 0, 0, 0), EINVAL);
    CHECK_ERR(prctl(PR_SET_NAME, 8), EFAULT);
}

CASE(dumpable_and_privileges)
{
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_OK(prctl(PR_SET_DUMPABLE, 0));
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
    CHECK_ERR(prctl(PR_SET_DUMPABLE, 7), EINVAL);
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
    CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    pid_t child = process_fork();
    if (child == 0)
        _exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    process_exits(child, 1);
}

CASE(scheduling_calls)
{
    cpu_set_t set;
    CHECK_OK(sched_yield());
    CPU_ZERO(&set);
    CHECK_OK(sched_getaffinity(0, sizeof(set), &set));
    CHECK(CPU_COUNT(&set) >= 1);
    int first = 0;
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
    unsigned cpu = 999;
    CHECK_OK(syscall(SYS_getcpu, &cpu, NULL, NULL));
    CHECK_EQ(cpu, first);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(sched_getaffinity(0, sizeof(set), &set));
        _exit(CPU_COUNT(&set));
    }
    process_exits(child, 1);
    CPU_ZERO(&set);
    CHECK_ERR(sched_setaffinity(0, sizeof(set), &set), EINVAL);
    CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_min(SCHED_OTHER), 0);
    CHECK_ERR(sched_get_priority_max(77), EINVAL);
    CHECK_ERR(syscall(SYS_sched_getscheduler, -1), EINVAL);
}

CASE(nice_values)
{
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 100)); /* clamped */
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 19);
    CHECK_ERR(getpriority(99, 0), EINVAL);
    CHECK_ERR(setpriority(PRIO_PROCESS, 99999999, 0), ESRCH);
    if (geteuid() == 0)
        CHECK_OK(setresuid(1000, 1000, 1000));
    CHECK_ERR(setpriority(PRIO_PROCESS, 0, 0), EACCES);
}

CASE(system_information)
{
    struct utsname name;
    struct sysinfo info;
    CHECK_OK(uname(&name));
    CHECK(strcmp(name.sysname, "Linux") == 0 && strcmp(name.machine, "x86_64") == 0);
    CHECK(atoi(name.release) >= 5);
    CHECK_OK(sysinfo(&info));
    CHECK(info.totalram > 0 && info.freeram > 0 && info.freeram <= info.totalram);
    CHECK(info.procs >= 2 && info.mem_unit >= 1);
    CHECK_EQ(syscall(SYS_personality, 0xffffffff), 0);
}

CASE(random_numbers)
{
    unsigned char one[32] = {0}, two[32] = {0};
    CHECK_EQ(syscall(SYS_getrandom, one, sizeof(one), 0), 32);
    CHECK_EQ(syscall(SYS_getrandom, two, sizeof(two), GRND_NONBLOCK), 32);
    CHECK(memcmp(one, two, sizeof(one)) != 0);
    CHECK_ERR(syscall(SYS_getrandom, one, 1, 0x100), EINVAL);
    CHECK_ERR(syscall(SYS_getrandom, (void *)8, 16, 0), EFAULT);
}

CASE(unknown_calls)
{
    CHECK_ERR(syscall(400), ENOSYS);
    CHECK_ERR(syscall(999), ENOSYS);
    CHECK_ERR(syscall(-5l), ENOSYS);
    CHECK_EQ(syscall(1l << 40 | SYS_getpid), getpid()); /* the number is 32 bits wide */
    CHECK_ERR(syscall(SYS_afs_syscall), ENOSYS);
}

CASE(thread_area)
{
    unsigned long base = 0, value = 0;
    CHECK_OK(syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, &base));
    __asm__("mov %%fs:0, %0" : "=r"(value));
    CHECK_EQ(base, value);
    CHECK_OK(syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, &base));
    __asm__("mov %%gs:0, %0" : "=r"(value));
    CHECK_EQ(value, base);
    pid_t child = process_fork();
    if (child == 0) {
        __asm__("mov %%gs:0, %0" : "=r"(value));
        _exit(value == base ? 1 : 2);
    }
    process_exits(child, 1);
    CHECK_ERR(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL);
    CHECK_ERR(syscall(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, 1ul << 63), EPERM);
}

/* Calls whose pointer points nowhere, into the kernel, or out of the address space. */
CASE(bad_pointers)
{
    static void *const bad[] = {(void *)8, (void *)0xffffffff81000000, (void *)0x800000000000,
                                (void *)-8l};
    int fds[2];
    CHECK_OK(pipe(fds));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        CHECK_ERR(syscall(SYS_write, fds[1], bad[i], 10), EFAULT);
        CHECK_EQ(write(fds[1], "x", 1), 1);
        CHECK_ERR(syscall(SYS_read, fds[0], bad[i], 1), EFAULT);
        char byte;
        CHECK_EQ(read(fds[0], &byte, 1), 1); /* nothing was lost */
        CHECK_ERR(syscall(SYS_open, bad[i], O_RDONLY), EFAULT);
        CHECK_ERR(syscall(SYS_stat, ".", bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_pipe, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_uname, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_getcwd, bad[i], 4096), EFAULT);
        CHECK_ERR(syscall(SYS_gettimeofday, bad[i], NULL), EFAULT);
        CHECK_ERR(syscall(SYS_sigaltstack, NULL, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_rt_sigpending, bad[i], 8), EFAULT);
        CHECK_ERR(syscall(SYS_sysinfo, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_times, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_getresuid, bad[i], bad[i], bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_socketpair, 1, 1, 0, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_readlink, "/proc/self", bad[i], 100), EFAULT);
        CHECK_ERR(syscall(SYS_mkdir, bad[i], 0700), EFAULT);
        CHECK_ERR(syscall(SYS_rename, ".", bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_chdir, bad[i]), EFAULT);
        CHECK_ERR(syscall(SYS_rt_sigtimedwait, bad[i], NULL, NULL, 8), EFAULT);
    }
    CHECK_EQ(fd_count(), 5); /* failed pipe and socketpair left nothing open */
}
