/*
 * Moving bytes between descriptors and the streams of a channel; both ends of the channel use it.
 *
 * A source reads a descriptor into a stream, as fast as the stream's credit allows. A sink holds
 * what a stream has brought, at most a window, until its descriptor takes it. The ends that a pipe
 * can have are passed on: end of file at a source becomes CHANNEL_END, at which the sink closes its
 * descriptor once it is empty; a sink whose reader is gone (EPIPE) answers CHANNEL_GONE, at which
 * the source closes its descriptor, so that a writer there gets its SIGPIPE.
 *
 * Sources and sinks own their descriptors; -1 means closed. Nothing here blocks as long as the
 * descriptor is either non-blocking or takes `chunk` bytes when poll(2) calls it writable.
 */
#ifndef GUEST_RELAY_H
#define GUEST_RELAY_H

#include "channel.h"

#include <poll.h>
#include <stdbool.h>

struct relay_source {
    int fd;
    enum channel_stream stream;
};

struct relay_sink {
    int fd;
    enum channel_stream stream;
    size_t chunk; /* the most to write at once; 0 for no limit */
    bool quiet;   /* do not poll while there is nothing to write */
    bool ended;   /* the stream has ended; close when empty */
    struct bytes pending;
};

/* Fills a poll slot: descriptor -1 (ignored by poll) when there is nothing to wait for. */
void relay_source_poll(const struct relay_source *source, const struct channel *channel,
                       struct pollfd *slot);
void relay_sink_poll(const struct relay_sink *sink, struct pollfd *slot);

/*
 * Reads once if the stream has room. Returns the bytes moved, 0 when the source has ended (now or
 * before) and is closed, -EAGAIN when there is nothing to read or no room, -ENOMEM.
 */
int relay_source_pump(struct relay_source *source, struct channel *channel);

/* Writes what is pending, as far as the descriptor takes it, and closes it when the stream has
 * ended. Returns 0 or -ENOMEM. */
int relay_sink_pump(struct relay_sink *sink, struct channel *channel, short events);

/* A data frame has come for this sink. Without a descriptor the bytes are thrown away. Returns 0 or
 * -ENOMEM. */
int relay_sink_accept(struct relay_sink *sink, struct channel *channel,
                      const struct channel_frame *frame);

/* The stream has ended: no more frames will come. */
void relay_sink_end(struct relay_sink *sink);

/* Closes the descriptor without a word to the other side. */
void relay_source_close(struct relay_source *source);
void relay_sink_close(struct relay_sink *sink);

#endif
