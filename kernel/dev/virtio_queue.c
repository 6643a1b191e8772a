/*
 * See virtio_queue.h. The free descriptors are linked through their own `next` fields. The order of
 * stores is what matters: a chain's descriptors before its entry in the available ring, that before
 * the ring's index, the index before the look at the device's flags (2.6.13); and the used index is
 * read before the entry that it announces.
 */
#include "dev/virtio_queue.h"

#include "lib/assert.h"
#include "lib/errno.h"

size_t virtio_queue_bytes(uint16_t size)
{
    return vring_size(size, VIRTIO_QUEUE_ALIGN);
}

void virtio_queue_init(struct virtio_queue *queue, void *memory, uint16_t size)
{
    kernel_assert(size && size <= VIRTIO_QUEUE_SIZE_MAX && (size & (size - 1)) == 0);
    *queue = (struct virtio_queue){.free_count = size};
    vring_init(&queue->ring, size, memory, VIRTIO_QUEUE_ALIGN);
    for (uint16_t i = 0; i < size; i++)
        queue->ring.desc[i].next = i + 1;
}

int virtio_queue_add(struct virtio_queue *queue, const struct virtio_piece *pieces,
                     unsigned readable, unsigned writable, void *token)
{
    unsigned count = readable + writable;
    if (count > queue->free_count)
        return -ENOSPC;

    uint16_t head = queue->free_head, next = head;
    for (unsigned i = 0; i < count; i++) {
        struct vring_desc *descriptor = &queue->ring.desc[next];
        descriptor->addr = pieces[i].address;
        descriptor->len = pieces[i].size;
        descriptor->flags =
            (i < readable ? 0 : VRING_DESC_F_WRITE) | (i + 1 < count ? VRING_DESC_F_NEXT : 0);
        next = descriptor->next;
    }
    queue->free_head = next;
    queue->free_count -= count;
    queue->tokens[head] = token;
    queue->ring.avail->ring[queue->published & (queue->ring.num - 1)] = head;
    queue->published++;
    __atomic_store_n(&queue->ring.avail->idx, queue->published, __ATOMIC_RELEASE);
    return 0;
}

bool virtio_queue_notify_wanted(const struct virtio_queue *queue)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return !(__atomic_load_n(&queue->ring.used->flags, __ATOMIC_RELAXED) & VRING_USED_F_NO_NOTIFY);
}

static void chain_free(struct virtio_queue *queue, uint16_t head)
{
    uint16_t last = head, count = 1;
    while (queue->ring.desc[last].flags & VRING_DESC_F_NEXT) {
        last = queue->ring.desc[last].next;
        count++;
    }
    queue->ring.desc[last].next = queue->free_head;
    queue->free_head = head;
    queue->free_count += count;
}

void *virtio_queue_take(struct virtio_queue *queue, uint32_t *written)
{
    if (__atomic_load_n(&queue->ring.used->idx, __ATOMIC_ACQUIRE) == queue->taken)
        return NULL;
    struct vring_used_elem done = queue->ring.used->ring[queue->taken & (queue->ring.num - 1)];
    kernel_assert(done.id < queue->ring.num && queue->tokens[done.id]);

    void *token = queue->tokens[done.id];
    queue->tokens[done.id] = NULL;
    queue->taken++;
    chain_free(queue, done.id);
    *written = done.len;
    return token;
}

bool virtio_queue_check(const struct virtio_queue *queue)
{
    unsigned held = 0, pieces = 0;
    for (unsigned head = 0; head < queue->ring.num; head++) {
        if (!queue->tokens[head])
            continue;
        held++;
        pieces++;
        for (unsigned at = head; queue->ring.desc[at].flags & VRING_DESC_F_NEXT; pieces++)
            at = queue->ring.desc[at].next;
    }
    return held == virtio_queue_held(queue) && pieces + queue->free_count == queue->ring.num;
}
