/*
 * AF_UNIX sockets: messages.
 *
 * What is sent becomes a message in the receiver's list: bytes, descriptors, the sender's
 * credentials and name. A stream is cut into messages of at most STREAM_PART bytes; its reader
 * takes as many as it wants, but not across a change of credentials nor past descriptors. Each
 * message counts its sender, whose unreceived bytes are limited by SO_SNDBUF.
 */
#include "net/unix.h"

#include "abi/restart.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include <asm/fcntl.h>
#include <asm/signal.h>
#include <linux/fs.h>
#include <linux/resource.h>

enum {
    STREAM_PART = 16384,
    OVERHEAD = 32, /* of a message against the buffer's limit */
    EVENTS_READ = EPOLLIN | EPOLLRDNORM,
    EVENTS_WRITE = EPOLLOUT | EPOLLWRNORM,
};

uint64_t unix_files_in_flight;

static void files_put(struct file **files, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        file_put(files[i]);
    heap_free(files);
}

static void message_free(struct unix_message *message)
{
    files_put(message->files, message->file_count);
    unix_put(message->sender);
    heap_free(message);
}

/* Counts the message's descriptors as under way, or no longer. Lock held. */
static void files_count(const struct unix_message *message, int change)
{
    for (unsigned i = 0; i < message->file_count; i++) {
        struct unix_socket *socket = unix_of_file(message->files[i]);

        unix_files_in_flight += (uint64_t)change;
        if (socket)
            socket->passed += (uint32_t)change;
    }
}

static void files_landed(const struct unix_message *message)
{
    files_count(message, -1);
}

/* Its bytes and descriptors are no longer under way. Lock held. */
static void message_landed(struct unix_message *message)
{
    message->sender->in_flight -= message->end + OVERHEAD;
    files_landed(message);
    if (unix_writable(message->sender))
        wait_wake_events(&message->sender->writable, EVENTS_WRITE);
}

void unix_messages_free(struct unix_messages *messages)
{
    struct unix_message *message;

    while ((message = TAILQ_FIRST(messages))) {
        TAILQ_REMOVE(messages, message, link);
        mutex_lock(&unix_lock);
        message_landed(message);
        mutex_unlock(&unix_lock);
        message_free(message);
    }
}

void unix_messages_move(struct unix_messages *to, struct unix_messages *from)
{
    TAILQ_CONCAT(to, from, link);
}

uint32_t unix_readable_bytes(struct unix_socket *socket)
{
    struct unix_message *first = TAILQ_FIRST(&socket->messages);

    if (socket->type != SOCK_DGRAM)
        return socket->received;
    return first ? first->end - first->start : 0;
}

/* --- sending --- */

/* A message with the next `size` bytes of the transfer. 0, -ENOMEM, -EFAULT. */
static int message_make(struct unix_socket *sender, const struct unix_send *send, size_t size,
                        struct unix_message **made)
{
    struct unix_message *message = heap_alloc(sizeof(*message) + size);

    if (!message)
        return -ENOMEM;
    *message = (struct unix_message){.sender = sender, .end = (uint32_t)size};
    if (size && uio_move(send->uio, message->bytes, size) != (int64_t)size) {
        heap_free(message);
        return -EFAULT;
    }
    atomic_fetch_add_explicit(&sender->refs, 1, memory_order_relaxed);
    message->cred = send->cred ? *send->cred : unix_caller_cred(true);
    *made = message;
    return 0;
}

/* Who gets what is sent now. Lock held. 0, -ENOTCONN, -EPIPE, -ECONNREFUSED, -EPERM, -EPROTOTYPE,
 * or the pending error. */
static int receiver_find(struct unix_socket *socket, const struct unix_send *send,
                         struct unix_socket **receiver)
{
    int error = -socket->error;

    socket->error = 0;
    if (error)
        return error == -ECONNRESET && socket->type != SOCK_DGRAM ? -EPIPE : error;
    if (socket->shut & UNIX_SEND_SHUT)
        return -EPIPE;
    *receiver = send->target ? send->target : socket->peer;
    if (!*receiver)
        return socket->state == UNIX_CONNECTED ? -EPIPE : -ENOTCONN;
    if (socket->type != SOCK_DGRAM)
        return (*receiver)->dead || ((*receiver)->shut & UNIX_RECEIVE_SHUT) ? -EPIPE : 0;
    if ((*receiver)->dead)
        return -ECONNREFUSED;
    if ((*receiver)->type != SOCK_DGRAM)
        return -EPROTOTYPE;
    if ((*receiver)->peer && (*receiver)->peer != socket)
        return -EPERM;
    return (*receiver)->shut & UNIX_RECEIVE_SHUT ? -EPIPE : 0;
}

static unsigned message_count(const struct unix_socket *socket)
{
    struct unix_message *message;
    unsigned count = 0;

    TAILQ_FOREACH (message, &socket->messages, link)
        count++;
    return count;
}

/* Where a sender that must wait does so, or NULL: there is room. Lock held. */
static struct wait_queue *room_queue(struct unix_socket *socket, struct unix_socket *receiver,
                                     size_t size)
{
    if (socket->in_flight && socket->in_flight + size + OVERHEAD > socket->send_buffer)
        return &socket->writable;
    if (socket->type == SOCK_DGRAM && receiver->peer != socket &&
        message_count(receiver) > UNIX_DATAGRAMS)
        return &receiver->writable;
    return NULL;
}

/* Takes the descriptors along, within the limit. Lock held. */
static int files_attach(struct unix_message *message, struct unix_send *send)
{
    if (!send->file_count)
        return 0;
    if (unix_files_in_flight + send->file_count > caller_limit(RLIMIT_NOFILE))
        return -ETOOMANYREFS;
    message->files = send->files;
    message->file_count = send->file_count;
    files_count(message, 1);
    send->files = NULL;
    send->file_count = 0;
    return 0;
}

static void message_enter(struct unix_socket *socket, struct unix_socket *receiver,
                          struct unix_message *message)
{
    message->from = socket->address;
    socket->in_flight += message->end + OVERHEAD;
    receiver->received += message->end;
    TAILQ_INSERT_TAIL(&receiver->messages, message, link);
    wait_wake_events(&receiver->readable, EVENTS_READ);
}

/* Hands the message over, waiting for room. 0 or -errno: it is still the caller's. */
static int message_send(struct unix_socket *socket, struct unix_send *send,
                        struct unix_message *message, bool nonblocking)
{
    uint64_t deadline = unix_deadline(socket->send_timeout);
    struct unix_socket *receiver;
    int error;

    mutex_lock(&unix_lock);
    for (;;) {
        struct wait_queue *queue;

        error = receiver_find(socket, send, &receiver);
        if (error)
            break;
        queue = room_queue(socket, receiver, message->end);
        if (!queue) {
            error = files_attach(message, send);
            break;
        }
        error = unix_sleep(queue, nonblocking, deadline);
        if (error)
            break;
    }
    if (!error)
        message_enter(socket, receiver, message);
    mutex_unlock(&unix_lock);
    return error;
}

static int64_t send_parts(struct file *file, struct unix_socket *socket, struct unix_send *send)
{
    bool nonblocking = file_nonblocking(file, send->uio) || (send->flags & MSG_DONTWAIT);
    size_t limit = socket->type == SOCK_STREAM ? STREAM_PART : send->uio->left;
    size_t wanted = send->uio->left;
    int error = 0;

    if (socket->type != SOCK_STREAM && wanted > socket->send_buffer - OVERHEAD)
        return -EMSGSIZE;
    do {
        size_t size = min_size(send->uio->left, limit);
        struct unix_message *message;

        error = message_make(socket, send, size, &message);
        if (error)
            break;
        error = message_send(socket, send, message, nonblocking);
        if (error) {
            message_free(message);
            uio_revert(send->uio, size);
        }
    } while (!error && send->uio->left);
    return wanted > send->uio->left ? (int64_t)(wanted - send->uio->left) : error;
}

/* A stream ignores an empty write, but tells when it would fail. */
static int64_t send_nothing(struct unix_socket *socket, struct unix_send *send)
{
    struct unix_socket *receiver;
    int error;

    mutex_lock(&unix_lock);
    error = receiver_find(socket, send, &receiver);
    mutex_unlock(&unix_lock);
    return error;
}

int64_t unix_send(struct file *file, struct unix_send *send)
{
    struct unix_socket *socket = unix_of_file(file);
    int64_t result;

    if (send->flags & MSG_OOB)
        result = -EOPNOTSUPP;
    else if (send->target && socket->type != SOCK_DGRAM)
        result = socket->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    else if (!send->uio->left && socket->type == SOCK_STREAM)
        result = send_nothing(socket, send);
    else
        result = send_parts(file, socket, send);
    if (result == -EPIPE && socket->type != SOCK_DGRAM && !(send->flags & MSG_NOSIGNAL))
        caller_signal(SIGPIPE);
    files_put(send->files, send->file_count);
    return result;
}

/* --- receiving --- */

/* Waits for a message. 1: there is one; 0: the end; -errno. Lock held. */
static int message_wait(struct unix_socket *socket, bool nonblocking, uint64_t deadline)
{
    while (TAILQ_EMPTY(&socket->messages)) {
        int error = -socket->error;

        socket->error = 0;
        if (error)
            return error;
        if (socket->shut & UNIX_RECEIVE_SHUT)
            return 0;
        error = unix_sleep(&socket->readable, nonblocking, deadline);
        if (error)
            return error;
    }
    return 1;
}

/* Copies the references of a peeked message's descriptors. */
static struct file **files_copy(const struct unix_message *message)
{
    struct file **files = heap_copy(message->files, message->file_count * sizeof(*files));

    for (unsigned i = 0; files && i < message->file_count; i++)
        file_get(files[i]);
    return files;
}

/* What comes along with the first bytes. Lock held. */
static void ancillary_take(struct unix_message *message, struct unix_receive *receive, bool peek)
{
    receive->cred = message->cred;
    receive->from = message->from;
    if (!message->file_count || receive->files)
        return;
    receive->files = peek ? files_copy(message) : message->files;
    receive->file_count = receive->files ? message->file_count : 0;
    if (peek)
        return;
    files_landed(message);
    message->files = NULL;
    message->file_count = 0;
}

/* Takes the emptied or cut first message off. Lock held. */
static void message_finish(struct unix_socket *socket, struct unix_message *message,
                           struct unix_messages *garbage)
{
    socket->received -= message->end - message->start;
    TAILQ_REMOVE(&socket->messages, message, link);
    TAILQ_INSERT_TAIL(garbage, message, link);
    if (socket->type == SOCK_DGRAM)
        wait_wake_events(&socket->writable, EVENTS_WRITE);
}

/* One whole message; what does not fit is lost. Lock held. */
static int64_t receive_datagram(struct unix_socket *socket, struct unix_receive *receive,
                                struct unix_messages *garbage)
{
    struct unix_message *message = TAILQ_FIRST(&socket->messages);
    bool peek = receive->flags & MSG_PEEK;
    size_t size = message->end - message->start;
    size_t count = min_size(size, receive->uio->left);

    if (count && uio_move(receive->uio, message->bytes, count) != (int64_t)count)
        return -EFAULT;
    ancillary_take(message, receive, peek);
    if (count < size)
        receive->result_flags |= MSG_TRUNC;
    if (!peek)
        message_finish(socket, message, garbage);
    return receive->flags & MSG_TRUNC ? (int64_t)size : (int64_t)count;
}

static bool same_sender(const struct unix_receive *receive, const struct unix_message *message)
{
    return memcmp(&receive->cred, &message->cred, sizeof(message->cred)) == 0;
}

/* Takes bytes from the stream's list until it must stop. *stop: nothing may be added to this
 * receive. Lock held. */
static int64_t receive_stream(struct unix_socket *socket, struct unix_receive *receive, bool begun,
                              bool *stop, struct unix_messages *garbage)
{
    bool peek = receive->flags & MSG_PEEK;
    struct unix_message *message = TAILQ_FIRST(&socket->messages);
    int64_t done = 0;

    while (message && receive->uio->left && !*stop) {
        struct unix_message *next = TAILQ_NEXT(message, link);
        size_t count = min_size(message->end - message->start, receive->uio->left);

        if (begun &&
            ((receive->has_cred && !same_sender(receive, message)) || message->file_count)) {
            *stop = true;
            break;
        }
        if (uio_move(receive->uio, message->bytes + message->start, count) != (int64_t)count)
            return done ? done : -EFAULT;
        *stop = message->file_count > 0;
        ancillary_take(message, receive, peek);
        begun = true;
        done += (int64_t)count;
        if (!peek) {
            message->start += (uint32_t)count;
            socket->received -= (uint32_t)count;
            if (message->start == message->end)
                message_finish(socket, message, garbage);
        }
        message = next;
    }
    return done;
}

static int64_t stream_loop(struct unix_socket *socket, struct unix_receive *receive,
                           bool nonblocking, struct unix_messages *garbage)
{
    uint64_t deadline = unix_deadline(socket->receive_timeout);
    int64_t done = 0;
    int64_t result = 1;
    bool stop = false;

    if (socket->state != UNIX_CONNECTED)
        return -EINVAL;
    while (receive->uio->left && !stop) {
        result = message_wait(socket, nonblocking, deadline);
        if (result <= 0)
            break;
        result = receive_stream(socket, receive, done > 0, &stop, garbage);
        if (result < 0)
            break;
        done += result;
        if (!(receive->flags & MSG_WAITALL) || (receive->flags & MSG_PEEK))
            break;
    }
    return done || result > 0 ? done : result;
}

static int64_t datagram_wait(struct unix_socket *socket, struct unix_receive *receive,
                             bool nonblocking, struct unix_messages *garbage)
{
    int result;

    if (socket->type == SOCK_SEQPACKET && socket->state != UNIX_CONNECTED)
        return -ENOTCONN;
    result = message_wait(socket, nonblocking, unix_deadline(socket->receive_timeout));
    return result > 0 ? receive_datagram(socket, receive, garbage) : result;
}

int64_t unix_receive(struct file *file, struct unix_receive *receive)
{
    struct unix_socket *socket = unix_of_file(file);
    struct unix_messages garbage = TAILQ_HEAD_INITIALIZER(garbage);
    bool nonblocking = file_nonblocking(file, receive->uio) || (receive->flags & MSG_DONTWAIT);
    int64_t result;

    receive->result_flags = 0;
    receive->files = NULL;
    receive->file_count = 0;
    receive->from.length = 0;
    if (receive->flags & MSG_OOB)
        return -EOPNOTSUPP;
    mutex_lock(&unix_lock);
    receive->has_cred = socket->pass_cred;
    if (socket->type == SOCK_STREAM)
        result = stream_loop(socket, receive, nonblocking, &garbage);
    else
        result = datagram_wait(socket, receive, nonblocking, &garbage);
    mutex_unlock(&unix_lock);
    unix_messages_free(&garbage);
    return result;
}

/* --- read(2), write(2) --- */

int64_t unix_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct unix_receive receive = {.uio = uio};
    int64_t result = unix_receive(file, &receive);

    files_put(receive.files, receive.file_count);
    return result;
}

int64_t unix_write(struct file *file, struct uio *uio, uint64_t *position)
{
    struct unix_send send = {.uio = uio};

    return unix_send(file, &send);
}
