/*
 * The 9P client: requests to one server and their replies. Any number of threads may have requests
 * under way; each waits for its own. The calls themselves are in p9_calls.h.
 *
 * A waiter that is killed asks the server to drop its request (Tflush) and goes on waiting until
 * the server has given the request's memory back, so that no buffer is ever left dangling; if a
 * reply came all the same it counts.
 *
 * Locks: `lock` guards tags and fid numbers; it is taken from interrupts.
 */
#ifndef FS_P9_CLIENT_H
#define FS_P9_CLIENT_H

#include "file/p9_transport.h"
#include "fs/p9_message.h"
#include "sched/mutex.h"
#include "sched/spin.h"

struct p9_request;

enum {
    P9_TAGS = 256,
    P9_WAIT_QUEUES = 16,
    P9_MSIZE_DEFAULT = 512 * 1024,
    P9_MSIZE_MIN = 8192,
    P9_DATA_PIECES_MAX = 34,
};

struct p9_client {
    struct p9_transport *transport;
    uint32_t msize; /* largest message, bytes; constant after p9_version() */
    struct spinlock lock;
    uint64_t tags[P9_TAGS / 64];              /* lock: used ones */
    struct wait_queue queues[P9_WAIT_QUEUES]; /* waiters by tag */
    uint64_t *fids;                           /* lock: used ones, on the heap */
    uint64_t fid_limit;                       /* lock: bits in fids, a multiple of 64 */
    uint64_t fid_hint;                        /* lock: where to look first */
    struct mutex spare_lock;                  /* guards spare */
    struct p9_request *spare;                 /* a request for clunks that must not fail */
};

/* A client over the transport with this tag: 0, -ENOENT (no such tag), -EBUSY, -ENOMEM. */
int p9_client_create(const char *tag, struct p9_client **result);
/* Waits for what is still under way and gives the transport back. Every other user is gone. */
void p9_client_destroy(struct p9_client *client);

/* A number for a new fid: 0 or -ENOMEM. / The server does not know it (any more). Any context. */
int p9_fid_alloc(struct p9_client *client, uint32_t *fid);
void p9_fid_free(struct p9_client *client, uint32_t fid);

/* How long a request is waited for. */
enum p9_patience {
    P9_KILLABLE, /* -EINTR when a fatal signal came and the server dropped the request */
    P9_PATIENT,  /* to the end */
};

struct p9_request {
    struct p9_exchange exchange;
    struct p9_client *client;
    enum p9_type type;
    uint16_t tag;
    bool has_tag;
    bool detached;         /* nobody waits: it is freed when it ends */
    uint32_t detached_fid; /* … and this number with it */
    _Atomic bool ended;
    uint32_t reply_size;       /* after it ended: bytes, 0: dropped */
    struct p9_message out, in; /* the fields are put to out and got from in */
    unsigned data_count;       /* pieces of data beside out (written) or in (read) */
    bool data_out;
    struct p9_piece pieces[2 + P9_DATA_PIECES_MAX];
};

/* A request of this type with room for that many bytes of fields in each direction (headers are
 * added). NULL: no memory. */
struct p9_request *p9_request_create(struct p9_client *client, enum p9_type type, uint32_t out_size,
                                     uint32_t in_size);
void p9_request_free(struct p9_request *request);
/* Adds memory that is sent after the fields, or that the reply's bytes after its fields go to
   (in_size must then be exactly the size of the fields). At most P9_DATA_PIECES_MAX pieces. */
void p9_request_data(struct p9_request *request, bool out, const void *memory, uint32_t size);
/* Sends and waits: 0 and the reply's fields can be got, the server's error, -EINTR, -EIO (no sense
   in the reply), -ENAMETOOLONG (the fields did not fit). The request stays the caller's. */
int p9_request_run(struct p9_request *request, enum p9_patience patience);
/* Sends without waiting; the request and the number of `fid` are freed when the reply has come,
   whatever it says. Consumes the request. */
void p9_request_detach(struct p9_request *request, uint32_t fid);

#endif
