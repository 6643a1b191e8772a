/*
 * Frames and credits, as channel.h describes them. The only system calls are the read and the write
 * of channel_fill() and channel_flush(); everything else is a state machine over two byte queues
 * and can be driven by a test.
 */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { CHANNEL_READ_SIZE = 65536 };

static void number_store(uint8_t *to, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(number >> (8 * i));
}

static uint32_t number_load(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

void channel_init(struct channel *channel, int fd)
{
    *channel = (struct channel){.fd = fd};
    for (int i = 0; i < CHANNEL_STREAMS; i++)
        channel->flow[i].credit = CHANNEL_WINDOW;
}

void channel_drop(struct channel *channel)
{
    bytes_drop(&channel->in);
    bytes_drop(&channel->out);
    channel->parsed = 0;
}

short channel_events(const struct channel *channel)
{
    return bytes_count(&channel->out) ? POLLIN | POLLOUT : POLLIN;
}

int channel_fill(struct channel *channel)
{
    bytes_take(&channel->in, channel->parsed);
    channel->parsed = 0;
    uint8_t *room = bytes_reserve(&channel->in, CHANNEL_READ_SIZE);
    if (room == NULL)
        return -ENOMEM;
    ssize_t count = read(channel->fd, room, CHANNEL_READ_SIZE);
    if (count < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    bytes_grow(&channel->in, (size_t)count);
    return (int)count;
}

static int channel_parse(struct channel *channel, struct channel_frame *frame)
{
    size_t have = bytes_count(&channel->in);
    if (have < CHANNEL_HEADER_SIZE)
        return 0;
    const uint8_t *header = bytes_front(&channel->in);
    size_t length = header[2] | (size_t)header[3] << 8;
    if (header[0] == 0 || header[0] >= CHANNEL_TYPES || header[1] >= CHANNEL_STREAMS ||
        length > CHANNEL_PAYLOAD_MAX)
        return -EPROTO;
    if (have < CHANNEL_HEADER_SIZE + length)
        return 0;
    frame->type = header[0];
    frame->stream = header[1];
    frame->length = length;
    frame->payload = header + CHANNEL_HEADER_SIZE;
    channel->parsed = CHANNEL_HEADER_SIZE + length;
    return 1;
}

static int channel_owe(struct channel *channel, enum channel_stream stream, uint32_t cost)
{
    struct channel_flow *flow = &channel->flow[stream];
    flow->owed += cost;
    if (flow->owed < CHANNEL_WINDOW / 2)
        return 0;
    uint8_t payload[4];
    number_store(payload, flow->owed);
    int error = channel_send(channel, CHANNEL_CREDIT, stream, payload, sizeof(payload));
    if (error == 0)
        flow->owed = 0;
    return error;
}

int channel_next(struct channel *channel, struct channel_frame *frame)
{
    for (;;) {
        bytes_take(&channel->in, channel->parsed);
        channel->parsed = 0;
        int found = channel_parse(channel, frame);
        if (found != 1)
            return found;
        if (frame->type == CHANNEL_DATA) {
            int error = channel_owe(channel, frame->stream, CHANNEL_FRAME_COST);
            return error ? error : 1;
        }
        if (frame->type != CHANNEL_CREDIT)
            return 1;
        channel->flow[frame->stream].credit += channel_number(frame, 0);
        if (channel->flow[frame->stream].credit > CHANNEL_WINDOW)
            return -EPROTO;
    }
}

size_t channel_room(const struct channel *channel, enum channel_stream stream)
{
    uint32_t credit = channel->flow[stream].credit;
    if (credit <= CHANNEL_FRAME_COST)
        return 0;
    size_t room = credit - CHANNEL_FRAME_COST;
    return room < CHANNEL_PAYLOAD_MAX ? room : CHANNEL_PAYLOAD_MAX;
}

int channel_send(struct channel *channel, enum channel_type type, enum channel_stream stream,
                 const void *data, size_t count)
{
    uint8_t *room = bytes_reserve(&channel->out, CHANNEL_HEADER_SIZE + count);
    if (room == NULL)
        return -ENOMEM;
    room[0] = (uint8_t)type;
    room[1] = (uint8_t)stream;
    room[2] = (uint8_t)count;
    room[3] = (uint8_t)(count >> 8);
    if (count != 0)
        memcpy(room + CHANNEL_HEADER_SIZE, data, count);
    bytes_grow(&channel->out, CHANNEL_HEADER_SIZE + count);
    return 0;
}

int channel_send_data(struct channel *channel, enum channel_stream stream, const void *data,
                      size_t count)
{
    int error = channel_send(channel, CHANNEL_DATA, stream, data, count);
    if (error == 0)
        channel->flow[stream].credit -= CHANNEL_FRAME_COST + (uint32_t)count;
    return error;
}

int channel_send_number(struct channel *channel, enum channel_type type, uint32_t number)
{
    uint8_t payload[4];
    number_store(payload, number);
    return channel_send(channel, type, 0, payload, sizeof(payload));
}

int channel_send_numbers(struct channel *channel, enum channel_type type, uint32_t first,
                         uint32_t second)
{
    uint8_t payload[8];
    number_store(payload, first);
    number_store(payload + 4, second);
    return channel_send(channel, type, 0, payload, sizeof(payload));
}

uint32_t channel_number(const struct channel_frame *frame, size_t index)
{
    return frame->length >= 4 * (index + 1) ? number_load(frame->payload + 4 * index) : 0;
}

int channel_consumed(struct channel *channel, enum channel_stream stream, size_t count)
{
    return channel_owe(channel, stream, (uint32_t)count);
}

int channel_flush(struct channel *channel)
{
    while (bytes_count(&channel->out) != 0) {
        ssize_t count = write(channel->fd, bytes_front(&channel->out), bytes_count(&channel->out));
        if (count < 0)
            return errno == EINTR ? -EAGAIN : -errno;
        bytes_take(&channel->out, (size_t)count);
    }
    return 0;
}
