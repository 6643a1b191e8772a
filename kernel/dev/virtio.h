/*
 * Virtio devices (Virtual I/O Device Version 1.1): what a driver for one kind of device sees. The
 * transport (virtio_mmio.c) finds devices and moves registers; the queues (virtio_queue.h) are the
 * same on all transports; a driver (virtio_console.c, virtio_9p.c) is a line in a table.
 *
 * Life: virtio_device_add() resets the device and offers it to its driver; the driver's probe
 * agrees on features, starts its queues and calls virtio_ready(). Devices stay for ever: the
 * machines have no hot plug.
 *
 * Locks: each queue has a spinlock, taken with interrupts off; it guards the ring. Completions run
 * in the interrupt, without it.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "arch/address.h"
#include "dev/virtio_queue.h"
#include "sched/spin.h"

struct virtio_device;

enum { VIRTIO_QUEUES_MAX = 2 };

/* What a transport does for a device. */
struct virtio_transport {
    uint64_t (*features)(struct virtio_device *device);
    void (*set_features)(struct virtio_device *device, uint64_t features);
    uint8_t (*status)(struct virtio_device *device);
    void (*set_status)(struct virtio_device *device, uint8_t status);
    /* Descriptors that queue `index` may have at most; 0: there is no such queue. */
    uint16_t (*queue_limit)(struct virtio_device *device, unsigned index);
    /* Tells the device where the ring of the queue lies and starts it. */
    void (*queue_start)(struct virtio_device *device, unsigned index, const struct vring *ring);
    void (*notify)(struct virtio_device *device, unsigned index);
    /* One byte of the device's own configuration. */
    uint8_t (*configuration)(struct virtio_device *device, unsigned offset);
};

/* A running queue of a device. */
struct virtio_port {
    struct spinlock lock;      /* taken by the interrupt: always spin_lock_irq */
    struct virtio_queue queue; /* lock */
    /* Called in the interrupt for each chain that came back; may add chains again. */
    void (*done)(struct virtio_port *port, void *token, uint32_t written);
    struct virtio_device *device;
    unsigned index;
};

/* c: constant after probe. */
struct virtio_device {
    const struct virtio_transport *transport; /* c */
    uint32_t kind;                            /* c VIRTIO_ID_… */
    bool modern;                 /* c VIRTIO_F_VERSION_1 was offered: a version 1.0 device */
    uint64_t features;           /* c agreed upon */
    volatile uint8_t *registers; /* c the transport's */
    struct virtio_port ports[VIRTIO_QUEUES_MAX];
    void *driver; /* c the driver's */
};

struct virtio_driver {
    uint32_t kind; /* VIRTIO_ID_… */
    /* 0, or -errno and the device is left alone. What was allocated by then has been freed by the
     * driver. */
    int (*probe)(struct virtio_device *device);
};

extern const struct virtio_driver virtio_console_driver;
extern const struct virtio_driver virtio_9p_driver;

/* Finds the machine's devices and starts their drivers; memory and interrupts must work. Once, at
 * boot.
 */
void virtio_init(void);

/* The transport found a device: finds its driver and lets it probe. The device, zeroed but for
   transport, kind and registers, stays the caller's if this fails: 0, -ENODEV (no driver), or what
   the probe said. */
int virtio_device_add(struct virtio_device *device);

/* For drivers, in this order. Agrees on those of `wanted` that the device offers (and on
 * VIRTIO_F_VERSION_1 if it does): 0 or -ENODEV. */
int virtio_features_agree(struct virtio_device *device, uint64_t wanted);
/* Starts queue `index` with the completion `done`: 0, -ENODEV (the device has no such queue),
 * -ENOMEM. */
int virtio_port_start(struct virtio_device *device, unsigned index,
                      void (*done)(struct virtio_port *port, void *token, uint32_t written));
/* Ends the probe: from here on the device works. */
void virtio_ready(struct virtio_device *device);

/* Adds a chain as virtio_queue_add does and notifies the device if it wants that. Any context. 0 or
 * -ENOSPC. */
int virtio_port_add(struct virtio_port *port, const struct virtio_piece *pieces, unsigned readable,
                    unsigned writable, void *token);
/* The little-endian number of `size` bytes (1 … 8) in the device's configuration. */
uint64_t virtio_configuration(struct virtio_device *device, unsigned offset, unsigned size);

/* From the transport's interrupt: takes back what the device has finished, on every queue. */
void virtio_interrupt(struct virtio_device *device);

/* Memory of the direct map as a piece. */
struct virtio_piece virtio_piece_of(const void *memory, uint32_t size);

/* virtio_mmio.c: finds the devices that the command line announces. */
void virtio_mmio_find(const char *command_line);

#endif
