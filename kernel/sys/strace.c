/*
 * System calls as text. A line is begun at entry, from the arguments as they are then (the call may
 * change memory, and execve gives all of it up), up to the first argument that the call fills in;
 * the rest follows when it returns.
 *
 * Only what descends from a program is shown: process 1 and what it does between fork and exec are
 * not.
 */
#include "sys/strace.h"

#include "arch/trap.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "proc/process.h"
#include "proc/process_trace.h"
#include "proc/signal.h"
#include "sys/strace_flags.h"
#include "sys/strace_ring.h"
#include "sys/table.h"
#include "trace/errno_name.h"
#include <asm/fcntl.h>

enum {
    LINE_SIZE = 1024,
    TEXT_SHOWN = 32, /* bytes of a string or buffer, as strace -s 32 */
    WORDS_SHOWN = 32,
    RESULT_COLUMN = 40,
    ERROR_MAX = 4095,
    ERROR_INSIDE = 512, /* from here on programs never see them */
    NAME_SIZE = 400,
};

bool strace_on;

/* A line in the making: o. */
struct trace_line {
    char text[LINE_SIZE];
    char name[NAME_SIZE]; /* for names of flags */
    size_t used;
    unsigned next; /* the first argument that is not written yet */
    uint64_t values[SYSCALL_ARGUMENTS];
};

static struct slab_cache line_cache = SLAB_CACHE("strace-line", sizeof(struct trace_line));

/* Arguments that their type does not tell enough about. */
enum special {
    SPECIAL_NONE,
    SPECIAL_IN,
    SPECIAL_OUT,
    SPECIAL_OUT_STRING,
    SPECIAL_WORDS,
    SPECIAL_COUNT,
    SPECIAL_STATUS,
    SPECIAL_FDS
};

static const struct {
    const char *call;
    unsigned argument;
    enum special special;
} specials[] = {
    {"write", 1, SPECIAL_IN},       {"pwrite64", 1, SPECIAL_IN},
    {"sendto", 1, SPECIAL_IN},      {"read", 1, SPECIAL_OUT},
    {"pread64", 1, SPECIAL_OUT},    {"recvfrom", 1, SPECIAL_OUT},
    {"getrandom", 0, SPECIAL_OUT},  {"readlink", 1, SPECIAL_OUT},
    {"readlinkat", 2, SPECIAL_OUT}, {"getcwd", 0, SPECIAL_OUT_STRING},
    {"execve", 1, SPECIAL_WORDS},   {"execve", 2, SPECIAL_COUNT},
    {"execveat", 2, SPECIAL_WORDS}, {"execveat", 3, SPECIAL_COUNT},
    {"wait4", 1, SPECIAL_STATUS},   {"pipe", 0, SPECIAL_FDS},
    {"pipe2", 0, SPECIAL_FDS},
};

static enum special special_of(const struct syscall_entry *entry, unsigned argument)
{
    for (size_t i = 0; i < array_size(specials); i++) {
        if (specials[i].argument == argument && !strcmp(specials[i].call, entry->name))
            return specials[i].special;
    }
    return SPECIAL_NONE;
}

static void put(struct trace_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Room for the end of the line is kept. */
static void put(struct trace_line *line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length =
        format_text_list(line->text + line->used, LINE_SIZE - 1 - line->used, format, arguments);
    va_end(arguments);
    line->used = min_size(line->used + (size_t)length, LINE_SIZE - 2);
}

static void put_byte(struct trace_line *line, unsigned char byte, unsigned char after)
{
    static const char escapes[] = "\nn\tt\rr\vv\ff\"\"\\\\";

    for (const char *escape = escapes; *escape; escape += 2) {
        if (byte == (unsigned char)*escape) {
            put(line, "\\%c", escape[1]);
            return;
        }
    }
    if (byte >= ' ' && byte < 127)
        put(line, "%c", byte);
    else
        put(line, after >= '0' && after <= '9' ? "\\%03o" : "\\%o", byte);
}

static void put_bytes(struct trace_line *line, struct uaddr from, size_t count, bool string)
{
    unsigned char bytes[TEXT_SHOWN + 1] = {0};
    size_t wanted = min_size(count, sizeof(bytes)), got, i;

    got = wanted - copy_from_user_partial(bytes, from, wanted);
    if (!got && wanted) {
        put(line, from.value ? "0x%llx" : "NULL", (unsigned long long)from.value);
        return;
    }
    put(line, "\"");
    for (i = 0; i < min_size(got, TEXT_SHOWN) && !(string && !bytes[i]); i++)
        put_byte(line, bytes[i], i + 1 < got ? bytes[i + 1] : 0);
    put(line, i == TEXT_SHOWN && count > TEXT_SHOWN && !(string && !bytes[i]) ? "\"..." : "\"");
}

static void put_string(struct trace_line *line, struct uaddr from)
{
    put_bytes(line, from, TEXT_SHOWN + 1, true);
}

static bool word_read(struct uaddr array, unsigned index, uint64_t *word)
{
    return !copy_from_user(word, (struct uaddr){array.value + index * sizeof(*word)},
                           sizeof(*word));
}

static void put_words(struct trace_line *line, struct uaddr array)
{
    uint64_t word;
    unsigned i;

    put(line, "[");
    for (i = 0; i < WORDS_SHOWN && word_read(array, i, &word) && word; i++) {
        put(line, i ? ", " : "");
        put_string(line, (struct uaddr){word});
    }
    put(line, i == WORDS_SHOWN ? ", ...]" : "]");
}

static void put_count(struct trace_line *line, struct uaddr array)
{
    uint64_t word;
    unsigned count = 0;

    while (count < INT32_MAX && array.value && word_read(array, count, &word) && word)
        count++;
    if (array.value)
        put(line, "0x%llx /* %u var%s */", (unsigned long long)array.value, count,
            count == 1 ? "" : "s");
    else
        put(line, "NULL");
}

static void put_address(struct trace_line *line, uint64_t value)
{
    put(line, value ? "0x%llx" : "NULL", (unsigned long long)value);
}

static void put_status(struct trace_line *line, struct uaddr from, int64_t result)
{
    int32_t status;

    if (result <= 0 || !from.value || copy_from_user(&status, from, sizeof(status))) {
        put_address(line, from.value);
        return;
    }
    strace_status_name(status, line->name, sizeof(line->name));
    put(line, "[%s]", line->name);
}

static void put_fds(struct trace_line *line, struct uaddr from, int64_t result)
{
    int32_t fds[2];

    if (result || copy_from_user(fds, from, sizeof(fds)))
        put_address(line, from.value);
    else
        put(line, "[%d, %d]", fds[0], fds[1]);
}

static void put_number(struct trace_line *line, enum argument_type type, uint64_t value)
{
    if (type == ARGUMENT_INT || type == ARGUMENT_FD || type == ARGUMENT_DIRFD ||
        type == ARGUMENT_PID || type == ARGUMENT_CLOCK)
        put(line, "%d", (int32_t)value);
    else if (type == ARGUMENT_UINT)
        put(line, "%u", (uint32_t)value);
    else if (type == ARGUMENT_LONG || type == ARGUMENT_OFF)
        put(line, "%lld", (long long)value);
    else
        put(line, "%llu", (unsigned long long)value);
}

static void put_plain(struct trace_line *line, const struct syscall_entry *entry, unsigned i)
{
    enum argument_type type = entry->arguments[i].type;
    uint64_t value = line->values[i];
    bool opens = !strncmp(entry->name, "open", 4);

    if (type == ARGUMENT_STR)
        put_string(line, (struct uaddr){value});
    else if (type == ARGUMENT_PTR || type == ARGUMENT_BUF)
        put_address(line, value);
    else if (strace_flags_name(type, value, opens, line->name, sizeof(line->name)))
        put(line, "%s", line->name);
    else
        put_number(line, type, value);
}

/* An argument that the call fills in, once it has returned. */
static void put_result(struct trace_line *line, enum special special, unsigned i, int64_t result)
{
    struct uaddr at = {line->values[i]};

    if (special == SPECIAL_STATUS)
        put_status(line, at, result);
    else if (special == SPECIAL_FDS)
        put_fds(line, at, result);
    else if (result < 0)
        put_address(line, at.value);
    else
        put_bytes(line, at, (size_t)result, special == SPECIAL_OUT_STRING);
}

static bool is_result(enum special special)
{
    return special == SPECIAL_OUT || special == SPECIAL_OUT_STRING || special == SPECIAL_STATUS ||
           special == SPECIAL_FDS;
}

static void put_argument(struct trace_line *line, const struct syscall_entry *entry, unsigned i,
                         const int64_t *result)
{
    enum special special = special_of(entry, i);
    struct uaddr at = {line->values[i]};

    if (is_result(special))
        put_result(line, special, i, *result);
    else if (special == SPECIAL_IN)
        put_bytes(line, at, line->values[i + 1], false);
    else if (special == SPECIAL_WORDS)
        put_words(line, at);
    else if (special == SPECIAL_COUNT)
        put_count(line, at);
    else
        put_plain(line, entry, i);
}

/* open's mode means something only when a file may be made. */
static unsigned argument_count(const struct trace_line *line, const struct syscall_entry *entry)
{
    unsigned last = entry->count - 1;

    if (entry->count > 2 && entry->arguments[last].type == ARGUMENT_MODE &&
        entry->arguments[last - 1].type == ARGUMENT_OPEN_FLAGS &&
        !(line->values[last - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
        return last;
    return entry->count;
}

/* Writes arguments; without a result only up to the first that needs it. */
static void put_arguments(struct trace_line *line, const struct syscall_entry *entry,
                          const int64_t *result)
{
    unsigned count = argument_count(line, entry);

    for (; line->next < count; line->next++) {
        if (!result && is_result(special_of(entry, line->next)))
            return;
        put(line, line->next ? ", " : "");
        put_argument(line, entry, line->next, result);
    }
}

static void line_end(struct trace_line *line)
{
    line->text[line->used++] = '\n';
    strace_ring_write(line->text, line->used);
    slab_free(&line_cache, line);
}

static struct trace_line *line_begin(void)
{
    struct trace_line *line = slab_alloc_zero(&line_cache);

    if (line)
        put(line, "[pid %d] ", task_current()->thread.tid);
    return line;
}

static void put_before_result(struct trace_line *line)
{
    put(line, ") ");
    while (line->used < RESULT_COLUMN)
        put(line, " ");
    put(line, "= ");
}

static bool call_is(const struct syscall_entry *entry, const char *one, const char *other)
{
    return entry && (!strcmp(entry->name, one) || !strcmp(entry->name, other));
}

static bool shown(struct process *process, const struct syscall_entry *entry)
{
    if (process == process_one)
        return false;
    if (!process->traced && call_is(entry, "execve", "execveat"))
        process->traced = true;
    return process->traced;
}

static void put_unknown(struct trace_line *line, uint64_t number)
{
    const char *name = syscall_name(number);

    if (name)
        put(line, "%s(", name);
    else
        put(line, "syscall_0x%llx(", (unsigned long long)number);
    for (unsigned i = 0; i < SYSCALL_ARGUMENTS; i++)
        put(line, "%s0x%llx", i ? ", " : "", (unsigned long long)line->values[i]);
}

void strace_enter(const struct trap_frame *frame, uint64_t number)
{
    const struct syscall_entry *entry = syscall_entry(number);
    struct task *task = task_current();
    struct trace_line *line;

    task->trace_line = NULL;
    if (!shown(task->process, entry))
        return;
    line = line_begin();
    if (!line)
        return;
    for (unsigned i = 0; i < SYSCALL_ARGUMENTS; i++)
        line->values[i] = trap_syscall_argument(frame, i);
    if (!entry) {
        put_unknown(line, number);
    } else {
        put(line, "%s(", entry->name);
        put_arguments(line, entry, NULL);
    }
    if (call_is(entry, "exit", "exit_group")) {
        put_before_result(line);
        put(line, "?");
        line_end(line);
        line = NULL;
    }
    task->trace_line = line;
}

void strace_leave(uint64_t number, int64_t result)
{
    const struct syscall_entry *entry = syscall_entry(number);
    struct task *task = task_current();
    struct trace_line *line = task->trace_line;

    task->trace_line = NULL;
    if (!line)
        return;
    if (entry)
        put_arguments(line, entry, &result);
    put_before_result(line);
    if (result < 0 && result >= -ERROR_MAX)
        put(line, "%s %s", -result >= ERROR_INSIDE ? "?" : "-1", errno_name((int)-result));
    else if (entry && entry->result == ARGUMENT_PTR)
        put(line, "0x%llx", (unsigned long long)result);
    else
        put(line, "%lld", (long long)result);
    line_end(line);
}

/* --- what happens between calls --- */

static const char *code_name(int number, int code)
{
    static const char *const child[] = {NULL,          "CLD_EXITED",  "CLD_KILLED",   "CLD_DUMPED",
                                        "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"};

    if (number == SIGCHLD && code >= CLD_EXITED && code <= CLD_CONTINUED)
        return child[code];
    if (number == SIGSEGV && (code == SEGV_MAPERR || code == SEGV_ACCERR))
        return code == SEGV_MAPERR ? "SEGV_MAPERR" : "SEGV_ACCERR";
    switch (code) {
    case SI_USER:
        return "SI_USER";
    case SI_KERNEL:
        return "SI_KERNEL";
    case SI_QUEUE:
        return "SI_QUEUE";
    case SI_TIMER:
        return "SI_TIMER";
    case SI_TKILL:
        return "SI_TKILL";
    default:
        return NULL;
    }
}

static void put_code(struct trace_line *line, int number, int code)
{
    const char *name = code_name(number, code);

    if (name)
        put(line, ", si_code=%s", name);
    else
        put(line, ", si_code=%d", code);
}

static void signal_taken(int number, const siginfo_t *info)
{
    struct trace_line *line = task_current()->process->traced ? line_begin() : NULL;

    if (!line)
        return;
    strace_signal_name(number, line->name, sizeof(line->name));
    put(line, "--- %s {si_signo=%s", line->name, line->name);
    put_code(line, number, info->si_code);
    if (info->si_code <= 0 || (number == SIGCHLD && info->si_code != SI_KERNEL))
        put(line, ", si_pid=%d, si_uid=%u", info->si_pid, info->si_uid);
    else if (signal_bit(number) & SIGNAL_SET_SYNCHRONOUS)
        put(line, ", si_addr=0x%llx", (unsigned long long)info->si_addr);
    if (number == SIGCHLD && info->si_code > 0)
        put(line, ", si_status=%d, si_utime=%lld, si_stime=%lld", info->si_status,
            (long long)info->si_utime, (long long)info->si_stime);
    put(line, "} ---");
    line_end(line);
}

static void task_ended(int32_t status)
{
    struct trace_line *line = task_current()->process->traced ? line_begin() : NULL;

    if (!line)
        return;
    if (status & 0x7f) {
        strace_signal_name(status & 0x7f, line->name, sizeof(line->name));
        put(line, "+++ killed by %s +++", line->name);
    } else {
        put(line, "+++ exited with %d +++", status >> 8 & 0xff);
    }
    line_end(line);
}

void strace_start(void)
{
    if (!strace_on)
        return;
    strace_ring_start();
    process_trace = (struct process_trace){signal_taken, task_ended};
}
