/*
 * The channel between the furca command and the guest's init: one byte pipe in each direction (a
 * virtio console port) that carries several streams and a few messages.
 *
 * A frame is a header of four bytes (type, stream, length as 16 bits, low byte first) and `length`
 * bytes of payload.
 *
 * Flow control: for each stream the sender has a credit and the receiver returns it as it disposes
 * of the bytes, so that a stream whose reader is slow never holds up another one. A data frame
 * costs its payload plus CHANNEL_FRAME_COST. That makes the credit an upper bound of what can lie
 * *in the byte pipe* too, and this is needed: QEMU's virtconsole throws away what its socket does
 * not take at once. The sum of the windows, doubled for the socket's bookkeeping, must therefore
 * fit the socket's send buffer (CHANNEL_SOCKET_BUFFER). The cost of a frame is returned when the
 * frame is read, that of its bytes when they are consumed. Credit goes back only when half a window
 * is owed: a short output causes no traffic towards the guest, and the deterministic machine stays
 * deterministic.
 *
 * Nothing here blocks and nothing is locked: a channel has one owner, who polls its descriptor.
 */
#ifndef GUEST_CHANNEL_H
#define GUEST_CHANNEL_H

#include "bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHANNEL_VERSION = 1,
    CHANNEL_HEADER_SIZE = 4,
    CHANNEL_PAYLOAD_MAX = 16384,
    CHANNEL_WINDOW = 32768,
    CHANNEL_FRAME_COST = 1024,
    CHANNEL_SOCKET_BUFFER = 1 << 20,
};

/* Streams have one direction each. A terminal is two streams: what is typed and what is shown. */
enum channel_stream {
    CHANNEL_STDIN,  /* host to guest */
    CHANNEL_KEYS,   /* host to guest */
    CHANNEL_STDOUT, /* guest to host, as all below */
    CHANNEL_STDERR,
    CHANNEL_SCREEN,
    CHANNEL_TRACE, /* the lines of --strace */
    CHANNEL_STREAMS,
};

enum channel_type {
    CHANNEL_DATA = 1, /* bytes of a stream */
    CHANNEL_END,      /* a stream has no more bytes */
    CHANNEL_GONE,     /* nobody reads the stream any more: its writer is to get SIGPIPE */
    CHANNEL_CREDIT,   /* u32: cost that the sender of the stream may use again */
    CHANNEL_WINSIZE,  /* host to guest: u16 rows, columns, width and height in pixels */
    CHANNEL_SIGNAL,   /* host to guest: u32 signal number, u32 1 for the program's process group, 0
                         for it alone */
    CHANNEL_HELLO,    /* guest to host, as all below: u32 CHANNEL_VERSION */
    CHANNEL_STARTED,  /* the program has been executed */
    CHANNEL_SIGNALED, /* u32: a CHANNEL_SIGNAL has been delivered */
    CHANNEL_STOPPED,  /* u32: the program was stopped by this signal */
    CHANNEL_MISSING,  /* text: a part of the list of missing system calls */
    CHANNEL_EXITED,   /* u32 exit status */
    CHANNEL_KILLED,   /* u32 signal that ended the program */
    CHANNEL_FAILED,   /* u32 exit status for furca, then a text of one line */
    CHANNEL_TYPES,
};

struct channel_frame {
    enum channel_type type;
    enum channel_stream stream;
    size_t length;
    const uint8_t *payload;
};

struct channel_flow {
    uint32_t credit; /* what may still be sent */
    uint32_t owed;   /* what was disposed of and has not been returned */
};

struct channel {
    int fd; /* not owned; in non-blocking mode */
    struct bytes in;
    struct bytes out;
    size_t parsed; /* bytes at the front of `in` that the frame returned last occupies */
    struct channel_flow flow[CHANNEL_STREAMS];
};

/* Starts a channel over `fd`, which stays the caller's and must be in non-blocking mode. */
void channel_init(struct channel *channel, int fd);

/* Releases the buffers; the descriptor stays open. */
void channel_drop(struct channel *channel);

/* The poll(2) events to wait for on the descriptor. */
short channel_events(const struct channel *channel);

/* Reads what is there. Returns the number of bytes, 0 at the end of file, -EAGAIN, or another
 * negative errno. */
int channel_fill(struct channel *channel);

/*
 * The next complete frame. Returns 1, 0 when there is none yet, or -EPROTO when the bytes are not
 * frames. The payload is valid until the next call of channel_next() or channel_fill(). Credit
 * frames are handled here and not returned.
 */
int channel_next(struct channel *channel, struct channel_frame *frame);

/* How many payload bytes may be sent on the stream now, at most CHANNEL_PAYLOAD_MAX. */
size_t channel_room(const struct channel *channel, enum channel_stream stream);

/* Queues `count` bytes of a stream, at most channel_room(). Returns 0 or -ENOMEM. */
int channel_send_data(struct channel *channel, enum channel_stream stream, const void *data,
                      size_t count);

/* Queues a frame that is not data; `count` is at most CHANNEL_PAYLOAD_MAX. Returns 0 or -ENOMEM. */
int channel_send(struct channel *channel, enum channel_type type, enum channel_stream stream,
                 const void *data, size_t count);

/* Queues a frame whose payload is one or two numbers, low byte first. */
int channel_send_number(struct channel *channel, enum channel_type type, uint32_t number);
int channel_send_numbers(struct channel *channel, enum channel_type type, uint32_t first,
                         uint32_t second);

/* The number at `index` (0, 1, ...) in a frame's payload, 0 when the payload is too short. */
uint32_t channel_number(const struct channel_frame *frame, size_t index);

/* The caller has disposed of `count` received bytes of the stream. Returns 0 or -ENOMEM. */
int channel_consumed(struct channel *channel, enum channel_stream stream, size_t count);

/* Writes queued frames until none is left (0) or the pipe is full (-EAGAIN), or returns another
 * negative errno. */
int channel_flush(struct channel *channel);

#endif
