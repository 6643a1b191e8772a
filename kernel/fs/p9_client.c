/*
 * See p9_client.h. A request is one heap object: the structure, the bytes of its message, the room
 * for the reply. Completion comes in an interrupt: it sets `ended` and wakes a queue of the
 * client's (never one of the request's, which its waiter may free at once).
 */
#include "fs/p9_client.h"

#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"

enum { SPARE_FIELDS = 16, FID_LIMIT_FIRST = 1024, FID_LIMIT_MAX = 1 << 24 };

/* --- requests --- */

struct p9_request *p9_request_create(struct p9_client *client, enum p9_type type, uint32_t out_size,
                                     uint32_t in_size)
{
    /* An error reply has four bytes of fields. */
    uint32_t out_bytes = align_up(P9_HEADER_SIZE + out_size, 8);
    uint32_t in_bytes = P9_HEADER_SIZE + max_size(in_size, 4);
    struct p9_request *request = heap_alloc(sizeof(*request) + out_bytes + in_bytes);
    if (!request)
        return NULL;
    memset(request, 0, sizeof(*request));
    request->client = client;
    request->type = type;
    request->detached_fid = P9_NOFID;
    request->out = (struct p9_message){
        .bytes = (uint8_t *)(request + 1), .size = out_bytes, .at = P9_HEADER_SIZE};
    request->in = (struct p9_message){.bytes = request->out.bytes + out_bytes, .size = in_bytes};
    return request;
}

void p9_request_free(struct p9_request *request)
{
    heap_free(request);
}

void p9_request_data(struct p9_request *request, bool out, const void *memory, uint32_t size)
{
    kernel_assert(request->data_count < P9_DATA_PIECES_MAX);
    request->data_out = out;
    request->pieces[2 + request->data_count++] = (struct p9_piece){memory, size};
}

/* --- tags --- */

static bool tag_take(struct p9_request *request)
{
    struct p9_client *client = request->client;
    if (request->type == P9_VERSION) {
        request->tag = P9_NOTAG;
        return true;
    }
    uint64_t saved = spin_lock_irq(&client->lock);
    size_t tag = bitmap_next_clear(client->tags, P9_TAGS, 0);
    if (tag < P9_TAGS)
        bitmap_set(client->tags, tag);
    spin_unlock_irq(&client->lock, saved);
    request->tag = tag;
    request->has_tag = tag < P9_TAGS;
    return request->has_tag;
}

static void tag_give(struct p9_request *request)
{
    struct p9_client *client = request->client;
    if (!request->has_tag)
        return;
    uint64_t saved = spin_lock_irq(&client->lock);
    bitmap_clear(client->tags, request->tag);
    spin_unlock_irq(&client->lock, saved);
    request->has_tag = false;
}

static struct wait_queue *queue_of(struct p9_request *request)
{
    return &request->client->queues[request->tag % P9_WAIT_QUEUES];
}

/* --- sending --- */

static void detached_ended(struct p9_request *request)
{
    if (request->detached_fid != P9_NOFID)
        p9_fid_free(request->client, request->detached_fid);
    tag_give(request);
    p9_request_free(request);
}

static void request_ended(struct p9_exchange *exchange, uint32_t size)
{
    struct p9_request *request = container_of(exchange, struct p9_request, exchange);
    struct wait_queue *queue = queue_of(request);
    request->reply_size = size;
    if (request->detached) {
        detached_ended(request);
        return;
    }
    atomic_store(&request->ended, true);
    wait_wake_all(queue);
}

static uint32_t data_size(const struct p9_request *request)
{
    uint32_t size = 0;
    for (unsigned i = 0; i < request->data_count; i++)
        size += request->pieces[2 + i].size;
    return size;
}

/* The pieces: out, then data that goes out, then in, then data that comes in. */
static void request_lay_out(struct p9_request *request)
{
    struct p9_piece *pieces = request->pieces;
    unsigned data = request->data_count;
    pieces[0] = (struct p9_piece){request->out.bytes, request->out.at};
    struct p9_piece in = {request->in.bytes, request->in.size};
    if (request->data_out) {
        memmove(&pieces[1], &pieces[2], data * sizeof(pieces[0]));
        pieces[1 + data] = in;
    } else {
        pieces[1] = in;
    }
    request->exchange = (struct p9_exchange){
        .pieces = pieces,
        .readable = 1 + (request->data_out ? data : 0),
        .writable = 1 + (request->data_out ? 0 : data),
        .done = request_ended,
    };
}

static void request_seal(struct p9_request *request)
{
    struct p9_message header = {.bytes = request->out.bytes, .size = P9_HEADER_SIZE};
    p9_put_u32(&header, request->out.at + (request->data_out ? data_size(request) : 0));
    p9_put_u8(&header, request->type);
    p9_put_u16(&header, request->tag);
}

/* One attempt to hand the request over; false: there is no tag or no room now. */
static bool request_try(struct p9_request *request)
{
    struct p9_transport *transport = request->client->transport;
    if (!request->has_tag && !tag_take(request))
        return false;
    request_seal(request);
    if (transport->submit(transport, &request->exchange) == 0)
        return true;
    tag_give(request);
    return false;
}

/* Room comes back with every reply, so that this wait is as short as the server is quick: it is not
 * interrupted. */
static void request_send(struct p9_request *request)
{
    struct p9_transport *transport = request->client->transport;
    struct waiter self;
    request_lay_out(request);
    if (request_try(request))
        return;
    waiter_init(&self);
    for (;;) {
        wait_enter(&transport->room, &self);
        if (request_try(request))
            break;
        wait_sleep(WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&transport->room, &self);
}

/* 0: it ended; -EINTR only with P9_KILLABLE. */
static int request_wait(struct p9_request *request, enum p9_patience patience)
{
    enum wait_mode mode = patience == P9_KILLABLE ? WAIT_KILLABLE : WAIT_UNINTERRUPTIBLE;
    struct wait_queue *queue = queue_of(request);
    struct waiter self;
    int error = 0;
    waiter_init(&self);
    for (;;) {
        wait_enter(queue, &self);
        if (atomic_load(&request->ended))
            break;
        error = wait_sleep(mode, WAIT_FOREVER);
        if (error)
            break;
    }
    wait_leave(queue, &self);
    return error;
}

/* Tells the server that nobody wants the reply. Without memory for that the request just takes its
 * time. */
static void request_flush(struct p9_request *request)
{
    struct p9_request *flush = p9_request_create(request->client, P9_FLUSH, 2, 0);
    if (!flush)
        return;
    p9_put_u16(&flush->out, request->tag);
    request_send(flush);
    request_wait(flush, P9_PATIENT);
    tag_give(flush);
    p9_request_free(flush);
}

static int reply_open(struct p9_request *request)
{
    struct p9_message *in = &request->in;
    if (!request->reply_size)
        return -EINTR;
    in->at = 0;
    in->bad = request->reply_size < P9_HEADER_SIZE;
    uint32_t size = p9_get_u32(in);
    unsigned type = p9_get_u8(in), tag = p9_get_u16(in);
    if (in->bad || tag != request->tag ||
        size > in->size + (request->data_out ? 0 : data_size(request)))
        return -EIO;
    in->size = min_size(in->size, size);
    if (type == P9_LERROR + 1) {
        uint32_t error = p9_get_u32(in);
        return error && error < 4096 && !in->bad ? -(int)error : -EIO;
    }
    return type == request->type + 1u ? 0 : -EIO;
}

int p9_request_run(struct p9_request *request, enum p9_patience patience)
{
    if (request->out.bad)
        return -ENAMETOOLONG;
    request_send(request);
    if (request_wait(request, patience)) {
        request_flush(request);
        request_wait(request, P9_PATIENT);
    }
    tag_give(request);
    return reply_open(request);
}

void p9_request_detach(struct p9_request *request, uint32_t fid)
{
    request->detached = true;
    request->detached_fid = fid;
    request_send(request);
}

/* --- fid numbers --- */

/* A larger bitmap, made without the lock; whoever loses the race frees his own. */
static int fids_grow(struct p9_client *client, uint64_t limit)
{
    uint64_t larger = limit ? limit * 2 : FID_LIMIT_FIRST;
    uint64_t *fids = larger <= FID_LIMIT_MAX ? heap_alloc_zero(larger / 8) : NULL, *unused = fids;
    if (!fids)
        return -ENOMEM;
    uint64_t saved = spin_lock_irq(&client->lock);
    if (client->fid_limit == limit) {
        if (limit)
            memcpy(fids, client->fids, limit / 8);
        unused = client->fids;
        client->fids = fids;
        client->fid_limit = larger;
        client->fid_hint = limit;
    }
    spin_unlock_irq(&client->lock, saved);
    heap_free(unused);
    return 0;
}

static bool fid_take(struct p9_client *client, uint32_t *fid, uint64_t *limit)
{
    uint64_t saved = spin_lock_irq(&client->lock);
    *limit = client->fid_limit;
    size_t free = bitmap_next_clear(client->fids, *limit, client->fid_hint);
    if (free < *limit) {
        bitmap_set(client->fids, free);
        client->fid_hint = free + 1;
        *fid = free;
    }
    spin_unlock_irq(&client->lock, saved);
    return free < *limit;
}

int p9_fid_alloc(struct p9_client *client, uint32_t *fid)
{
    uint64_t limit;
    while (!fid_take(client, fid, &limit)) {
        int error = fids_grow(client, limit);
        if (error)
            return error;
    }
    return 0;
}

void p9_fid_free(struct p9_client *client, uint32_t fid)
{
    uint64_t saved = spin_lock_irq(&client->lock);
    bitmap_clear(client->fids, fid);
    client->fid_hint = min_u64(client->fid_hint, fid);
    spin_unlock_irq(&client->lock, saved);
}

/* --- clients --- */

int p9_client_create(const char *tag, struct p9_client **result)
{
    struct p9_client *client = heap_alloc_zero(sizeof(*client));
    if (!client)
        return -ENOMEM;
    client->msize = P9_MSIZE_MIN;
    client->spare = p9_request_create(client, P9_CLUNK, SPARE_FIELDS, 0);
    int error = client->spare ? p9_transport_claim(tag, &client->transport) : -ENOMEM;
    if (error) {
        p9_request_free(client->spare);
        heap_free(client);
        return error;
    }
    *result = client;
    return 0;
}

static bool tags_used(struct p9_client *client)
{
    uint64_t saved = spin_lock_irq(&client->lock);
    bool used = bitmap_next_set(client->tags, P9_TAGS, 0) < P9_TAGS;
    spin_unlock_irq(&client->lock, saved);
    return used;
}

void p9_client_destroy(struct p9_client *client)
{
    struct waiter self;
    waiter_init(&self);
    for (;;) {
        wait_enter(&client->transport->room, &self);
        if (!tags_used(client))
            break;
        wait_sleep(WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&client->transport->room, &self);
    p9_transport_release(client->transport);
    p9_request_free(client->spare);
    heap_free(client->fids);
    heap_free(client);
}
