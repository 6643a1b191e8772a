/*
 * Virtio, the part between transports and drivers: the hand-shake of section 3.1, the rings'
 * memory, completions. See virtio.h.
 */
#include "dev/virtio.h"

#include "arch/machine.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/frame.h"
#include "trace/log.h"
#include <linux/virtio_config.h>

static const struct virtio_driver *const drivers[] = {&virtio_console_driver, &virtio_9p_driver};

void virtio_init(void)
{
    virtio_mmio_find(machine.command_line);
}

static void status_add(struct virtio_device *device, uint8_t bits)
{
    device->transport->set_status(device, device->transport->status(device) | bits);
}

static const struct virtio_driver *driver_find(uint32_t kind)
{
    for (size_t i = 0; i < array_size(drivers); i++) {
        if (drivers[i]->kind == kind)
            return drivers[i];
    }
    return NULL;
}

int virtio_device_add(struct virtio_device *device)
{
    const struct virtio_driver *driver = driver_find(device->kind);
    if (!driver)
        return -ENODEV;
    device->transport->set_status(device, 0);
    status_add(device, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    status_add(device, VIRTIO_CONFIG_S_DRIVER);

    int error = driver->probe(device);
    if (error) {
        status_add(device, VIRTIO_CONFIG_S_FAILED);
        log_line("virtio: device of kind %u does not start: error %d", device->kind, error);
    }
    return error;
}

int virtio_features_agree(struct virtio_device *device, uint64_t wanted)
{
    uint64_t version = UINT64_C(1) << VIRTIO_F_VERSION_1;
    device->features = device->transport->features(device) & (wanted | version);
    device->modern = device->features & version;
    device->transport->set_features(device, device->features);
    if (!device->modern)
        return 0;
    status_add(device, VIRTIO_CONFIG_S_FEATURES_OK);
    return device->transport->status(device) & VIRTIO_CONFIG_S_FEATURES_OK ? 0 : -ENODEV;
}

static unsigned order_of(size_t bytes)
{
    unsigned order = 0;
    while (((size_t)PAGE_SIZE << order) < bytes)
        order++;
    return order;
}

int virtio_port_start(struct virtio_device *device, unsigned index,
                      void (*done)(struct virtio_port *port, void *token, uint32_t written))
{
    uint16_t size = device->transport->queue_limit(device, index);
    if (!size)
        return -ENODEV;
    if (size > VIRTIO_QUEUE_SIZE_MAX)
        size = VIRTIO_QUEUE_SIZE_MAX;
    struct frame *frame = frame_alloc(FRAME_KERNEL, order_of(virtio_queue_bytes(size)), FRAME_ZERO);
    if (!frame)
        return -ENOMEM;

    struct virtio_port *port = &device->ports[index];
    *port = (struct virtio_port){.done = done, .device = device, .index = index};
    virtio_queue_init(&port->queue, frame_address(frame), size);
    device->transport->queue_start(device, index, &port->queue.ring);
    return 0;
}

void virtio_ready(struct virtio_device *device)
{
    status_add(device, VIRTIO_CONFIG_S_DRIVER_OK);
}

int virtio_port_add(struct virtio_port *port, const struct virtio_piece *pieces, unsigned readable,
                    unsigned writable, void *token)
{
    uint64_t saved = spin_lock_irq(&port->lock);
    int error = virtio_queue_add(&port->queue, pieces, readable, writable, token);
    bool notify = !error && virtio_queue_notify_wanted(&port->queue);
    spin_unlock_irq(&port->lock, saved);
    if (notify)
        port->device->transport->notify(port->device, port->index);
    return error;
}

static void *port_take(struct virtio_port *port, uint32_t *written)
{
    uint64_t saved = spin_lock_irq(&port->lock);
    void *token = virtio_queue_take(&port->queue, written);
    spin_unlock_irq(&port->lock, saved);
    return token;
}

void virtio_interrupt(struct virtio_device *device)
{
    for (unsigned i = 0; i < VIRTIO_QUEUES_MAX; i++) {
        struct virtio_port *port = &device->ports[i];
        uint32_t written;
        void *token;
        while (port->done && (token = port_take(port, &written)))
            port->done(port, token, written);
    }
}

uint64_t virtio_configuration(struct virtio_device *device, unsigned offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | device->transport->configuration(device, offset + i);
    return value;
}

struct virtio_piece virtio_piece_of(const void *memory, uint32_t size)
{
    return (struct virtio_piece){kernel_to_phys(memory).value, size};
}
