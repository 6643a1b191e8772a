/*
 * What no program should do: system calls with numbers and arguments from a random generator,
 * damaged executables, signal frames that were written over. Nothing is expected of the answers;
 * the kernel lives on, and what it gave is given back. Seeds are fixed, so that a failure comes
 * again.
 */
#include "harness.h"

#include <fcntl.h>
#include <linux/time_types.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    AREA = MIB,
    CALLS = 2500,
    PROCESSES = 16,
    CALL_LIMIT = 462,
    PROGRAM_MAX = MIB,
    PROGRAMS = 60,
    FRAMES = 60,
    HEADERS = 64 + 8 * 56,  /* bytes: of the file and of its segments */
    CALL_FUTEX_WAITV = 449, /* musl has no name for it yet */
};

/* A generator of its own, so that both libraries give the same numbers (Marsaglia, "Xorshift RNGs",
 * 2003). */
static uint64_t state;

static void seed(uint64_t value)
{
    state = value * 0x9e3779b97f4a7c15 + 1;
}

static uint64_t number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

static uint64_t below(uint64_t limit)
{
    return number() % limit;
}

static uint64_t odd_value(void)
{
    return below(2) ? number() : UINT64_C(1) << below(64);
}

/* --- system calls --------------------------------------------------------------------------- */

/* Calls that end or stop the process, reach beyond it or change the machine. */
static const short not_called[] = {
    SYS_exit,
    SYS_exit_group,
    SYS_pause,
    SYS_vfork,
    SYS_fork,
    SYS_clone,
    SYS_clone3,
    SYS_rt_sigreturn,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_send_signal,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_select,
    SYS_pselect6,
    SYS_poll,
    SYS_ppoll,
    SYS_epoll_wait,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_futex,
    CALL_FUTEX_WAITV,
    SYS_wait4,
    SYS_waitid,
    SYS_setrlimit,
    SYS_prlimit64,
    SYS_reboot,
    SYS_pivot_root,
    SYS_chroot,
    SYS_mount,
    SYS_umount2,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sched_setscheduler,
    SYS_sched_setattr,
    SYS_sched_setparam,
    SYS_sched_setaffinity,
    SYS_setpriority,
    SYS_vhangup,
    SYS_alarm,
    SYS_setitimer,
    SYS_timer_settime,
    SYS_timer_create,
    SYS_mlockall,
    SYS_syslog,
    SYS_acct,
    SYS_swapon,
    SYS_swapoff,
    SYS_sync,
    SYS_syncfs,
    SYS_ptrace,
    SYS_iopl,
    SYS_ioperm,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_unshare,
    SYS_setns,
    SYS_quotactl,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_prctl,
    SYS_seccomp,
    SYS_brk,
    SYS_close_range,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_pkey_mprotect,
    SYS_shmat,
    SYS_shmget,
    SYS_semget,
    SYS_msgget,
    SYS_mq_open,
    SYS_arch_prctl,
    SYS_setsid,
    SYS_setpgid,
    SYS_setuid,
    SYS_setgid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setgroups,
    SYS_capset,
    SYS_execve,
    SYS_execveat,
    SYS_process_madvise,
    SYS_remap_file_pages,
    SYS_landlock_restrict_self,
    SYS_io_uring_setup,
    SYS_fanotify_init,
    SYS_perf_event_open,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_sigaltstack,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_set_tid_address,
    SYS_personality,
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_flock,
    SYS_fcntl,
    SYS_shutdown,
    SYS_getitimer,
    SYS_chdir,
    SYS_fchdir,
    SYS_madvise,
    SYS_fallocate,
};

static bool may_call(uint64_t call)
{
    for (size_t i = 0; i < sizeof(not_called) / sizeof(not_called[0]); i++)
        if ((uint32_t)call == (uint32_t)not_called[i])
            return false;
    return true;
}

static uint64_t argument(char *area)
{
    static const char *const names[] = {".", "a", "b", "fifo", "link", "", "missing/x"};

    switch (below(14)) {
    case 0:
        return (uint64_t)names[below(sizeof(names) / sizeof(names[0]))];
    case 1:
        return number();
    case 2:
        return UINT64_C(0xffff800000000000) + below(UINT64_C(1) << 40);
    case 3:
        return UINT64_C(0x800000000000) - below(8192);
    case 4:
        return (uint64_t)area + below(AREA);
    case 5:
        return (uint64_t)area + below(AREA / PAGE) * PAGE;
    case 6:
        return (uint64_t)area + AREA - below(16);
    case 7:
        return UINT64_C(1) << below(64);
    case 8:
        return -below(200);
    case 9:
        return (uint64_t)AT_FDCWD;
    case 10:
        return PAGE * below(64);
    default:
        return below(64);
    }
}

static void random_calls(void)
{
    char *area =
        mmap(NULL, AREA + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(area != MAP_FAILED);
    CHECK_OK(munmap(area + AREA, PAGE));
    for (int i = 1; i < 64; i++)
        if (i != SIGKILL && i != SIGSTOP && i != SIGALRM && i != SIGSEGV && i != SIGBUS)
            signal(i, SIG_IGN);
    struct itimerval soon = {.it_value.tv_usec =
                                 500000}; /* for what waits for something that never comes */
    setitimer(ITIMER_REAL, &soon, NULL);
    for (int i = 0; i < 64; i++)
        ((uint64_t *)area)[below(AREA / 8)] = argument(area);
    for (int i = 0; i < CALLS; i++) {
        uint64_t call = below(64) ? below(CALL_LIMIT) : number();
        if (may_call(call))
            syscall((long)call, argument(area), argument(area), argument(area), argument(area),
                    argument(area), argument(area));
    }
}

/* A place of its own without anything of worth, as somebody without rights. */
static void become_nobody(void)
{
    struct rlimit files = {256, 256}, bytes = {16 * MIB, 16 * MIB};

    CHECK_OK(mkfifo("fifo", 0666));
    CHECK_OK(symlink("a", "link"));
    CHECK_OK(chmod(".", 0777));
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &files));
    CHECK_OK(setrlimit(RLIMIT_FSIZE, &bytes));
    for (int fd = 0; fd < 3; fd++)
        CHECK_OK(dup2(open("/dev/null", O_RDWR), fd));
    if (getuid() == 0) {
        CHECK_OK(setgid(65534));
        CHECK_OK(setuid(65534));
    }
}

CASE(random_system_calls)
{
    for (int i = 0; i < PROCESSES; i++) {
        char name[16] = {'d', (char)('a' + i)};
        CHECK_OK(mkdir(name, 0777));
        pid_t child = process_fork();
        if (child == 0) {
            CHECK_OK(chdir(name));
            become_nobody();
            seed((uint64_t)i);
            random_calls();
            _exit(0);
        }
        int status = process_wait(child);
        CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != CASE_FAILED);
    }
}

/* --- programs --------------------------------------------------------------------------------- */

static void damage(char *program, size_t size)
{
    for (uint64_t left = 1 + below(6); left; left--) {
        size_t at = below(4) ? below(HEADERS) : below(size - 8);
        uint64_t value = odd_value();
        memcpy(program + at / 8 * 8, &value, below(2) ? 8 : 1);
    }
}

static void run_damaged(const char *program, size_t size)
{
    struct rlimit memory = {GIB, GIB};
    int fd = CHECK_OK(open("damaged", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0755));

    CHECK_EQ(write(fd, program, size), (long)size);
    CHECK_OK(close(fd));
    pid_t child = process_fork();
    if (child == 0) {
        char *arguments[] = {"damaged", NULL}, *environment[] = {NULL};
        struct itimerval soon = {.it_value.tv_usec = 50000};
        setrlimit(RLIMIT_AS, &memory);
        setitimer(ITIMER_REAL, &soon, NULL); /* it may run, and for ever */
        for (int fd = 0; fd < 3; fd++)
            CHECK_OK(dup2(open("/dev/null", O_RDWR | O_CLOEXEC), fd));
        execve("damaged", arguments, environment);
        _exit(errno == ENOEXEC || errno == ENOMEM || errno == EACCES || errno == ENOENT ||
                      errno == EIO || errno == ELIBBAD || errno == EINVAL
                  ? 0
                  : CASE_FAILED);
    }
    process_wait(child);
}

CASE(damaged_programs)
{
    static char whole[PROGRAM_MAX], program[PROGRAM_MAX];
    int fd = CHECK_OK(open(helper_path, O_RDONLY | O_CLOEXEC));
    size_t size = (size_t)CHECK_OK(read(fd, whole, sizeof(whole)));

    CHECK_OK(close(fd));
    seed(1);
    for (int i = 0; i < PROGRAMS; i++) {
        memcpy(program, whole, size);
        damage(program, size);
        run_damaged(program, below(8) ? size : below(size));
    }
}

/* A segment that cannot be mapped is found out when the old program is gone. */
CASE(segment_beyond_user_memory)
{
    static char program[PROGRAM_MAX];
    int fd = CHECK_OK(open(helper_path, O_RDONLY | O_CLOEXEC));
    size_t size = (size_t)CHECK_OK(read(fd, program, sizeof(program)));
    uint64_t address = UINT64_C(0xffffffff80000000), headers;

    memcpy(&headers, program + 32, 8);
    for (int i = 0; i < 4; i++)
        memcpy(program + headers + 56 * i + 16, &address, 8);
    int out = CHECK_OK(open("damaged", O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
    CHECK_EQ(write(out, program, size), (long)size);
    CHECK_OK(close(out));
    pid_t child = process_fork();
    if (child == 0) {
        char *arguments[] = {"damaged", NULL};
        execv("damaged", arguments);
        _exit(CASE_FAILED);
    }
    process_dies(child, SIGSEGV);
}

/* --- signal frames -------------------------------------------------------------------------- */

static void overwrite(int signal, siginfo_t *info, void *argument)
{
    ucontext_t *context = argument;

    (void)signal, (void)info;
    for (uint64_t left = 1 + below(4); left; left--)
        context->uc_mcontext.gregs[below(NGREG)] = (greg_t)odd_value();
    if (below(3) == 0 && context->uc_mcontext.fpregs)
        for (int i = 0; i < 8; i++)
            ((uint64_t *)context->uc_mcontext.fpregs)[below(64)] = number();
    if (below(8) == 0)
        context->uc_mcontext.fpregs = (void *)number();
    context->uc_flags = number();
}

CASE(damaged_signal_frames)
{
    for (int i = 0; i < FRAMES; i++) {
        pid_t child = process_fork();
        if (child == 0) {
            static char memory[64 * 1024];
            stack_t stack = {.ss_sp = memory, .ss_size = sizeof(memory)};
            struct sigaction action = {.sa_sigaction = overwrite,
                                       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
            struct itimerval soon = {.it_value.tv_usec = 20000};
            struct rlimit limit = {1, 1};
            seed((uint64_t)i);
            setrlimit(RLIMIT_CPU, &limit);
            setitimer(ITIMER_REAL, &soon, NULL);
            sigaltstack(&stack, NULL);
            sigaction(SIGUSR1, &action, NULL);
            if (i % 2)
                sigaction(SIGSEGV, &action, NULL);
            for (int k = 0; k < 3; k++)
                raise(SIGUSR1);
            _exit(0);
        }
        process_wait(child);
    }
}

/* --- values --------------------------------------------------------------------------------- */

CASE(file_times_beyond_all_clocks)
{
    static const int64_t seconds[] = {INT64_MAX, INT64_MIN, INT64_MAX / 1000000000 + 1,
                                      -(INT64_C(1) << 40)};
    struct stat stat;

    CHECK_OK(close(CHECK_OK(open("file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600))));
    for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
        struct timespec times[2] = {{seconds[i], 999999999}, {seconds[i], 0}};
        CHECK_OK(utimensat(AT_FDCWD, "file", times, 0));
        CHECK_OK(lstat("file", &stat));
        CHECK((stat.st_mtim.tv_sec < 0) == (seconds[i] < 0) || stat.st_mtim.tv_sec == 0);
    }
}
