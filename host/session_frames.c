/*
 * What the guest says: data for the sinks, ends of streams, and the reports of init.
 */
#define _GNU_SOURCE
#include "accel.h"
#include "clock.h"
#include "fail.h"
#include "session_state.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

void session_time(const struct session *session, const char *what)
{
    if (session->options->verbose)
        note("%.3f s: %s", clock_seconds() - session->begin, what);
}

void session_end(struct session *session, int status)
{
    session->over = true;
    session->status = status;
}

void session_finish(struct session *session, int status)
{
    session->finished = true;
    session->finish_time = clock_seconds();
    session->status = status;
    relay_source_close(&session->input);
    session_time(session, "the program has ended");
}

static struct relay_sink *session_sink(struct session *session, enum channel_stream stream)
{
    for (int i = 0; i < SINKS; i++) {
        if (session->sinks[i].stream == stream)
            return &session->sinks[i];
    }
    return NULL;
}

void session_check(struct session *session, int error)
{
    if (error >= 0 || error == -EAGAIN || session->over)
        return;
    if (error == -EPIPE || error == -ECONNRESET)
        return; /* QEMU has ended, which is noticed on its own */
    note("the channel to the guest failed: %s", strerror(-error));
    session_end(session, EXIT_FURCA);
}

/* Standard error is not closed with the stream: furca itself may have to say something yet. */
static void frame_end(struct session *session, enum channel_stream stream)
{
    struct relay_sink *sink = session_sink(session, stream);
    if (sink != NULL && stream == CHANNEL_STDOUT)
        relay_sink_end(sink);
}

static void frame_failed(struct session *session, const struct channel_frame *frame)
{
    size_t length = frame->length > 4 ? frame->length - 4 : 0;
    note("%.*s", (int)length, (const char *)frame->payload + 4);
    session_finish(session, (int)channel_number(frame, 0));
}

static void frame_hello(struct session *session, const struct channel_frame *frame)
{
    session_time(session, "the guest's init runs");
    session->greeted = true;
    if (session->kvm && accel_recall(session->parts) != ACCEL_WORKS)
        accel_remember(session->parts, ACCEL_WORKS);
    if (channel_number(frame, 0) == CHANNEL_VERSION)
        return;
    note("init and furca are of different versions; build both with make");
    session_end(session, EXIT_FURCA);
}

static void frame_started(struct session *session)
{
    session_time(session, "the program runs");
    session->started = true;
    terminal_start(session->terminal);
}

/* The program was stopped, so furca stops too, and its shell notices. SIGCONT will wake both. */
static void frame_stopped(void)
{
    terminal_restore();
    kill(getpid(), SIGSTOP);
}

static void frame_missing(const struct channel_frame *frame)
{
    ssize_t ignored = write(STDERR_FILENO, frame->payload, frame->length);
    (void)ignored;
}

static void frame_report(struct session *session, const struct channel_frame *frame)
{
    switch (frame->type) {
    case CHANNEL_HELLO:
        frame_hello(session, frame);
        break;
    case CHANNEL_STARTED:
        frame_started(session);
        break;
    case CHANNEL_SIGNALED:
        session->signal = 0;
        break;
    case CHANNEL_STOPPED:
        frame_stopped();
        break;
    case CHANNEL_MISSING:
        frame_missing(frame);
        break;
    case CHANNEL_EXITED:
        session_finish(session, (int)channel_number(frame, 0));
        break;
    case CHANNEL_KILLED:
        session_finish(session, EXIT_SIGNAL + (int)channel_number(frame, 0));
        break;
    case CHANNEL_FAILED:
        frame_failed(session, frame);
        break;
    default:
        session_check(session, -EPROTO);
    }
}

void session_frame(struct session *session, const struct channel_frame *frame)
{
    struct relay_sink *sink = session_sink(session, frame->stream);
    if (frame->type == CHANNEL_DATA && sink != NULL)
        session_check(session, relay_sink_accept(sink, &session->channel, frame));
    else if (frame->type == CHANNEL_END)
        frame_end(session, frame->stream);
    else if (frame->type == CHANNEL_GONE && frame->stream == CHANNEL_STDIN)
        relay_source_close(&session->input);
    else if (frame->type != CHANNEL_GONE)
        frame_report(session, frame);
}
