/*
 * Runs the cases one after the other, each in a process tree of its own.
 *
 * The runner is the subreaper of all that a case starts: orphans come to it, and after the case
 * every child that is left is killed and reaped, so that the next case and the leak ledger start
 * from a clean slate. A case whose ledger differs is run once more: what was a cache filled for the
 * first time is then quiet, and what leaks leaks again.
 *
 *     runner [--list] [--only PATTERN] [--repeat N] [--timeout SECONDS]
 */
#include "harness.h"
#include "ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct runner_options {
    bool list;
    const char *only;
    int repeat;
    int timeout;
};

struct runner_totals {
    int passed;
    int failed;
    int skipped;
};

static void case_name(const struct abi_case *test, char *name, size_t size)
{
    const char *base = strrchr(test->file, '/');
    base = base ? base + 1 : test->file;
    snprintf(name, size, "%.*s.%s", (int)strcspn(base, "."), base, test->name);
}

static bool case_selected(const char *name, const char *only)
{
    return !only || fnmatch(only, name, 0) == 0 || strstr(name, only) != NULL;
}

/* Default actions for all. The kernel's call: the library hides its own signals, which a caller's
 * posix_spawn leaves ignored. */
static void signals_reset(void)
{
    static const long defaults[8];
    for (int signal = 1; signal < 65; signal++)
        syscall(SYS_rt_sigaction, signal, defaults, NULL, 8);
}

/* In the case's process: the state that every case may rely on. */
static _Noreturn void case_enter(const struct abi_case *test, const char *directory)
{
    sigset_t none;
    sigemptyset(&none);
    setsid();
    signals_reset();
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(022);
    CHECK_OK(chdir(directory));
    test->run();
    exit(0);
}

static int node_remove(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void directory_remove(const char *path)
{
    nftw(path, node_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Waits for the case's first process. Returns false when the time ran out. */
static bool case_await(pid_t pid, int seconds, int *status)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    long end = clock_ms() + seconds * 1000L;
    for (;;) {
        pid_t reaped = waitpid(-1, status, WNOHANG);
        if (reaped == pid)
            return true;
        if (reaped > 0)
            continue;
        if (clock_ms() > end)
            return false;
        struct timespec step = {0, 100 * 1000000};
        if (sigtimedwait(&child, NULL, &step) == -1 && errno == ENOSYS)
            sleep_ms(1);
    }
}

/* Kills the children of this process, found in /proc. */
static void children_kill(void)
{
    char path[300], text[512];
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc && (entry = readdir(proc))) {
        int pid = atoi(entry->d_name), parent = 0;
        snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
        int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        if (fd == -1)
            continue;
        ssize_t length = read(fd, text, sizeof(text) - 1);
        close(fd);
        text[length > 0 ? length : 0] = 0;
        char *end = strrchr(text, ')');
        if (end && sscanf(end + 2, "%*c %d", &parent) == 1 && parent == getpid())
            kill(pid, SIGKILL);
    }
    if (proc)
        closedir(proc);
}

/* Kills and reaps what the case left behind. */
static void case_clear(pid_t pid)
{
    int status;
    kill(-pid, SIGKILL);
    kill(-pid, SIGCONT);
    for (int i = 0; i < 5000; i++) {
        pid_t reaped = waitpid(-1, &status, WNOHANG | __WALL);
        if (reaped == -1 && errno == ECHILD)
            return;
        if (reaped <= 0) {
            children_kill();
            sleep_ms(1);
        }
    }
}

static const char *signal_text(int status, char *text, size_t size)
{
    if (WIFSIGNALED(status))
        snprintf(text, size, "killed by signal %d", WTERMSIG(status));
    else
        snprintf(text, size, "exit status %d", WEXITSTATUS(status));
    return text;
}

/* Runs a case once. Returns whether it passed; the report then holds the reason. */
static bool case_run(const struct abi_case *test, int timeout)
{
    char directory[] = "/tmp/abi.XXXXXX", text[64];
    int status = 0;
    memset(case_report, 0, sizeof(*case_report));
    CHECK(mkdtemp(directory) != NULL);
    CHECK_OK(chmod(directory, 0755));
    pid_t pid = process_fork();
    if (pid == 0)
        case_enter(test, directory);
    bool finished = case_await(pid, timeout, &status);
    if (!finished)
        kill(pid, SIGKILL);
    case_clear(pid);
    directory_remove(directory);
    if (case_report->claimed)
        return case_report->skipped && finished && status == 0;
    if (finished && status == 0)
        return true;
    if (finished)
        snprintf(case_report->reason, sizeof(case_report->reason), "%s",
                 signal_text(status, text, sizeof(text)));
    else
        snprintf(case_report->reason, sizeof(case_report->reason), "time limit of %d s", timeout);
    return false;
}

/* Runs a case and looks at the ledger around it. */
static bool case_run_accounted(const struct abi_case *test, int timeout)
{
    static struct ledger before;
    for (int attempt = 0; attempt < 2; attempt++) {
        ledger_read(&before);
        if (!case_run(test, timeout))
            return false;
        if (!ledger_leaks(&before, case_report->reason, sizeof(case_report->reason)))
            return true;
    }
    return false;
}

static void case_account(const struct abi_case *test, const struct runner_options *options,
                         struct runner_totals *totals)
{
    char name[128];
    case_name(test, name, sizeof(name));
    if (!case_selected(name, options->only))
        return;
    if (options->list) {
        dprintf(1, "%s\n", name);
        return;
    }
    bool passed = case_run_accounted(test, options->timeout);
    if (!passed)
        dprintf(1, "not ok %s: %s\n", name, case_report->reason);
    else if (case_report->skipped)
        dprintf(1, "skip %s: %s\n", name, case_report->reason);
    else
        dprintf(1, "ok %s\n", name);
    totals->failed += !passed;
    totals->skipped += passed && case_report->skipped;
    totals->passed += passed && !case_report->skipped;
}

static void options_parse(struct runner_options *options, int argc, char **argv)
{
    static const struct option table[] = {{"list", no_argument, NULL, 'l'},
                                          {"only", required_argument, NULL, 'o'},
                                          {"repeat", required_argument, NULL, 'r'},
                                          {"timeout", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (letter == 'l')
            options->list = true;
        else if (letter == 'o')
            options->only = optarg;
        else if (letter == 'r')
            options->repeat = atoi(optarg);
        else if (letter == 't')
            options->timeout = atoi(optarg);
        else
            exit(2);
    }
}

/* The helper lies beside the runner: "helper", or "helper-musl" for the runner built with musl. */
static void helper_find(const char *self)
{
    char link[4000];
    ssize_t length = readlink("/proc/self/exe", link, sizeof(link) - 1);
    if (length > 0)
        link[length] = 0;
    else if (!realpath(self, link))
        return;
    char *base = strrchr(link, '/');
    const char *suffix = strchr(base, '-');
    snprintf(helper_path, sizeof(helper_path), "%.*s/helper%s", (int)(base - link), link,
             suffix ? suffix : "");
}

int main(int argc, char **argv)
{
    struct runner_options options = {.repeat = 1, .timeout = 120};
    struct runner_totals totals = {0};
    sigset_t child;
    options_parse(&options, argc, argv);
    for (int fd = 3; fd < 1024; fd++)
        close(fd); /* cases count their descriptors */
    mkdir("/tmp", 01777);
    runner_pid = getpid();
    case_report = shared_alloc(sizeof(*case_report));
    helper_find(argv[0]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (int round = 0; round < options.repeat; round++)
        for (const struct abi_case *test = __start_abi_cases; test < __stop_abi_cases; test++)
            case_account(test, &options, &totals);
    if (options.list)
        return 0;
    if (totals.skipped)
        dprintf(1, "%d skipped\n", totals.skipped);
    dprintf(1, "%d passed, %d failed\n", totals.passed, totals.failed);
    return totals.failed != 0;
}
