/*
 * Streams and start of the program, see program.h. The child reports a failure before execve(2)
 * over a close-on-exec pipe: end of file without a report means that the program runs.
 */
#define _GNU_SOURCE
#include "program.h"

#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The program's ends, closed in init once the program runs. */
struct program_ends {
    int fd[3];
};

static int fail(struct program_failure *failure, int status, const char *what)
{
    failure->status = status;
    snprintf(failure->text, sizeof(failure->text), "%s: %s", what, strerror(errno));
    return -1;
}

static void descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Descriptors below 3 would be overwritten when the program's are put in their places. */
static int descriptor_raise(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int raised = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return raised;
}

static int stream_pipe(int *ours, int *theirs, bool we_write)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    *ours = descriptor_raise(ends[we_write]);
    *theirs = descriptor_raise(ends[!we_write]);
    return *ours < 0 || *theirs < 0 ? -1 : fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static int terminal_open(struct program *program, const struct config *config)
{
    program->master =
        descriptor_raise(open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (program->master < 0 || unlockpt(program->master) < 0)
        return -1;
    char name[64];
    if (ptsname_r(program->master, name, sizeof(name)) != 0)
        return -1;
    program->slave = descriptor_raise(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (program->slave < 0)
        return -1;
    if (config->user_given && fchown(program->slave, config->uid, (gid_t)-1) < 0 && errno != EPERM)
        return -1;
    if (config->termios_given) {
        struct termios termios;
        tcgetattr(program->slave, &termios);
        termios.c_iflag = config->termios.c_iflag;
        termios.c_oflag = config->termios.c_oflag;
        termios.c_cflag = config->termios.c_cflag;
        termios.c_lflag = config->termios.c_lflag;
        memcpy(termios.c_cc, config->termios.c_cc, sizeof(termios.c_cc));
        tcsetattr(program->slave, TCSANOW, &termios);
    }
    return ioctl(program->slave, TIOCSWINSZ, &config->window);
}

static int stream_open(struct program *program, const struct config *config, int index, int *theirs)
{
    int *ours[] = {&program->input, &program->output, &program->errors};
    switch (config->stdio[index]) {
    case 'p':
        return stream_pipe(ours[index], theirs, index == 0);
    case 'n':
        *theirs = descriptor_raise(open("/dev/null", O_RDWR | O_CLOEXEC));
        return *theirs;
    case 't':
        if (program->master < 0 && terminal_open(program, config) < 0)
            return -1;
        *theirs = program->slave;
        return 0;
    default:
        return 0;
    }
}

static int streams_open(struct program *program, const struct config *config,
                        struct program_ends *ends)
{
    for (int i = 0; i < 3; i++) {
        if (stream_open(program, config, i, &ends->fd[i]) < 0)
            return -1;
    }
    if (config->stdio[2] == 'o')
        ends->fd[2] = ends->fd[1];
    return 0;
}

static void ends_close(const struct program *program, struct program_ends *ends)
{
    for (int i = 0; i < 3; i++) {
        bool shared = ends->fd[i] == program->slave || (i == 2 && ends->fd[2] == ends->fd[1]);
        if (!shared)
            descriptor_close(&ends->fd[i]);
    }
}

/* Init's own session, for job control: the terminal becomes its controlling one. */
static void session_begin(const struct program *program)
{
    setsid();
    if (program->slave >= 0)
        ioctl(program->slave, TIOCSCTTY, 0);
}

static void child_session(const struct program *program, const struct config *config)
{
    if (!config->job) {
        setsid();
        if (program->slave >= 0)
            ioctl(program->slave, TIOCSCTTY, 0);
        return;
    }
    setpgid(0, 0);
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    sigprocmask(SIG_BLOCK, &stop, &before);
    if (program->slave >= 0)
        tcsetpgrp(program->slave, getpid());
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void child_streams(const struct program_ends *ends)
{
    for (int i = 0; i < 3; i++) {
        if (ends->fd[i] >= 0)
            dup2(ends->fd[i], i);
        else
            close(i);
    }
}

static void child_signals(const struct config *config)
{
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < NSIG; i++) {
        bool ignored = i <= 64 && (config->ignored >> (i - 1) & 1);
        signal(i, ignored ? SIG_IGN : SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_user(const struct config *config, struct program_failure *failure)
{
    for (size_t i = 0; i < config->limit_count; i++)
        setrlimit((int)config->limits[i].resource, &config->limits[i].value);
    umask(config->umask);
    if (!config->user_given || (getuid() != 0 && getuid() == config->uid))
        return 0;
    if (setgroups(config->group_count, config->groups) < 0 || setgid(config->gid) < 0 ||
        setuid(config->uid) < 0)
        return fail(failure, 125, "cannot become the user");
    return 0;
}

static int child_directory(const struct config *config, struct program_failure *failure)
{
    if (chdir(config->cwd) == 0)
        return 0;
    if (config->cwd_optional && chdir("/") == 0)
        return 0;
    return fail(failure, 125, config->cwd);
}

static void child_run(const struct program *program, const struct config *config,
                      const struct program_ends *ends, int report)
{
    struct program_failure failure = {0};
    child_session(program, config);
    child_signals(config);
    child_streams(ends);
    if (child_user(config, &failure) == 0 && child_directory(config, &failure) == 0) {
        struct launch_error error;
        launch_execute(config->path, config->argv, config->envp, config_environment(config, "PATH"),
                       &error);
        failure.status = error.status;
        snprintf(failure.text, sizeof(failure.text), "%s", error.text);
    }
    ssize_t ignored = write(report, &failure, sizeof(failure));
    (void)ignored;
    _exit(failure.status);
}

static int program_await(int report, struct program_failure *failure)
{
    size_t have = 0;
    while (have < sizeof(*failure)) {
        ssize_t count = read(report, (char *)failure + have, sizeof(*failure) - have);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        have += (size_t)count;
    }
    return have == sizeof(*failure) ? -1 : 0;
}

static int program_fork(struct program *program, const struct config *config,
                        struct program_ends *ends, struct program_failure *failure)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return fail(failure, 125, "no pipe for the program");
    for (int i = 0; i < 2; i++)
        report[i] = descriptor_raise(report[i]);
    if (config->job)
        session_begin(program);
    program->pid = fork();
    if (program->pid == 0)
        child_run(program, config, ends, report[1]);
    descriptor_close(&report[1]);
    int error = program->pid < 0 ? fail(failure, 125, "cannot start a process")
                                 : program_await(report[0], failure);
    descriptor_close(&report[0]);
    return error;
}

int program_start(struct program *program, const struct config *config,
                  struct program_failure *failure)
{
    *program = (struct program){
        .pid = -1, .input = -1, .output = -1, .errors = -1, .master = -1, .slave = -1};
    struct program_ends ends = {{-1, -1, -1}};
    int error;
    if (streams_open(program, config, &ends) < 0)
        error = fail(failure, 125, "cannot make the program's streams");
    else
        error = program_fork(program, config, &ends, failure);
    ends_close(program, &ends);
    return error;
}

void program_drop(struct program *program)
{
    descriptor_close(&program->input);
    descriptor_close(&program->output);
    descriptor_close(&program->errors);
    descriptor_close(&program->master);
    descriptor_close(&program->slave);
}

void program_signal(const struct program *program, int signal, bool group)
{
    if (program->pid > 0 && (!group || kill(-program->pid, signal) < 0))
        kill(program->pid, signal);
}
