/*
 * The loop around poll(2) that connects the guest with the world: channel, kernel log, signals,
 * keys, the three standard streams, and time.
 *
 * A session goes through: booting (nothing of ours is read yet, so that a start that fails under
 * KVM can be repeated under TCG); started (the program runs); finished (its status is known, what
 * is left in the sinks is being written); over. A machine that ends before the status is known is a
 * failure, whatever its reason.
 */
#define _GNU_SOURCE
#include "session.h"

#include "accel.h"
#include "clock.h"
#include "fail.h"
#include "session_state.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SLOT_CHANNEL,
    SLOT_LOG,
    SLOT_SIGNALS,
    SLOT_MACHINE,
    SLOT_KEYS,
    SLOT_INPUT,
    SLOT_SINKS,
    SLOTS = SLOT_SINKS + SINKS
};

/* How long the guest may take to power off after its report, and to answer a signal; in seconds. */
static const double power_off_patience = 5.0;
static const double signal_patience = 10.0;

static void signals_open(struct session *session)
{
    static const int wanted[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                                 SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct sigaction action;
        if (sigaction(wanted[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, wanted[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (session->signals < 0)
        fail(EXIT_FURCA, "cannot watch for signals: %s", strerror(errno));
}

static void relays_open(struct session *session, const struct standard *standard)
{
    int fds[SINKS] = {-1, -1, session->terminal->screen, -1};
    if (standard->kinds[1] == 'p')
        fds[SINK_OUTPUT] = STDOUT_FILENO;
    if (standard->kinds[2] == 'p')
        fds[SINK_ERRORS] = STDERR_FILENO;
    if (session->options->strace)
        fds[SINK_TRACE] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    static const enum channel_stream streams[] = {CHANNEL_STDOUT, CHANNEL_STDERR, CHANNEL_SCREEN,
                                                  CHANNEL_TRACE};
    for (int i = 0; i < SINKS; i++) {
        size_t chunk = fds[i] >= 0 ? standard_prepare_output(fds[i]) : 0;
        session->sinks[i] = (struct relay_sink){
            .fd = fds[i], .stream = streams[i], .chunk = chunk, .quiet = i >= SINK_SCREEN};
    }
    int input = standard->kinds[0] == 'p' ? STDIN_FILENO : -1;
    session->input = (struct relay_source){.fd = input, .stream = CHANNEL_STDIN};
}

/* Returns what channel_fill() does. */
static int channel_serve(struct session *session)
{
    int count = channel_fill(&session->channel);
    session_check(session, count);
    struct channel_frame frame;
    int found = 0;
    while (!session->over && (found = channel_next(&session->channel, &frame)) == 1)
        session_frame(session, &frame);
    session_check(session, found);
    return count;
}

static void log_serve(struct session *session)
{
    bool first = !session->log.any;
    log_pump(&session->log, session->machine.serial);
    if (first && session->log.any)
        session_time(session, "the kernel runs");
}

/* A signal from the terminal is for all processes of its foreground, one from kill(2) for the
 * program alone. */
static void signal_forward(struct session *session, int number, bool group)
{
    if (session->finished)
        return;
    session_check(session,
                  channel_send_numbers(&session->channel, CHANNEL_SIGNAL, (uint32_t)number, group));
    if (session->signal == 0)
        session->signal_time = clock_seconds();
    session->signal = number;
}

static void signal_handle(struct session *session, int number, bool group)
{
    if (number == SIGWINCH && session->started)
        terminal_resize(session->terminal, &session->channel);
    else if (number == SIGCONT && session->started && !session->finished)
        terminal_start(session->terminal);
    else if (number == SIGTSTP && !session->started)
        kill(getpid(), SIGSTOP);
    else if (number != SIGCONT && number != SIGWINCH && (!session->started || session->finished))
        session_end(session, session->finished ? session->status : EXIT_SIGNAL + number);
    if (number != SIGWINCH && session->started)
        signal_forward(session, number, group);
}

static void signals_serve(struct session *session)
{
    struct signalfd_siginfo info;
    while (read(session->signals, &info, sizeof(info)) == sizeof(info))
        signal_handle(session, (int)info.ssi_signo,
                      info.ssi_code == SI_KERNEL || info.ssi_signo == SIGCONT);
}

static void keys_serve(struct session *session)
{
    enum terminal_event event = terminal_pump(session->terminal, &session->channel);
    if (event == TERMINAL_ESCAPE) {
        terminal_restore();
        note("ended by Ctrl-]");
        session_end(session, EXIT_SIGNAL + SIGKILL);
    } else if (event == TERMINAL_ENDED) {
        close(session->terminal->keys);
        session->terminal->keys = -1;
        session->terminal->raw = false;
        signal_forward(session, SIGHUP, true);
    }
}

/* QEMU has ended: what it has left in the sockets is all that will come. */
static void machine_serve(struct session *session)
{
    while (log_pump(&session->log, session->machine.serial) > 0)
        continue;
    while (!session->over && channel_serve(session) > 0)
        continue;
    session->gone = true;
}

static void sinks_serve(struct session *session, const struct pollfd *slots)
{
    for (int i = 0; i < SINKS; i++)
        session_check(session,
                      relay_sink_pump(&session->sinks[i], &session->channel, slots[i].revents));
}

static bool sinks_empty(const struct session *session)
{
    for (int i = 0; i < SINKS; i++) {
        if (session->sinks[i].fd >= 0 && bytes_count(&session->sinks[i].pending) != 0)
            return false;
    }
    return true;
}

static double earlier(double left, double right)
{
    return left < right ? left : right;
}

/* When something has to be done although nothing happens. */
static double session_deadline(const struct session *session)
{
    double deadline = INFINITY;
    if (session->options->timeout > 0 && !session->finished)
        deadline = earlier(deadline, session->begin + session->options->timeout);
    if (session->kvm && !session->greeted && session->options->accelerator == ACCELERATOR_AUTO)
        deadline = earlier(deadline, session->machine_begin + ACCEL_PATIENCE);
    if (session->signal != 0 && !session->finished)
        deadline = earlier(deadline, session->signal_time + signal_patience);
    if (session->finished && !session->gone)
        deadline = earlier(deadline, session->finish_time + power_off_patience);
    return deadline;
}

static void session_late(struct session *session, double now)
{
    if (session->options->timeout > 0 && !session->finished &&
        now >= session->begin + session->options->timeout) {
        note("the time limit of %g s is over; the guest was ended", session->options->timeout);
        session_end(session, EXIT_TIMEOUT);
    } else if (session->finished) {
        session->gone = true;
    } else if (session->signal != 0) {
        note("the guest does not answer; it was ended");
        session_end(session, EXIT_SIGNAL + session->signal);
    } else {
        session->silent = session->over = true;
    }
}

static int poll_timeout(const struct session *session)
{
    double left = session_deadline(session) - clock_seconds();
    if (left > 1e6)
        return -1;
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

static void slots_fill(struct session *session, struct pollfd *slots)
{
    int keys = terminal_reads(session->terminal) && channel_room(&session->channel, CHANNEL_KEYS)
                   ? session->terminal->keys
                   : -1;
    slots[SLOT_CHANNEL] = (struct pollfd){.fd = session->gone ? -1 : session->machine.channel,
                                          .events = channel_events(&session->channel)};
    slots[SLOT_LOG] =
        (struct pollfd){.fd = session->gone ? -1 : session->machine.serial, .events = POLLIN};
    slots[SLOT_SIGNALS] = (struct pollfd){.fd = session->signals, .events = POLLIN};
    slots[SLOT_MACHINE] =
        (struct pollfd){.fd = session->gone ? -1 : session->machine.ended, .events = POLLIN};
    slots[SLOT_KEYS] = (struct pollfd){.fd = session->finished ? -1 : keys, .events = POLLIN};
    relay_source_poll(&session->input, &session->channel, &slots[SLOT_INPUT]);
    if (!session->started)
        slots[SLOT_INPUT].fd = -1;
    for (int i = 0; i < SINKS; i++) {
        relay_sink_poll(&session->sinks[i], &slots[SLOT_SINKS + i]);
        if (!session->greeted)
            slots[SLOT_SINKS + i].fd = -1;
    }
}

static void session_turn(struct session *session)
{
    struct pollfd slots[SLOTS];
    slots_fill(session, slots);
    int ready = poll(slots, SLOTS, poll_timeout(session));
    if (ready < 0)
        return;
    if (clock_seconds() >= session_deadline(session))
        session_late(session, clock_seconds());
    if (slots[SLOT_LOG].revents & POLLIN)
        log_serve(session);
    sinks_serve(session, slots + SLOT_SINKS);
    if (slots[SLOT_CHANNEL].revents & POLLIN)
        channel_serve(session);
    if (slots[SLOT_SIGNALS].revents != 0)
        signals_serve(session);
    if (slots[SLOT_KEYS].revents != 0 && !session->finished)
        keys_serve(session);
    if (slots[SLOT_INPUT].revents != 0)
        session_check(session, relay_source_pump(&session->input, &session->channel));
    if (slots[SLOT_MACHINE].revents != 0)
        machine_serve(session);
    if (!session->gone)
        session_check(session, channel_flush(&session->channel));
}

/* The machine has ended. `status` is QEMU's; the kernel makes it end with a failure after a panic.
 */
static void session_judge(struct session *session, int status)
{
    if (session->over || (session->finished && (status == 0 || WIFSIGNALED(status))))
        return;
    bool panic = log_show_panic(&session->log);
    if (session->finished && !panic)
        return;
    session->status = EXIT_FURCA;
    char *file = session->log.any ? log_save(&session->log) : NULL;
    char *words = machine_last_words(&session->machine);
    if (panic)
        note("the guest kernel panicked; its log is in %s", file != NULL ? file : "--log");
    else if (words != NULL)
        note("QEMU failed: %s", words);
    else if (session->log.any)
        note("the guest ended before the program did; the kernel's log is in %s",
             file != NULL ? file : "--log");
    else
        note("QEMU ended with status %d before the kernel ran",
             WIFEXITED(status) ? WEXITSTATUS(status) : status);
    free(words);
    free(file);
}

static void session_attempt(struct session *session, int image)
{
    session->machine_begin = clock_seconds();
    machine_start(&session->machine, session->parts, session->options, image, session->kvm);
    channel_init(&session->channel, session->machine.channel);
    while (!session->over && !(session->gone && (!session->finished || sinks_empty(session))))
        session_turn(session);
}

/* KVM gave no sign of life, or QEMU could not even begin with it: the same once more under TCG. */
static bool session_falls_back(struct session *session)
{
    bool failed = session->gone && !session->greeted;
    if (!session->kvm || session->options->accelerator != ACCELERATOR_AUTO ||
        !(session->silent || failed))
        return false;
    note("KVM does not run a 64-bit guest here; going on with TCG (furca doctor says more)");
    accel_remember(session->parts, ACCEL_HANGS);
    session->kvm = session->silent = session->over = session->gone = false;
    log_restart(&session->log);
    return true;
}

static bool session_wants_kvm(const struct session *session)
{
    const struct options *options = session->options;
    if (options->accelerator != ACCELERATOR_AUTO || options->icount)
        return options->accelerator == ACCELERATOR_KVM;
    return accel_obstacle() == NULL && accel_recall(session->parts) != ACCEL_HANGS;
}

int session_run(const struct session_input *input)
{
    struct session session = {.options = input->options,
                              .parts = input->parts,
                              .terminal = input->terminal,
                              .begin = input->begin};
    log_open(&session.log, input->options->log);
    signals_open(&session);
    relays_open(&session, input->standard);
    session.kvm = session_wants_kvm(&session);
    bool again;
    do {
        session_attempt(&session, input->image);
        int status = machine_stop(&session.machine);
        again = session_falls_back(&session);
        if (!again) {
            terminal_restore();
            session_judge(&session, status);
        }
        machine_drop(&session.machine);
        channel_drop(&session.channel);
    } while (again);
    session_time(&session, "the guest is gone");
    log_drop(&session.log);
    return session.status;
}
