/*
 * Sources and sinks, see relay.h.
 */
#include "relay.h"

#include <errno.h>
#include <unistd.h>

void relay_source_poll(const struct relay_source *source, const struct channel *channel,
                       struct pollfd *slot)
{
    bool wanted = source->fd >= 0 && channel_room(channel, source->stream) != 0;
    *slot = (struct pollfd){.fd = wanted ? source->fd : -1, .events = POLLIN};
}

void relay_sink_poll(const struct relay_sink *sink, struct pollfd *slot)
{
    bool full = bytes_count(&sink->pending) != 0;
    bool wanted = sink->fd >= 0 && (full || !sink->quiet);
    *slot = (struct pollfd){.fd = wanted ? sink->fd : -1, .events = full ? POLLOUT : 0};
}

void relay_source_close(struct relay_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

void relay_sink_close(struct relay_sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}

int relay_source_pump(struct relay_source *source, struct channel *channel)
{
    if (source->fd < 0)
        return 0;
    uint8_t data[CHANNEL_PAYLOAD_MAX];
    size_t room = channel_room(channel, source->stream);
    if (room == 0)
        return -EAGAIN;
    ssize_t count = read(source->fd, data, room);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return -EAGAIN;
    if (count <= 0) {
        relay_source_close(source);
        return channel_send(channel, CHANNEL_END, source->stream, NULL, 0);
    }
    int error = channel_send_data(channel, source->stream, data, (size_t)count);
    return error ? error : (int)count;
}

static int relay_sink_discard(struct relay_sink *sink, struct channel *channel)
{
    size_t count = bytes_count(&sink->pending);
    bytes_drop(&sink->pending);
    return channel_consumed(channel, sink->stream, count);
}

static int relay_sink_gone(struct relay_sink *sink, struct channel *channel)
{
    relay_sink_close(sink);
    int error = channel_send(channel, CHANNEL_GONE, sink->stream, NULL, 0);
    return error ? error : relay_sink_discard(sink, channel);
}

/* Returns 1 when it wrote something, 0 when the descriptor takes no more now or is closed, or
 * -ENOMEM. */
static int relay_sink_write(struct relay_sink *sink, struct channel *channel)
{
    size_t count = bytes_count(&sink->pending);
    if (sink->chunk != 0 && count > sink->chunk)
        count = sink->chunk;
    ssize_t written = write(sink->fd, bytes_front(&sink->pending), count);
    if (written < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : relay_sink_gone(sink, channel);
    bytes_take(&sink->pending, (size_t)written);
    int error = channel_consumed(channel, sink->stream, (size_t)written);
    return error ? error : 1;
}

int relay_sink_pump(struct relay_sink *sink, struct channel *channel, short events)
{
    if (sink->fd < 0)
        return 0;
    if ((events & (POLLERR | POLLNVAL)) && bytes_count(&sink->pending) == 0)
        return relay_sink_gone(sink, channel);
    int wrote = 1;
    while (events != 0 && wrote == 1 && sink->fd >= 0 && bytes_count(&sink->pending) != 0) {
        wrote = relay_sink_write(sink, channel);
        if (sink->chunk != 0)
            break;
    }
    if (sink->ended && bytes_count(&sink->pending) == 0)
        relay_sink_close(sink);
    return wrote < 0 ? wrote : 0;
}

int relay_sink_accept(struct relay_sink *sink, struct channel *channel,
                      const struct channel_frame *frame)
{
    if (sink->fd < 0)
        return channel_consumed(channel, sink->stream, frame->length);
    return bytes_append(&sink->pending, frame->payload, frame->length);
}

void relay_sink_end(struct relay_sink *sink)
{
    sink->ended = true;
    if (bytes_count(&sink->pending) == 0)
        relay_sink_close(sink);
}
