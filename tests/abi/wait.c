/* wait4 and waitid: every option, status encodings, siginfo, automatic reaping. */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

static pid_t child_exiting(int code)
{
    pid_t child = process_fork();
    if (child == 0)
        _exit(code);
    return child;
}

CASE(no_children)
{
    int status = 77;
    siginfo_t info;
    CHECK_ERR(wait(&status), ECHILD);
    CHECK_ERR(waitpid(-1, &status, WNOHANG), ECHILD);
    CHECK_ERR(waitpid(1, &status, 0), ECHILD);
    CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    CHECK_ERR(waitid(P_PID, getpid(), &info, WEXITED), ECHILD);
    CHECK_EQ(status, 77);
}

CASE(invalid_arguments)
{
    siginfo_t info;
    CHECK_ERR(waitpid(-1, NULL, 0x10000), EINVAL);
    CHECK_ERR(waitpid(-1, NULL, WEXITED), EINVAL);
    CHECK_ERR(waitid(P_ALL, 0, &info, 0), EINVAL);
    CHECK_ERR(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
    CHECK_ERR(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
    CHECK_ERR(waitid(99, 0, &info, WEXITED), EINVAL);
    CHECK_ERR(waitid(P_PID, 0, &info, WEXITED), EINVAL);
    CHECK_ERR(waitid(P_PID, -5, &info, WEXITED), EINVAL);
    CHECK_ERR(waitid(P_PGID, -5, &info, WEXITED), EINVAL);
    CHECK_ERR(waitpid((pid_t)0x80000000, NULL, 0), ESRCH);
}

CASE(exit_codes_are_eight_bits)
{
    static const int codes[] = {0, 1, 127, 128, 255, 256, 257, -1};
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        CHECK_EQ(process_wait(child_exiting(codes[i])), (codes[i] & 0xff) << 8);
}

CASE(signals_are_encoded)
{
    static const int signals[] = {SIGHUP,  SIGINT,  SIGKILL, SIGUSR1, SIGPIPE,
                                  SIGALRM, SIGTERM, SIGIO,   SIGPWR,  SIGSTKFLT};
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        pid_t child = child_pausing();
        CHECK_OK(kill(child, signals[i]));
        CHECK_EQ(process_wait(child), signals[i]);
    }
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGRTMIN + 2));
    CHECK_EQ(process_wait(child), SIGRTMIN + 2);
}

/* Without a core file (limit 0) the core bit stays clear. */
CASE(core_signals_without_core)
{
    static const int signals[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
                                  SIGFPE,  SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS};
    struct rlimit none = {0, 0};
    CHECK_OK(setrlimit(RLIMIT_CORE, &none));
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        pid_t child = child_pausing();
        CHECK_OK(kill(child, signals[i]));
        int status = process_wait(child);
        CHECK_EQ(status, signals[i]);
    }
}

CASE(nohang)
{
    struct gate gate;
    siginfo_t info;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        _exit(0);
    }
    int status = 123;
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_EQ(status, 123);
    memset(&info, 0xff, sizeof(info));
    CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOHANG), 0);
    CHECK(info.si_pid == 0 && info.si_signo == 0);
    gate_open(&gate);
    process_exits(child, 0);
}

CASE(by_pid_takes_only_that_one)
{
    pid_t first = child_exiting(1), second = child_exiting(2), third = child_exiting(3);
    process_exits(second, 2);
    process_exits(third, 3);
    process_exits(first, 1);
    CHECK_ERR(waitpid(first, NULL, 0), ECHILD);
}

CASE(by_process_group)
{
    pid_t other = process_fork();
    if (other == 0) {
        setpgid(0, 0);
        _exit(8);
    }
    setpgid(other, other);
    pid_t same = child_exiting(9);
    int status;
    CHECK_EQ(waitpid(0, &status, 0), same);
    CHECK_EQ(status, 9 << 8);
    CHECK_ERR(waitpid(0, &status, 0), ECHILD);
    CHECK_EQ(waitpid(-other, &status, 0), other);
    CHECK_EQ(status, 8 << 8);
    CHECK_ERR(waitpid(-other, &status, WNOHANG), ECHILD);
}

CASE(waitid_fills_siginfo)
{
    siginfo_t info;
    pid_t child = child_exiting(19);
    CHECK_EQ(waitid(P_PID, child, &info, WEXITED), 0);
    CHECK_EQ(info.si_signo, SIGCHLD);
    CHECK_EQ(info.si_code, CLD_EXITED);
    CHECK_EQ(info.si_status, 19);
    CHECK_EQ(info.si_pid, child);
    CHECK_EQ(info.si_uid, getuid());
    CHECK_EQ(info.si_errno, 0);
    child = child_pausing();
    CHECK_OK(kill(child, SIGTERM));
    CHECK_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
    CHECK(info.si_code == CLD_KILLED && info.si_status == SIGTERM && info.si_pid == child);
}

CASE(waitid_process_groups)
{
    siginfo_t info;
    pid_t child = child_exiting(1);
    CHECK_EQ(waitid(P_PGID, getpgrp(), &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, child);
    child = child_exiting(2);
    CHECK_EQ(waitid(P_PGID, 0, &info, WEXITED), 0);
    CHECK_EQ(info.si_pid, child);
}

CASE(waitid_by_pidfd)
{
    siginfo_t info;
    pid_t child = child_exiting(6);
    int fd = syscall(SYS_pidfd_open, child, 0);
    if (fd == -1) {
        CHECK_EQ(errno, ENOSYS);
        process_exits(child, 6);
        CHECK_ERR(waitid(3, 0, &info, WEXITED), EINVAL);
        return;
    }
    CHECK_EQ(waitid(3, fd, &info, WEXITED), 0);
    CHECK(info.si_pid == child && info.si_status == 6);
    CHECK_ERR(waitid(3, 0, &info, WEXITED), EBADF);
}

CASE(nowait_leaves_the_child)
{
    siginfo_t info;
    pid_t child = child_exiting(5);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
        CHECK(info.si_pid == child && info.si_status == 5);
    }
    CHECK_EQ(kill(child, 0), 0); /* a zombie can be signalled */
    process_exits(child, 5);
    CHECK_ERR(kill(child, 0), ESRCH);
}

CASE(stopped_and_continued)
{
    int status;
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK_EQ(status, SIGSTOP << 8 | 0x7f);
    CHECK_EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0); /* reported once */
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK(WIFCONTINUED(status) && status == 0xffff);
    CHECK_EQ(waitpid(child, &status, WCONTINUED | WUNTRACED | WNOHANG), 0);
    process_kill(child);
}

CASE(stop_is_not_reported_unasked)
{
    int status;
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGSTOP));
    process_await(child, 0, "T");
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);
    CHECK_OK(kill(child, SIGCONT));
    process_await(child, 0, "S");
    CHECK_EQ(waitpid(child, &status, WNOHANG | WUNTRACED), 0); /* the stop is past */
    process_kill(child);
}

CASE(waitid_stop_continue_siginfo)
{
    siginfo_t info;
    pid_t child = child_pausing();
    CHECK_OK(setpgid(child, child)); /* SIGTSTP does not stop an orphaned group */
    CHECK_OK(kill(child, SIGTSTP));
    CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), 0);
    CHECK(info.si_code == CLD_STOPPED && info.si_status == SIGTSTP && info.si_pid == child);
    CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED), 0);
    memset(&info, 0, sizeof(info));
    CHECK_EQ(waitid(P_PID, child, &info, WSTOPPED | WNOHANG), 0);
    CHECK_EQ(info.si_pid, 0);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitid(P_PID, child, &info, WCONTINUED), 0);
    CHECK(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
    process_kill(child);
}

CASE(stopped_child_can_be_killed)
{
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGSTOP));
    process_await(child, 0, "T");
    process_kill(child);
}

CASE(interrupted_by_a_handler)
{
    signal_counting(SIGUSR1, 0);
    pid_t self = getpid(), child = child_pausing(), killer = process_fork();
    if (killer == 0) {
        process_await(self, 0, "S");
        CHECK_OK(kill(self, SIGUSR1));
        _exit(0);
    }
    CHECK_ERR(waitpid(child, NULL, 0), EINTR);
    CHECK_EQ(signal_count[SIGUSR1], 1);
    process_exits(killer, 0);
    process_kill(child);
}

CASE(restarted_after_a_handler)
{
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t self = getpid(), killer = process_fork();
    if (killer == 0) {
        process_await(self, 0, "S");
        CHECK_OK(kill(self, SIGUSR1));
        sleep_ms(20);
        _exit(11);
    }
    int status;
    CHECK_EQ(waitpid(killer, &status, 0), killer);
    CHECK_EQ(status, 11 << 8);
    CHECK_EQ(signal_count[SIGUSR1], 1);
}

CASE(ignored_sigchld_reaps_by_itself)
{
    signal(SIGCHLD, SIG_IGN);
    pid_t child = child_exiting(1);
    int status = 55;
    CHECK_ERR(waitpid(child, &status, 0), ECHILD); /* waits until it is gone, then says so */
    CHECK_EQ(status, 55);
    CHECK_ERR(kill(child, 0), ESRCH);
    child_exiting(2);
    child_exiting(3);
    CHECK_ERR(wait(NULL), ECHILD);
}

CASE(nocldwait_reaps_by_itself)
{
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    CHECK_OK(sigaction(SIGCHLD, &action, NULL));
    child_exiting(1);
    CHECK_ERR(wait(NULL), ECHILD);
}

CASE(nocldwait_with_handler_still_signals)
{
    signal_counting(SIGCHLD, SA_NOCLDWAIT | SA_RESTART);
    child_exiting(1);
    CHECK_ERR(wait(NULL), ECHILD);
    CHECK_EQ(signal_count[SIGCHLD], 1);
}

/* A child that died before SIGCHLD was ignored stays to be waited for. */
CASE(zombie_made_before_ignoring)
{
    siginfo_t info;
    pid_t child = child_exiting(7);
    CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
    signal(SIGCHLD, SIG_IGN);
    process_exits(child, 7);
}

CASE(nocldstop_silences_stops)
{
    int status;
    signal_counting(SIGCHLD, SA_NOCLDSTOP | SA_RESTART);
    pid_t child = child_pausing();
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    sleep_ms(50); /* what the child says when it runs again must still meet the old action */
    CHECK_EQ(signal_count[SIGCHLD], 0);
    signal_counting(SIGCHLD, SA_RESTART);
    CHECK_OK(kill(child, SIGSTOP));
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK_EQ(signal_count[SIGCHLD], 1);
    CHECK_OK(kill(child, SIGCONT));
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    for (int i = 0; i < 1000 && signal_count[SIGCHLD] < 2; i++)
        sleep_ms(1); /* sent by the child when it runs again */
    CHECK_EQ(signal_count[SIGCHLD], 2);
    process_kill(child);
}

static volatile siginfo_t child_info;

static void child_handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    memcpy((void *)&child_info, info, sizeof(*info));
}

CASE(sigchld_carries_siginfo)
{
    struct sigaction action = {.sa_sigaction = child_handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    CHECK_OK(sigaction(SIGCHLD, &action, NULL));
    pid_t child = child_exiting(23);
    process_exits(child, 23);
    CHECK_EQ(child_info.si_code, CLD_EXITED);
    CHECK_EQ(child_info.si_pid, child);
    CHECK_EQ(child_info.si_status, 23);
    CHECK_EQ(child_info.si_uid, getuid());
    child = child_pausing();
    process_kill(child);
    CHECK_EQ(child_info.si_code, CLD_KILLED);
    CHECK_EQ(child_info.si_status, SIGKILL);
}

CASE(usage_of_children_is_collected)
{
    struct rusage usage, total;
    pid_t child = process_fork();
    if (child == 0) {
        volatile unsigned sum = 0;
        do {
            for (unsigned i = 0; i < 1000000; i++)
                sum += i;
            getrusage(RUSAGE_SELF, &usage);
        } while (usage.ru_utime.tv_sec == 0 && usage.ru_utime.tv_usec < 50000);
        _exit(0);
    }
    CHECK_EQ(wait4(child, NULL, 0, &usage), child);
    CHECK(usage.ru_utime.tv_sec > 0 || usage.ru_utime.tv_usec >= 50000);
    CHECK(usage.ru_maxrss > 0 && usage.ru_minflt > 0);
    CHECK_OK(getrusage(RUSAGE_CHILDREN, &total));
    CHECK_EQ(total.ru_utime.tv_usec, usage.ru_utime.tv_usec);
}

CASE(raw_waitid_gives_usage)
{
    siginfo_t info;
    struct rusage usage;
    memset(&usage, 0xff, sizeof(usage));
    pid_t child = child_exiting(0);
    CHECK_OK(syscall(SYS_waitid, P_PID, child, &info, WEXITED, &usage));
    CHECK(usage.ru_minflt > 0 && usage.ru_utime.tv_sec == 0);
}

CASE(null_and_bad_pointers)
{
    CHECK_EQ(syscall(SYS_wait4, child_exiting(1), NULL, 0, NULL) > 0, 1);
    CHECK_OK(syscall(SYS_waitid, P_PID, child_exiting(1), NULL, WEXITED, NULL));
    pid_t child = child_exiting(1);
    CHECK_ERR(syscall(SYS_wait4, child, (void *)8, 0, NULL), EFAULT);
    CHECK_ERR(waitpid(child, NULL, 0), ECHILD); /* it was reaped all the same */
}

static void *waiting_thread(void *argument)
{
    process_exits(*(pid_t *)argument, 31);
    return NULL;
}

CASE(any_thread_may_wait)
{
    pthread_t thread;
    pid_t child = child_exiting(31);
    CHECK_EQ(pthread_create(&thread, NULL, waiting_thread, &child), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_ERR(wait(NULL), ECHILD);
}

static void *thread_forking(void *argument)
{
    *(pid_t *)argument = child_exiting(12);
    return NULL;
}

CASE(nothread_waits_for_own_children_only)
{
    pthread_t thread;
    pid_t child;
    CHECK_EQ(pthread_create(&thread, NULL, thread_forking, &child), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    /* The forking thread is gone: its child belongs to the process now. */
    int status;
    CHECK_EQ(waitpid(child, &status, __WALL), child);
    CHECK_EQ(status, 12 << 8);
}

CASE(zombie_of_leader_waits_for_threads)
{
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        pthread_t thread;
        pid_t *target = shared_alloc(PAGE);
        CHECK_EQ(pthread_create(&thread, NULL, thread_forking, target), 0);
        syscall(SYS_exit, 0); /* the leader alone ends */
    }
    process_exits(child, 0);
}

CASE(dead_child_is_a_zombie_until_reaped)
{
    pid_t child = child_exiting(0);
    process_await(child, 0, "Z");
    CHECK_EQ(getpgid(child), getpgrp());
    process_exits(child, 0);
}
