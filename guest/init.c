/*
 * init: process 1 of the guest. It reads its configuration, mounts the file systems, runs one
 * program with its streams relayed over the channel, reports how the program ended, and powers the
 * machine off.
 *
 * One loop around poll(2) does everything; SIGCHLD comes in through a pipe. The end is in this
 * order: the program has been waited for, what its streams still hold has been sent (to the end of
 * file, or until nothing is left although a process in the background keeps them open), the report
 * has been sent, the disks are in sync, the power goes off.
 *
 * `init --channel FD --config FILE` does the same as an ordinary process, without mounts and power:
 * that is how it is tested.
 */
#define _GNU_SOURCE
#include "channel.h"
#include "config.h"
#include "mounts.h"
#include "program.h"
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOURCES = 4, SINKS = 2, SLOTS = 2 + SOURCES + SINKS };

struct init {
    struct channel channel;
    struct config config;
    struct program program;
    struct relay_source sources[SOURCES]; /* stdout, stderr, screen, trace */
    struct relay_sink sinks[SINKS];       /* stdin, keys */
    bool exited;
    int status; /* of wait(2), when exited */
    bool machine;
};

static int child_pipe[2];

static void child_note(int signal)
{
    int saved = errno;
    (void)signal;
    ssize_t ignored = write(child_pipe[1], "", 1);
    (void)ignored;
    errno = saved;
}

/* Ends everything. Without a channel there is nobody to tell. */
static _Noreturn void init_leave(struct init *init, int status)
{
    if (!init->machine)
        _exit(status);
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}

/* Sends what is queued, waiting as long as it takes; a channel that breaks means that the host is
 * gone. */
static void channel_finish(struct init *init)
{
    int error;
    while ((error = channel_flush(&init->channel)) == -EAGAIN) {
        struct pollfd slot = {.fd = init->channel.fd, .events = POLLOUT};
        poll(&slot, 1, -1);
    }
    if (error)
        init_leave(init, 1);
}

static _Noreturn void init_fail(struct init *init, int status, const char *text)
{
    uint8_t payload[4 + 512] = {(uint8_t)status};
    size_t length = strnlen(text, 512);
    memcpy(payload + 4, text, length);
    channel_send(&init->channel, CHANNEL_FAILED, 0, payload, 4 + length);
    channel_finish(init);
    init_leave(init, 1);
}

/* Running out of memory or a broken channel leave nothing sensible to do. */
static void init_check(struct init *init, int error)
{
    if (error < 0 && error != -EAGAIN)
        init_leave(init, 1);
}

static void init_signals(struct init *init)
{
    if (pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
        init_fail(init, 125, "init has no pipe for its children");
    struct sigaction action = {.sa_handler = child_note, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
}

static void init_relays(struct init *init)
{
    struct program *program = &init->program;
    int trace = init->config.trace ? open("/dev/strace", O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    init->sources[0] = (struct relay_source){.fd = program->output, .stream = CHANNEL_STDOUT};
    init->sources[1] = (struct relay_source){.fd = program->errors, .stream = CHANNEL_STDERR};
    init->sources[2] = (struct relay_source){.fd = program->master, .stream = CHANNEL_SCREEN};
    init->sources[3] = (struct relay_source){.fd = trace, .stream = CHANNEL_TRACE};
    init->sinks[0] = (struct relay_sink){.fd = program->input, .stream = CHANNEL_STDIN};
    int keys = program->master >= 0 ? fcntl(program->master, F_DUPFD_CLOEXEC, 3) : -1;
    init->sinks[1] = (struct relay_sink){.fd = keys, .stream = CHANNEL_KEYS, .quiet = true};
    program->output = program->errors = program->input = program->master = -1;
}

static struct relay_sink *init_sink(struct init *init, enum channel_stream stream)
{
    for (int i = 0; i < SINKS; i++) {
        if (init->sinks[i].stream == stream)
            return &init->sinks[i];
    }
    return NULL;
}

static void frame_gone(struct init *init, enum channel_stream stream)
{
    for (int i = 0; i < SOURCES; i++) {
        if (init->sources[i].stream == stream)
            relay_source_close(&init->sources[i]);
    }
}

static void frame_window(struct init *init, const struct channel_frame *frame)
{
    uint32_t size = channel_number(frame, 0), pixels = channel_number(frame, 1);
    struct winsize window = {.ws_row = (unsigned short)size,
                             .ws_col = (unsigned short)(size >> 16),
                             .ws_xpixel = (unsigned short)pixels,
                             .ws_ypixel = (unsigned short)(pixels >> 16)};
    if (init->sources[2].fd >= 0)
        ioctl(init->sources[2].fd, TIOCSWINSZ, &window);
}

static void frame_signal(struct init *init, const struct channel_frame *frame)
{
    uint32_t signal = channel_number(frame, 0);
    program_signal(&init->program, (int)signal, channel_number(frame, 1) != 0);
    init_check(init, channel_send_number(&init->channel, CHANNEL_SIGNALED, signal));
}

static int frame_handle(struct init *init, const struct channel_frame *frame)
{
    struct relay_sink *sink = init_sink(init, frame->stream);
    switch (frame->type) {
    case CHANNEL_DATA:
        return sink != NULL ? relay_sink_accept(sink, &init->channel, frame) : -EPROTO;
    case CHANNEL_END:
        if (sink != NULL)
            relay_sink_end(sink);
        return 0;
    case CHANNEL_GONE:
        frame_gone(init, frame->stream);
        return 0;
    case CHANNEL_WINSIZE:
        frame_window(init, frame);
        return 0;
    case CHANNEL_SIGNAL:
        frame_signal(init, frame);
        return 0;
    default:
        return -EPROTO;
    }
}

static void channel_serve(struct init *init, short events)
{
    if (events & (POLLIN | POLLHUP | POLLERR)) {
        int count = channel_fill(&init->channel);
        if (count == 0)
            init_leave(init, 1);
        init_check(init, count);
        struct channel_frame frame;
        int found;
        while ((found = channel_next(&init->channel, &frame)) == 1)
            init_check(init, frame_handle(init, &frame));
        init_check(init, found);
    }
    init_check(init, channel_flush(&init->channel));
}

static void child_ended(struct init *init, pid_t pid, int status)
{
    if (pid != init->program.pid)
        return;
    if (WIFSTOPPED(status)) {
        init_check(
            init, channel_send_number(&init->channel, CHANNEL_STOPPED, (uint32_t)WSTOPSIG(status)));
        return;
    }
    init->exited = true;
    init->status = status;
}

static void children_reap(struct init *init)
{
    char notes[64];
    while (read(child_pipe[0], notes, sizeof(notes)) > 0)
        continue;
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0)
        child_ended(init, pid, status);
}

static void sources_pump(struct init *init, const struct pollfd *slots)
{
    for (int i = 0; i < SOURCES; i++) {
        if (slots[i].revents != 0)
            init_check(init, relay_source_pump(&init->sources[i], &init->channel));
    }
}

static void init_turn(struct init *init, int timeout)
{
    struct pollfd slots[SLOTS];
    slots[0] = (struct pollfd){.fd = init->channel.fd, .events = channel_events(&init->channel)};
    slots[1] = (struct pollfd){.fd = child_pipe[0], .events = POLLIN};
    for (int i = 0; i < SOURCES; i++)
        relay_source_poll(&init->sources[i], &init->channel, &slots[2 + i]);
    for (int i = 0; i < SINKS; i++)
        relay_sink_poll(&init->sinks[i], &slots[2 + SOURCES + i]);
    if (poll(slots, SLOTS, timeout) < 0)
        return;
    sources_pump(init, slots + 2);
    for (int i = 0; i < SINKS; i++)
        init_check(
            init, relay_sink_pump(&init->sinks[i], &init->channel, slots[2 + SOURCES + i].revents));
    if (slots[1].revents != 0)
        children_reap(init);
    channel_serve(init, slots[0].revents);
}

/* True when a source has nothing to give at this moment: closed, or open and empty. */
static bool source_drained(struct init *init, struct relay_source *source)
{
    if (source->fd < 0)
        return true;
    if (channel_room(&init->channel, source->stream) == 0)
        return false;
    int count = relay_source_pump(source, &init->channel);
    init_check(init, count);
    return count == -EAGAIN || source->fd < 0;
}

/* The program is gone: send what its streams hold. Whatever is written by processes it left behind
 * after that is lost. */
static void init_drain(struct init *init)
{
    program_drop(&init->program);
    for (;;) {
        bool drained = true;
        for (int i = 0; i < SOURCES; i++)
            drained &= source_drained(init, &init->sources[i]);
        if (drained)
            return;
        init_turn(init, -1);
    }
}

static void missing_send(struct init *init)
{
    char text[4096];
    int fd = init->config.missing ? open("/proc/furca/missing", O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    ssize_t count;
    while ((count = read(fd, text, sizeof(text))) > 0)
        init_check(init, channel_send(&init->channel, CHANNEL_MISSING, 0, text, (size_t)count));
    close(fd);
}

static void init_report(struct init *init)
{
    missing_send(init);
    int status = init->status;
    int error =
        WIFSIGNALED(status)
            ? channel_send_number(&init->channel, CHANNEL_KILLED, (uint32_t)WTERMSIG(status))
            : channel_send_number(&init->channel, CHANNEL_EXITED, (uint32_t)WEXITSTATUS(status));
    init_check(init, error);
    channel_finish(init);
}

/* Sets the clock to what the host's said at the start plus the time since. */
static void clock_correct(const struct timespec *start)
{
    struct timespec now;
    if (start->tv_sec == 0 || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return;
    now.tv_sec += start->tv_sec;
    now.tv_nsec += start->tv_nsec;
    if (now.tv_nsec >= 1000000000) {
        now.tv_nsec -= 1000000000;
        now.tv_sec++;
    }
    clock_settime(CLOCK_REALTIME, &now);
}

static void init_prepare(struct init *init, const char *file)
{
    char text[256], what[128];
    int error = config_read(&init->config, file);
    if (error) {
        snprintf(text, sizeof(text), "init cannot read %s: %s", file, strerror(-error));
        init_fail(init, 125, text);
    }
    if (!init->machine)
        return;
    error = mounts_finish(&init->config, what, sizeof(what));
    if (error) {
        snprintf(text, sizeof(text), "cannot mount %s in the guest: %s", what, strerror(-error));
        init_fail(init, 125, text);
    }
    if (init->config.hostname != NULL)
        sethostname(init->config.hostname, strlen(init->config.hostname));
    clock_correct(&init->config.clock);
}

static void init_run(struct init *init, const char *file)
{
    init_check(init, channel_send_number(&init->channel, CHANNEL_HELLO, CHANNEL_VERSION));
    init_check(init, channel_flush(&init->channel));
    init_signals(init);
    init_prepare(init, file);
    struct program_failure failure;
    if (program_start(&init->program, &init->config, &failure) < 0)
        init_fail(init, failure.status, failure.text);
    init_relays(init);
    init_check(init, channel_send(&init->channel, CHANNEL_STARTED, 0, NULL, 0));
    while (!init->exited)
        init_turn(init, -1);
    init_drain(init);
    init_report(init);
}

/* The port is a terminal under Linux, and must not behave like one. */
static int console_open(void)
{
    int fd = open("/dev/hvc0", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct termios termios;
    if (fd >= 0 && tcgetattr(fd, &termios) == 0) {
        cfmakeraw(&termios);
        tcsetattr(fd, TCSANOW, &termios);
    }
    return fd;
}

/*
 * Process 1 only buries orphans; what init does is its child's work. A process group whose members'
 * parents are all process 1 counts as orphaned, and no key typed at the terminal could stop the
 * program.
 */
static void first_process(void)
{
    pid_t worker = fork();
    if (worker <= 0)
        return;
    for (;;) {
        pid_t ended = wait(NULL);
        if (ended == worker || (ended < 0 && errno != EINTR))
            break;
    }
    sync();
    reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
    static struct init init;
    const char *file = "/furca/config";
    int fd;
    if (argc == 5 && strcmp(argv[1], "--channel") == 0 && strcmp(argv[3], "--config") == 0) {
        fd = atoi(argv[2]);
        file = argv[4];
        fcntl(fd, F_SETFL, O_NONBLOCK);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    } else if (getpid() == 1) {
        init.machine = true;
        first_process();
        int error = mounts_begin();
        fd = error ? error : console_open();
    } else {
        fprintf(stderr, "usage: init --channel DESCRIPTOR --config FILE, or as process 1\n");
        return 2;
    }
    if (fd < 0) {
        perror("init: no channel to the host (/dev/hvc0)");
        init_leave(&init, 1);
    }
    channel_init(&init.channel, fd);
    init_run(&init, file);
    init_leave(&init, 0);
}
