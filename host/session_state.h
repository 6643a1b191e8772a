/*
 * The state of a session, shared by its loop (session.c) and by what the guest's frames do to it
 * (session_frames.c).
 */
#ifndef HOST_SESSION_STATE_H
#define HOST_SESSION_STATE_H

#include "channel.h"
#include "log.h"
#include "machine.h"
#include "options.h"
#include "parts.h"
#include "relay.h"
#include "terminal.h"

#include <stdbool.h>

enum { SINK_OUTPUT, SINK_ERRORS, SINK_SCREEN, SINK_TRACE, SINKS };

struct session {
    const struct options *options;
    const struct parts *parts;
    struct terminal *terminal;
    double begin;
    struct machine machine;
    struct channel channel;
    struct log log;
    int signals;
    struct relay_source input;
    struct relay_sink sinks[SINKS];
    bool kvm;
    bool silent;  /* KVM gave no sign of life */
    bool greeted; /* init has said hello; nothing is sent before that */
    bool started;
    bool finished;
    bool gone; /* the machine has ended */
    bool over; /* leave the loop; status is furca's */
    int status;
    int signal;           /* sent and not yet answered, or 0 */
    double machine_begin; /* when QEMU was started */
    double signal_time;   /* when the signal was sent */
    double finish_time;   /* when the report came */
};

/* With --verbose, says what has happened and when. */
void session_time(const struct session *session, const char *what);

/* Leaves the loop with this status of furca. */
void session_end(struct session *session, int status);

/* The program's status is known; what the sinks hold has to be written yet. */
void session_finish(struct session *session, int status);

/* Ends the session when `error` is a failure of the channel other than the end of QEMU. */
void session_check(struct session *session, int error);

/* Does what a frame from the guest says. */
void session_frame(struct session *session, const struct channel_frame *frame);

#endif
