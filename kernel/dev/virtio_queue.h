/*
 * Split virtqueues (Virtual I/O Device Version 1.1, section 2.6): the ring through which a driver
 * hands chains of memory pieces to a device and gets them back. Pure ring logic over memory that
 * the caller supplies; it knows no transport, no lock and no kernel address, so that it can be
 * tested on the host.
 *
 * The layout is the contiguous one of legacy devices (descriptors, available ring, used ring at the
 * next page), which a modern device takes as well. One caller at a time: the owner serialises. Each
 * operation is O(pieces of the chain).
 */
#ifndef DEV_VIRTIO_QUEUE_H
#define DEV_VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

enum { VIRTIO_QUEUE_SIZE_MAX = 128, VIRTIO_QUEUE_ALIGN = 4096 };

/* Contiguous memory as the device sees it: a physical address and a length in bytes. */
struct virtio_piece {
    uint64_t address;
    uint32_t size;
};

/*
 * Invariants: every descriptor is either on the free list (free_count of them, from free_head) or
 * part of a chain that the device holds; tokens[head] is non-NULL exactly for the heads of such
 * chains.
 */
struct virtio_queue {
    struct vring ring;
    uint16_t free_head;
    uint16_t free_count;
    uint16_t published; /* chains ever made available, modulo 2^16 */
    uint16_t taken;     /* chains ever taken back, modulo 2^16 */
    void *tokens[VIRTIO_QUEUE_SIZE_MAX];
};

/* Bytes of ring memory that a queue of `size` descriptors needs. */
size_t virtio_queue_bytes(uint16_t size);
/* An empty queue in `memory`: zeroed, aligned to VIRTIO_QUEUE_ALIGN, virtio_queue_bytes(size) long,
   of which the queue only borrows. `size` is a power of two, at most VIRTIO_QUEUE_SIZE_MAX. */
void virtio_queue_init(struct virtio_queue *queue, void *memory, uint16_t size);

/*
 * Makes a chain available: the first `readable` pieces are read by the device, the `writable` ones
 * after them are written by it; at least one in all. The memory belongs to the device until
 * virtio_queue_take returns `token`, which is not NULL. 0, or -ENOSPC (nothing changed). The device
 * need not look before virtio_queue_notify_wanted was asked and it was notified.
 */
int virtio_queue_add(struct virtio_queue *queue, const struct virtio_piece *pieces,
                     unsigned readable, unsigned writable, void *token);
/* After one or more additions: whether the device wants to be notified. */
bool virtio_queue_notify_wanted(const struct virtio_queue *queue);
/* The token of a chain that the device has finished with, and in *written the bytes that it wrote;
 * NULL: there is none. */
void *virtio_queue_take(struct virtio_queue *queue, uint32_t *written);

/* Chains that the device holds. */
static inline uint16_t virtio_queue_held(const struct virtio_queue *queue)
{
    return (uint16_t)(queue->published - queue->taken);
}

/* The invariants above, as code; O(size). */
bool virtio_queue_check(const struct virtio_queue *queue);

#endif
