/*
 * The virtio 9P transport (Linux's include/uapi/linux/virtio_9p.h; the device has id 9 and one
 * queue): a channel for 9P messages whose name, the mount tag, stands in the device's configuration
 * as a length of two bytes and that many bytes of text.
 *
 * A message and the room for its reply are one chain. The queue's lock is the only lock.
 */
#include "dev/virtio.h"

#include "file/p9_transport.h"
#include "lib/assert.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/slab.h"
#include <linux/virtio_9p.h>
#include <linux/virtio_ids.h>

enum { PORT_REQUESTS = 0 };

struct channel {
    struct p9_transport transport;
    struct virtio_device *device;
};

static int channel_submit(struct p9_transport *transport, struct p9_exchange *exchange)
{
    struct channel *channel = container_of(transport, struct channel, transport);
    struct virtio_piece pieces[VIRTIO_QUEUE_SIZE_MAX / 2];
    unsigned count = exchange->readable + exchange->writable;
    kernel_assert(count <= transport->pieces_max);
    for (unsigned i = 0; i < count; i++)
        pieces[i] = virtio_piece_of(exchange->pieces[i].memory, exchange->pieces[i].size);
    int error = virtio_port_add(&channel->device->ports[PORT_REQUESTS], pieces, exchange->readable,
                                exchange->writable, exchange);
    return error ? -EAGAIN : 0;
}

static void channel_done(struct virtio_port *port, void *token, uint32_t written)
{
    struct channel *channel = port->device->driver;
    struct p9_exchange *exchange = token;
    exchange->done(exchange, written);
    wait_wake_all(&channel->transport.room);
}

static int tag_read(struct virtio_device *device, char *tag)
{
    uint64_t length = virtio_configuration(device, 0, 2);
    if (length == 0 || length > P9_TAG_LENGTH_MAX)
        return -EINVAL;
    for (unsigned i = 0; i < length; i++)
        tag[i] = virtio_configuration(device, 2 + i, 1);
    tag[length] = '\0';
    return 0;
}

static int channel_start(struct channel *channel, struct virtio_device *device)
{
    int error = virtio_features_agree(device, UINT64_C(1) << VIRTIO_9P_MOUNT_TAG);
    if (!error)
        error = tag_read(device, channel->transport.tag);
    if (!error)
        error = virtio_port_start(device, PORT_REQUESTS, channel_done);
    return error;
}

static int channel_probe(struct virtio_device *device)
{
    struct channel *channel = heap_alloc_zero(sizeof(*channel));
    if (!channel)
        return -ENOMEM;
    int error = channel_start(channel, device);
    if (error) {
        heap_free(channel);
        return error;
    }
    channel->device = device;
    channel->transport.submit = channel_submit;
    channel->transport.pieces_max =
        min_size(device->ports[PORT_REQUESTS].queue.ring.num, VIRTIO_QUEUE_SIZE_MAX / 2);
    device->driver = channel;
    virtio_ready(device);
    p9_transport_register(&channel->transport);
    return 0;
}

const struct virtio_driver virtio_9p_driver = {
    .kind = VIRTIO_ID_9P,
    .probe = channel_probe,
};
