/* Signals: handlers, masks, delivery order, interrupted calls, errors. */
#include "harness.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int order[64], order_used;
static volatile siginfo_t last_info;

static void note_order(int signal, siginfo_t *info, void *context)
{
    (void)context;
    order[order_used++] = signal;
    memcpy((void *)&last_info, info, sizeof(*info));
}

static void handler_set(int signal, int flags)
{
    struct sigaction action = {.sa_sigaction = note_order, .sa_flags = SA_SIGINFO | flags};
    CHECK_OK(sigaction(signal, &action, NULL));
}

static void mask_change(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    CHECK_OK(sigprocmask(how, &set, NULL));
}

CASE(handler_runs_at_once)
{
    handler_set(SIGUSR1, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(order_used, 1);
    CHECK_EQ(last_info.si_signo, SIGUSR1);
    CHECK_EQ(last_info.si_code, SI_USER);
    CHECK_EQ(last_info.si_pid, getpid());
    CHECK_EQ(last_info.si_uid, getuid());
}

CASE(tgkill_has_its_own_code)
{
    handler_set(SIGUSR1, 0);
    CHECK_OK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
    CHECK_EQ(last_info.si_code, SI_TKILL);
    CHECK_OK(syscall(SYS_tkill, getpid(), SIGUSR1));
    CHECK_EQ(order_used, 2);
}

CASE(errors_of_sigaction)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    CHECK_ERR(sigaction(0, &action, NULL), EINVAL);
    CHECK_ERR(sigaction(65, &action, NULL), EINVAL);
    CHECK_ERR(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERR(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_OK(sigaction(SIGKILL, NULL, &action));
    CHECK(action.sa_handler == SIG_DFL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)8, NULL, 8), EFAULT);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, 55, &(long){0}, NULL, 8), EINVAL);
    CHECK_ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 4), EINVAL);
}

CASE(action_is_read_back)
{
    struct sigaction action = {.sa_sigaction = note_order, .sa_flags = SA_SIGINFO | SA_RESTART},
                     old;
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_sigaction == note_order);
    CHECK_EQ(old.sa_flags & (SA_SIGINFO | SA_RESTART | SA_NODEFER), SA_SIGINFO | SA_RESTART);
    CHECK(sigismember(&old.sa_mask, SIGUSR2) == 1 && sigismember(&old.sa_mask, SIGUSR1) == 0);
}

CASE(kill_and_stop_cannot_be_masked)
{
    sigset_t set;
    sigfillset(&set);
    CHECK_OK(sigprocmask(SIG_SETMASK, &set, NULL));
    CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &set));
    CHECK(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP));
    CHECK(sigismember(&set, SIGTERM));
}

CASE(errors_of_kill)
{
    pid_t child = process_fork();
    if (child == 0)
        _exit(0);
    process_exits(child, 0);
    CHECK_ERR(kill(child, 0), ESRCH);
    CHECK_ERR(kill(child, SIGTERM), ESRCH);
    CHECK_ERR(kill(getpid(), 65), EINVAL);
    CHECK_ERR(kill(getpid(), -1), EINVAL);
    CHECK_ERR(kill(-child, 0), ESRCH);
    CHECK_OK(kill(getpid(), 0));
    CHECK_ERR(syscall(SYS_tgkill, getpid(), 0, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, 0, getpid(), 0), EINVAL);
    CHECK_ERR(syscall(SYS_tgkill, getppid(), getpid(), 0), ESRCH);
    CHECK_ERR(syscall(SYS_tkill, -1, 0), EINVAL);
    CHECK_ERR(syscall(SYS_tkill, child, 0), ESRCH);
}

CASE(permission_of_kill)
{
    case_needs_root();
    struct gate gate;
    gate_init(&gate);
    pid_t root = getpid(), other = process_fork();
    if (other == 0) {
        CHECK_OK(setresuid(1111, 1111, 1111));
        gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    pid_t user = process_fork();
    if (user == 0) {
        CHECK_OK(setresuid(2222, 2222, 2222));
        CHECK_ERR(kill(root, 0), EPERM);
        CHECK_ERR(kill(other, SIGTERM), EPERM);
        CHECK_OK(kill(other, SIGCONT)); /* the same session */
        _exit(0);
    }
    process_exits(user, 0);
    process_kill(other);
}

CASE(sigcont_within_the_session_needs_no_permission)
{
    case_needs_root();
    pid_t root = getpid(), user = process_fork();
    if (user == 0) {
        CHECK_OK(setresuid(2222, 2222, 2222));
        CHECK_OK(kill(root, SIGCONT));
        CHECK_ERR(kill(root, SIGURG), EPERM);
        _exit(0);
    }
    process_exits(user, 0);
}

CASE(saved_user_may_signal)
{
    case_needs_root();
    struct gate gate;
    gate_init(&gate);
    pid_t target = process_fork();
    if (target == 0) {
        CHECK_OK(setresuid(1111, 3333, 2222)); /* saved id 2222 */
        gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    pid_t user = process_fork();
    if (user == 0) {
        CHECK_OK(setresuid(2222, 2222, 2222));
        CHECK_OK(kill(target, SIGTERM));
        _exit(0);
    }
    process_exits(user, 0);
    process_dies(target, SIGTERM);
}

CASE(masked_signal_waits)
{
    sigset_t pending;
    handler_set(SIGUSR1, 0);
    mask_change(SIG_BLOCK, SIGUSR1);
    for (int i = 0; i < 3; i++)
        CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(order_used, 0);
    CHECK_OK(sigpending(&pending));
    CHECK(sigismember(&pending, SIGUSR1));
    mask_change(SIG_UNBLOCK, SIGUSR1);
    CHECK_EQ(order_used, 1); /* a standard signal is not queued */
    CHECK_OK(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGUSR1));
}

CASE(ignored_signal_is_dropped_unless_masked)
{
    sigset_t pending;
    signal(SIGUSR1, SIG_IGN);
    CHECK_OK(raise(SIGUSR1));
    signal(SIGUSR1, SIG_DFL);
    CHECK_OK(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGUSR1));
    /* Masked, it stays pending although it is ignored; the change of action discards it. */
    signal(SIGUSR1, SIG_IGN);
    mask_change(SIG_BLOCK, SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    CHECK_OK(sigpending(&pending));
    CHECK(sigismember(&pending, SIGUSR1));
    mask_change(SIG_UNBLOCK, SIGUSR1);
    signal(SIGUSR1, SIG_DFL);
}

CASE(setting_ignore_discards_pending)
{
    sigset_t pending;
    handler_set(SIGUSR1, 0);
    mask_change(SIG_BLOCK, SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    signal(SIGUSR1, SIG_IGN);
    CHECK_OK(sigpending(&pending));
    CHECK(!sigismember(&pending, SIGUSR1));
}

CASE(default_ignored_signals)
{
    CHECK_OK(raise(SIGCHLD));
    CHECK_OK(raise(SIGURG));
    CHECK_OK(raise(SIGWINCH));
    CHECK_OK(raise(SIGCONT));
}

CASE(realtime_signals_queue_in_order)
{
    union sigval value;
    int low = SIGRTMIN + 1, high = SIGRTMIN + 2;
    handler_set(low, 0);
    handler_set(high, 0);
    mask_change(SIG_BLOCK, low);
    mask_change(SIG_BLOCK, high);
    for (int i = 0; i < 3; i++) {
        value.sival_int = i;
        CHECK_OK(sigqueue(getpid(), high, value));
        CHECK_OK(sigqueue(getpid(), low, value));
    }
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, low);
    sigaddset(&set, high);
    for (int i = 0; i < 6; i++) {
        CHECK_EQ(sigwaitinfo(&set, &info), i < 3 ? low : high); /* lowest number first */
        CHECK_EQ(info.si_value.sival_int, i % 3);
        CHECK_EQ(info.si_code, SI_QUEUE);
        CHECK_EQ(info.si_pid, getpid());
    }
    struct timespec zero = {0, 0};
    CHECK_ERR(sigtimedwait(&set, &info, &zero), EAGAIN);
}

CASE(queue_overflow)
{
    struct rlimit_pair {
        unsigned long now, most;
    } limit = {5, 5};
    union sigval value = {.sival_int = 1};
    CHECK_OK(syscall(SYS_prlimit64, 0, 11 /* RLIMIT_SIGPENDING */, &limit, NULL));
    mask_change(SIG_BLOCK, SIGRTMIN);
    int queued = 0;
    while (queued < 100 && sigqueue(getpid(), SIGRTMIN, value) == 0)
        queued++;
    CHECK_EQ(errno, EAGAIN);
    CHECK(queued <= 5);
    CHECK_OK(kill(getpid(), SIGRTMIN)); /* kill still gets through */
}

CASE(sigqueueinfo_cannot_forge)
{
    siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_USER};
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info), EPERM);
    info.si_code = 5; /* a kernel code */
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info), EPERM);
    CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)8), EFAULT);
}

CASE(handler_masks_itself)
{
    struct sigaction action = {.sa_sigaction = note_order, .sa_flags = SA_SIGINFO};
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1));
    sigset_t mask;
    CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    CHECK(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGUSR2));
}

static volatile int depth, deepest, calls;

static void nesting(int signal)
{
    depth++;
    if (depth > deepest)
        deepest = depth;
    if (++calls < 3)
        raise(signal);
    depth--;
}

CASE(nodefer_nests_otherwise_not)
{
    struct sigaction action = {.sa_handler = nesting, .sa_flags = SA_NODEFER};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(deepest, 3);
    deepest = calls = 0;
    action.sa_flags = 0;
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1)); /* the raise inside comes afterwards, at the same depth */
    CHECK_EQ(deepest, 1);
    CHECK_EQ(calls, 3);
}

CASE(resethand_is_one_shot)
{
    struct sigaction old;
    handler_set(SIGUSR1, SA_RESETHAND);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(order_used, 1);
    CHECK_OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
    pid_t child = process_fork();
    if (child == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    process_dies(child, SIGUSR1);
}

CASE(several_pending_lowest_first)
{
    handler_set(SIGUSR1, 0);
    handler_set(SIGHUP, 0);
    handler_set(SIGTERM, 0);
    sigset_t set, old;
    sigfillset(&set);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, &old));
    CHECK_OK(raise(SIGTERM));
    CHECK_OK(raise(SIGUSR1));
    CHECK_OK(raise(SIGHUP));
    CHECK_OK(sigprocmask(SIG_SETMASK, &old, NULL));
    CHECK_EQ(order_used, 3);
    /* Frames are pushed lowest number first, so the highest number's handler runs first. */
    CHECK(order[0] == SIGTERM && order[1] == SIGUSR1 && order[2] == SIGHUP);
}

CASE(sigsuspend_swaps_the_mask)
{
    sigset_t empty, mask;
    handler_set(SIGUSR1, 0);
    mask_change(SIG_BLOCK, SIGUSR1);
    CHECK_OK(raise(SIGUSR1));
    sigemptyset(&empty);
    CHECK_ERR(sigsuspend(&empty), EINTR);
    CHECK_EQ(order_used, 1);
    CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    CHECK(sigismember(&mask, SIGUSR1));
}

CASE(sigtimedwait_times_out_and_takes)
{
    sigset_t set;
    siginfo_t info;
    struct timespec limit = {0, 20000000};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    CHECK_ERR(sigtimedwait(&set, &info, &limit), EAGAIN);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(sigtimedwait(&set, &info, &limit), SIGUSR1);
    CHECK(info.si_code == SI_USER && info.si_pid == getpid());
    limit.tv_nsec = 2000000000;
    CHECK_ERR(sigtimedwait(&set, &info, &limit), EINVAL);
    handler_set(SIGUSR2, SA_RESTART);
    pid_t self = getpid(), child = process_fork();
    if (child == 0) {
        process_await(self, 0, "S");
        CHECK_OK(kill(self, SIGUSR2));
        _exit(0);
    }
    /* a signal outside the set interrupts, even with SA_RESTART */
    CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8), EINTR);
    process_exits(child, 0);
}

CASE(kill_group_and_everyone)
{
    struct gate gate;
    gate_init(&gate);
    pid_t leader = process_fork();
    if (leader == 0) {
        setpgid(0, 0);
        pid_t member = process_fork();
        if (member != 0)
            gate_open(&gate);
        for (;;)
            pause();
    }
    gate_wait(&gate);
    CHECK_OK(kill(-leader, SIGTERM));
    process_dies(leader, SIGTERM);
}
