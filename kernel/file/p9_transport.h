/*
 * What carries 9P messages to a server: a channel with a tag (the name that mount(2) gives), over
 * which several requests may be under way. The driver (dev/virtio_9p.c) registers channels at boot;
 * the client (fs/p9_client.c) uses them.
 */
#ifndef FILE_P9_TRANSPORT_H
#define FILE_P9_TRANSPORT_H

#include "sched/wait.h"
#include <bsd/sys/queue.h>
#include <stdint.h>

struct p9_transport;

/* A piece of physically contiguous kernel memory. */
struct p9_piece {
    const void *memory;
    uint32_t size;
};

/* A message on its way: the readable pieces hold the request, the writable ones take the reply, in
   order. They belong to the server until `done`, which is called exactly once for each accepted
   exchange, perhaps from an interrupt; size: bytes of the reply, 0 if the server dropped the
   request. */
struct p9_exchange {
    const struct p9_piece *pieces;
    unsigned readable, writable;
    void (*done)(struct p9_exchange *exchange, uint32_t size);
};

enum { P9_TAG_LENGTH_MAX = 63 };

struct p9_transport {
    char tag[P9_TAG_LENGTH_MAX + 1];
    unsigned pieces_max;    /* pieces that one exchange may have */
    struct wait_queue room; /* woken when an exchange has ended, after it gave its room back */
    /* Takes the exchange: 0, or -EAGAIN when there is no room: wait on `room`. Any context. */
    int (*submit)(struct p9_transport *transport, struct p9_exchange *exchange);
    _Atomic uint32_t busy; /* some client has it */
    STAILQ_ENTRY(p9_transport) link;
};

/* At boot only. The transport lives for ever. */
void p9_transport_register(struct p9_transport *transport);
/* The channel with this tag for one client: 0, -ENOENT, -EBUSY. */
int p9_transport_claim(const char *tag, struct p9_transport **result);
void p9_transport_release(struct p9_transport *transport);

#endif
