/*
 * See setup.h. The program inherits what a child of furca would: environment, umask, limits,
 * ignored signals, working directory.
 */
#define _GNU_SOURCE
#include "setup.h"

#include "fail.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void record(struct bytes *records, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void record(struct bytes *records, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0 || bytes_append(records, text, (size_t)length + 1) < 0)
        fail(EXIT_FURCA, "out of memory");
    free(text);
}

/* A later setting of a variable replaces an earlier one. */
static void environment_set(struct list *environment, char *setting)
{
    size_t length = strcspn(setting, "=") + 1;
    for (size_t i = 0; i < environment->count; i++) {
        if (strncmp(environment->items[i], setting, length) == 0) {
            environment->items[i] = setting;
            return;
        }
    }
    list_add(environment, setting);
}

static void setup_fill_environment(struct setup *setup)
{
    for (char **variable = environ; *variable != NULL; variable++)
        list_add(&setup->environment, *variable);
    const struct account *account = &setup->account;
    if (account->name != NULL) {
        environment_set(&setup->environment, must_format("HOME=%s", account->home));
        environment_set(&setup->environment, must_format("USER=%s", account->name));
        environment_set(&setup->environment, must_format("LOGNAME=%s", account->name));
    }
    for (size_t i = 0; i < setup->options->environment.count; i++)
        environment_set(&setup->environment, setup->options->environment.items[i]);
}

const char *setup_environment(const struct setup *setup, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < setup->environment.count; i++) {
        const char *setting = setup->environment.items[i];
        if (strncmp(setting, name, length) == 0 && setting[length] == '=')
            return setting + length + 1;
    }
    return NULL;
}

/* The caller's folder, as the path inside --root when it lies there, else the root itself. */
static char *caller_directory(const struct options *options)
{
    char *cwd = getcwd(NULL, 0);
    if (cwd == NULL || strcmp(options->root, "/") == 0)
        return cwd != NULL ? cwd : must_copy("/");
    size_t length = strlen(options->root);
    bool inside =
        strncmp(cwd, options->root, length) == 0 && (cwd[length] == '/' || cwd[length] == '\0');
    char *path = must_copy(inside && cwd[length] != '\0' ? cwd + length : "/");
    free(cwd);
    return path;
}

void setup_begin(struct setup *setup, const struct options *options,
                 const struct standard *standard, const struct terminal *terminal)
{
    *setup = (struct setup){.options = options, .standard = standard, .terminal = terminal};
    account_find(&setup->account, options->user);
    setup_fill_environment(setup);
    setup->directory = caller_directory(options);
    if (options->directory == NULL)
        return;
    char *given =
        options->directory[0] == '/'
            ? must_copy(options->directory)
            : must_format("%s/%s", strcmp(setup->directory, "/") == 0 ? "" : setup->directory,
                          options->directory);
    free(setup->directory);
    setup->directory = given;
}

static void write_user(const struct setup *setup, struct bytes *records)
{
    char *groups = must_copy("");
    for (size_t i = 0; i < setup->account.group_count; i++) {
        char *longer = must_format("%s%s%u", groups, i ? "," : "", setup->account.groups[i]);
        free(groups);
        groups = longer;
    }
    record(records, "user=%u:%u:%s", setup->account.uid, setup->account.gid, groups);
    free(groups);
}

static void write_inherited(struct bytes *records)
{
    mode_t mask = umask(0);
    umask(mask);
    record(records, "umask=%o", mask);
    unsigned long long ignored = 0;
    for (int number = 1; number < NSIG && number <= 64; number++) {
        struct sigaction action;
        if (number != SIGCHLD && sigaction(number, NULL, &action) == 0 &&
            action.sa_handler == SIG_IGN)
            ignored |= 1ULL << (number - 1);
    }
    record(records, "ignored=%llx", ignored);
    for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;
        if (getrlimit((__rlimit_resource_t)resource, &limit) == 0)
            record(records, "limit=%d:%llu:%llu", resource, (unsigned long long)limit.rlim_cur,
                   (unsigned long long)limit.rlim_max);
    }
}

static void write_terminal(const struct setup *setup, struct bytes *records)
{
    record(records, "stdio=%s", setup->standard->kinds);
    const struct terminal *terminal = setup->terminal;
    if (terminal->screen < 0)
        return;
    record(records, "job=%d", terminal->job);
    record(records, "window=%u:%u:%u:%u", terminal->window.ws_row, terminal->window.ws_col,
           terminal->window.ws_xpixel, terminal->window.ws_ypixel);
    struct termios mode = terminal_guest_mode(terminal);
    char codes[2 * NCCS + 1] = "";
    for (int i = 0; i < NCCS; i++)
        snprintf(codes + 2 * i, 3, "%02x", mode.c_cc[i]);
    record(records, "termios=%x:%x:%x:%x:%s", mode.c_iflag, mode.c_oflag, mode.c_cflag,
           mode.c_lflag, codes);
}

static void write_root(const struct setup *setup, struct bytes *records)
{
    const struct options *options = setup->options;
    char name[65] = "";
    if (gethostname(name, sizeof(name) - 1) == 0)
        record(records, "hostname=%s", name);
    struct timespec now;
    if (!options->icount && clock_gettime(CLOCK_REALTIME, &now) == 0)
        record(records, "clock=%lld.%09ld", (long long)now.tv_sec, now.tv_nsec);
    if (options->bare)
        return;
    record(records, "root=9p");
    for (size_t i = 0; i < options->share_count; i++)
        record(records, "share=share%zu:%c:%s", i, options->shares[i].writable ? 'w' : 'r',
               options->shares[i].guest);
}

void setup_write(const struct setup *setup, const char *program, struct bytes *records)
{
    const struct options *options = setup->options;
    for (char **argument = options->program; *argument != NULL; argument++)
        record(records, "arg=%s", *argument);
    for (size_t i = 0; i < setup->environment.count; i++)
        record(records, "env=%s", setup->environment.items[i]);
    if (program != NULL)
        record(records, "path=%s", program);
    bool optional = options->directory == NULL;
    record(records, "%s=%s", optional ? "cwd-else-root" : "cwd", setup->directory);
    write_user(setup, records);
    write_inherited(records);
    write_terminal(setup, records);
    write_root(setup, records);
    if (options->strace)
        record(records, "trace=1");
    if (options->missing)
        record(records, "missing=1");
}
