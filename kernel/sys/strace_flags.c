/*
 * Tables of names for --strace, from the constants of the exported headers.
 */
#include "sys/strace_flags.h"

#include "lib/container.h"
#include "lib/format.h"
#include "lib/string.h"
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/time.h>

enum {
    EXIT_SIGNAL_MASK = 0xff,
    REALTIME_FIRST = 32,
    CORE_DUMPED = 0x80,
    STOPPED = 0x7f,
    SIGNAL_LAST = 64
};

struct flag_name {
    uint64_t value;
    const char *name;
};

#define NAME(constant)        \
    {                         \
        (constant), #constant \
    }

/* Those that contain others come first. */
static const struct flag_name open_flags[] = {
    NAME(O_CREAT),     NAME(O_EXCL),       NAME(O_NOCTTY),  NAME(O_TRUNC),  NAME(O_APPEND),
    NAME(O_NONBLOCK),  NAME(O_SYNC),       NAME(O_DSYNC),   NAME(O_DIRECT), NAME(O_LARGEFILE),
    NAME(O_NOFOLLOW),  NAME(O_NOATIME),    NAME(O_CLOEXEC), NAME(O_PATH),   NAME(O_TMPFILE),
    NAME(O_DIRECTORY), {FASYNC, "FASYNC"}, {0, NULL},
};

static const struct flag_name at_flags[] = {
    NAME(AT_SYMLINK_NOFOLLOW),
    {AT_REMOVEDIR, "AT_REMOVEDIR"},
    NAME(AT_SYMLINK_FOLLOW),
    NAME(AT_NO_AUTOMOUNT),
    NAME(AT_EMPTY_PATH),
    NAME(AT_STATX_FORCE_SYNC),
    NAME(AT_STATX_DONT_SYNC),
    NAME(AT_RECURSIVE),
    {0, NULL},
};

static const struct flag_name protections[] = {
    NAME(PROT_READ),      NAME(PROT_WRITE),   NAME(PROT_EXEC),
    NAME(PROT_GROWSDOWN), NAME(PROT_GROWSUP), {0, NULL},
};

static const struct flag_name map_flags[] = {
    NAME(MAP_FIXED),      NAME(MAP_ANONYMOUS),       NAME(MAP_GROWSDOWN), NAME(MAP_DENYWRITE),
    NAME(MAP_EXECUTABLE), NAME(MAP_LOCKED),          NAME(MAP_NORESERVE), NAME(MAP_POPULATE),
    NAME(MAP_NONBLOCK),   NAME(MAP_STACK),           NAME(MAP_HUGETLB),   NAME(MAP_SYNC),
    NAME(MAP_32BIT),      NAME(MAP_FIXED_NOREPLACE), {0, NULL},
};

static const struct flag_name clone_flags[] = {
    NAME(CLONE_VM),
    NAME(CLONE_FS),
    NAME(CLONE_FILES),
    NAME(CLONE_SIGHAND),
    NAME(CLONE_PIDFD),
    NAME(CLONE_PTRACE),
    NAME(CLONE_VFORK),
    NAME(CLONE_PARENT),
    NAME(CLONE_THREAD),
    NAME(CLONE_NEWNS),
    NAME(CLONE_SYSVSEM),
    NAME(CLONE_SETTLS),
    NAME(CLONE_PARENT_SETTID),
    NAME(CLONE_CHILD_CLEARTID),
    NAME(CLONE_DETACHED),
    NAME(CLONE_UNTRACED),
    NAME(CLONE_CHILD_SETTID),
    NAME(CLONE_NEWCGROUP),
    NAME(CLONE_NEWUTS),
    NAME(CLONE_NEWIPC),
    NAME(CLONE_NEWUSER),
    NAME(CLONE_NEWPID),
    NAME(CLONE_NEWNET),
    NAME(CLONE_IO),
    {0, NULL},
};

static const char *const clocks[] = {
    [CLOCK_REALTIME] = "CLOCK_REALTIME",
    [CLOCK_MONOTONIC] = "CLOCK_MONOTONIC",
    [CLOCK_PROCESS_CPUTIME_ID] = "CLOCK_PROCESS_CPUTIME_ID",
    [CLOCK_THREAD_CPUTIME_ID] = "CLOCK_THREAD_CPUTIME_ID",
    [CLOCK_MONOTONIC_RAW] = "CLOCK_MONOTONIC_RAW",
    [CLOCK_REALTIME_COARSE] = "CLOCK_REALTIME_COARSE",
    [CLOCK_MONOTONIC_COARSE] = "CLOCK_MONOTONIC_COARSE",
    [CLOCK_BOOTTIME] = "CLOCK_BOOTTIME",
};

static const char *const signals[REALTIME_FIRST] = {
    [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
    [SIGILL] = "SIGILL",       [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
    [SIGBUS] = "SIGBUS",       [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
    [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
    [SIGSTKFLT] = "SIGSTKFLT", [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",
    [SIGSTOP] = "SIGSTOP",     [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
    [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
    [SIGWINCH] = "SIGWINCH",   [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",
    [SIGSYS] = "SIGSYS",
};

static void add(char *buffer, size_t size, const char *text)
{
    size_t used = strlen(buffer);

    strlcpy(buffer + used, text, size - used);
}

static void add_flag(char *buffer, size_t size, const char *text)
{
    if (*buffer)
        add(buffer, size, "|");
    add(buffer, size, text);
}

/* Appends the names of the bits, and what has none in hexadecimal. */
static void add_flags(char *buffer, size_t size, const struct flag_name *names, uint64_t value)
{
    char rest[24];

    for (; names->name; names++) {
        if ((value & names->value) == names->value) {
            add_flag(buffer, size, names->name);
            value &= ~names->value;
        }
    }
    if (value) {
        format_text(rest, sizeof(rest), "0x%llx", (unsigned long long)value);
        add_flag(buffer, size, rest);
    }
}

static void open_name(uint64_t value, bool with_access, char *buffer, size_t size)
{
    static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};

    if (with_access) {
        add(buffer, size, access[value & O_ACCMODE]);
        value &= ~(uint64_t)O_ACCMODE;
    }
    add_flags(buffer, size, open_flags, value);
}

static void map_name(uint64_t value, char *buffer, size_t size)
{
    static const char *const types[] = {NULL, "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE"};
    uint64_t type = value & MAP_TYPE;

    if (type && type < array_size(types)) {
        add(buffer, size, types[type]);
        value &= ~(uint64_t)MAP_TYPE;
    }
    add_flags(buffer, size, map_flags, value);
}

static void clone_name(uint64_t value, char *buffer, size_t size)
{
    char name[24];

    add_flags(buffer, size, clone_flags, value & ~(uint64_t)EXIT_SIGNAL_MASK);
    if (!(value & EXIT_SIGNAL_MASK))
        return;
    strace_signal_name((int)(value & EXIT_SIGNAL_MASK), name, sizeof(name));
    add_flag(buffer, size, name);
}

void strace_signal_name(int number, char *buffer, size_t size)
{
    if (number > 0 && number < REALTIME_FIRST && signals[number])
        strlcpy(buffer, signals[number], size);
    else if (number >= REALTIME_FIRST && number <= SIGNAL_LAST)
        format_text(buffer, size, number == REALTIME_FIRST ? "SIGRTMIN" : "SIGRT_%d",
                    number - REALTIME_FIRST);
    else
        format_text(buffer, size, "%d", number);
}

void strace_status_name(int32_t status, char *buffer, size_t size)
{
    int number = status & STOPPED;
    char name[24];

    if (number == STOPPED) {
        strace_signal_name(status >> 8 & EXIT_SIGNAL_MASK, name, sizeof(name));
        format_text(buffer, size, "{WIFSTOPPED(s) && WSTOPSIG(s) == %s}", name);
    } else if (number) {
        strace_signal_name(number, name, sizeof(name));
        format_text(buffer, size, "{WIFSIGNALED(s) && WTERMSIG(s) == %s%s}", name,
                    status & CORE_DUMPED ? " && WCOREDUMP(s)" : "");
    } else {
        format_text(buffer, size, "{WIFEXITED(s) && WEXITSTATUS(s) == %d}", status >> 8);
    }
}

static bool set_name(enum argument_type type, uint64_t value, char *buffer, size_t size)
{
    if (type == ARGUMENT_AT_FLAGS)
        add_flags(buffer, size, at_flags, value);
    else if (type == ARGUMENT_PROT)
        add_flags(buffer, size, protections, value);
    else if (type == ARGUMENT_MAP_FLAGS)
        map_name(value, buffer, size);
    else if (type == ARGUMENT_CLONE_FLAGS)
        clone_name(value, buffer, size);
    else
        return false;
    if (!*buffer)
        add(buffer, size, type == ARGUMENT_PROT ? "PROT_NONE" : "0");
    return true;
}

bool strace_flags_name(enum argument_type type, uint64_t value, bool with_access, char *buffer,
                       size_t size)
{
    *buffer = '\0';
    if (type == ARGUMENT_OPEN_FLAGS) {
        open_name((uint32_t)value, with_access, buffer, size);
        if (!*buffer)
            add(buffer, size, "0");
        return true;
    }
    if (type == ARGUMENT_DIRFD && (int32_t)value == AT_FDCWD) {
        add(buffer, size, "AT_FDCWD");
        return true;
    }
    if (type == ARGUMENT_SIGNAL) {
        strace_signal_name((int32_t)value, buffer, size);
        return true;
    }
    if (type == ARGUMENT_MODE) {
        format_text(buffer, size, "%#03o", (uint32_t)value);
        return true;
    }
    if (type == ARGUMENT_CLOCK && value < array_size(clocks) && clocks[value]) {
        add(buffer, size, clocks[value]);
        return true;
    }
    return set_name(type, value, buffer, size);
}
