/*
 * AF_UNIX sockets: life and connecting. The locks are told in unix.h.
 *
 * Two connected sockets count each other. Closing one takes its count away, shuts the other down in
 * both directions and wakes it; if the closed one still had unread bytes the other also gets
 * ECONNRESET. A connection exists from connect(2) on, with a socket that waits in the listener's
 * list for accept(2); closing the listener closes those.
 */
#include "net/unix.h"

#include "abi/restart.h"
#include "arch/time.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <linux/stat.h>

struct mutex unix_lock;
struct unix_sockets unix_all = TAILQ_HEAD_INITIALIZER(unix_all);
static struct slab_cache socket_cache = SLAB_CACHE("unix_socket", sizeof(struct unix_socket));

enum { EVENTS_READ = EPOLLIN | EPOLLRDNORM, EVENTS_WRITE = EPOLLOUT | EPOLLWRNORM };

struct unix_cred unix_caller_cred(bool real)
{
    const struct cred *cred = caller_cred();

    return (struct unix_cred){caller_pid(), real ? cred->uid : cred->euid,
                              real ? cred->gid : cred->egid};
}

void unix_put(struct unix_socket *socket)
{
    if (atomic_fetch_sub_explicit(&socket->refs, 1, memory_order_acq_rel) == 1)
        slab_free(&socket_cache, socket);
}

static struct unix_socket *socket_create(int type)
{
    struct unix_socket *socket = slab_alloc_zero(&socket_cache);

    if (!socket)
        return NULL;
    atomic_init(&socket->refs, 1);
    socket->type = type;
    TAILQ_INIT(&socket->messages);
    TAILQ_INIT(&socket->pending);
    socket->address.length = sizeof(__kernel_sa_family_t);
    socket->address.name.sun_family = AF_UNIX;
    socket->send_buffer = socket->receive_buffer = UNIX_BUFFER;
    socket->number = file_pseudo_number();
    socket->cred = unix_caller_cred(false);
    return socket;
}

int unix_sleep(struct wait_queue *queue, bool nonblocking, uint64_t deadline)
{
    struct waiter self;
    int error;

    if (nonblocking)
        return -EAGAIN;
    waiter_init(&self);
    wait_enter(queue, &self);
    mutex_unlock(&unix_lock);
    error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
    wait_leave(queue, &self);
    mutex_lock(&unix_lock);
    if (error == -ETIMEDOUT)
        return -EAGAIN;
    if (error)
        return deadline == WAIT_FOREVER ? -ERESTARTSYS : -EINTR;
    return 0;
}

uint64_t unix_deadline(uint64_t timeout)
{
    return timeout ? clock_monotonic() + timeout : WAIT_FOREVER;
}

bool unix_writable(const struct unix_socket *socket)
{
    return socket->state != UNIX_LISTENING &&
           (uint64_t)socket->in_flight * 4 <= (uint64_t)socket->send_buffer;
}

struct unix_socket *unix_peer(struct unix_socket *socket)
{
    return socket->peer && !socket->peer->dead ? socket->peer : NULL;
}

/* --- closing; lock held --- */

static void both_wake(struct unix_socket *socket, uint32_t events)
{
    wait_wake_events(&socket->readable, EVENTS_READ | events);
    wait_wake_events(&socket->writable, EVENTS_WRITE | events);
}

static void peer_leave(struct unix_socket *socket, bool reset)
{
    struct unix_socket *peer = socket->peer;

    socket->peer = NULL;
    if (!peer)
        return;
    if (socket->type != SOCK_DGRAM && peer->peer == socket) {
        peer->shut = UNIX_SHUT;
        if (reset)
            peer->error = ECONNRESET;
        both_wake(peer, EPOLLRDHUP | EPOLLHUP);
    }
    unix_put(peer);
}

/* Takes the socket out of the world; its messages go to `garbage`. The caller's count stays. */
static void socket_close(struct unix_socket *socket, struct unix_messages *garbage)
{
    struct unix_socket *waiting;

    socket->dead = true;
    unix_name_drop(socket);
    while ((waiting = TAILQ_FIRST(&socket->pending))) {
        TAILQ_REMOVE(&socket->pending, waiting, pending_link);
        if (waiting->peer)
            waiting->peer->error = ECONNRESET;
        socket_close(waiting, garbage);
        unix_put(waiting);
    }
    peer_leave(socket, !TAILQ_EMPTY(&socket->messages));
    unix_messages_move(garbage, &socket->messages);
    both_wake(socket, EPOLLHUP);
}

static void socket_release(struct file *file)
{
    struct unix_socket *socket = file->private;
    struct unix_messages garbage = TAILQ_HEAD_INITIALIZER(garbage);
    void *place = socket->place;

    mutex_lock(&unix_lock);
    TAILQ_REMOVE(&unix_all, socket, all_link);
    socket->file = NULL;
    socket_close(socket, &garbage);
    mutex_unlock(&unix_lock);
    unix_messages_free(&garbage);
    if (place)
        socket->place_put(place);
    unix_put(socket);
}

/* A descriptor was closed: the last one that a process could receive from may have been that. */
static void socket_flush(struct file *file)
{
    if (unix_files_in_flight)
        unix_collect(file);
}

/* --- as a file --- */

static uint32_t socket_poll(struct file *file, struct poll_table *table)
{
    struct unix_socket *socket = file->private;
    uint32_t events = 0;

    poll_wait(table, file, &socket->readable);
    poll_wait(table, file, &socket->writable);
    mutex_lock(&unix_lock);
    if (socket->error)
        events |= EPOLLERR;
    if (socket->shut == UNIX_SHUT)
        events |= EPOLLHUP;
    if (socket->shut & UNIX_RECEIVE_SHUT)
        events |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
    if (!TAILQ_EMPTY(&socket->messages) || !TAILQ_EMPTY(&socket->pending))
        events |= EPOLLIN | EPOLLRDNORM;
    if (socket->type != SOCK_DGRAM && socket->state == UNIX_IDLE)
        events |= EPOLLHUP;
    if (unix_writable(socket))
        events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
    mutex_unlock(&unix_lock);
    return events;
}

static int64_t socket_ioctl(struct file *file, unsigned command, uint64_t argument)
{
    struct unix_socket *socket = file->private;
    int count;

    if (command != FIONREAD && command != SIOCOUTQ)
        return -ENOTTY;
    mutex_lock(&unix_lock);
    count = (int)(command == SIOCOUTQ ? socket->in_flight : unix_readable_bytes(socket));
    if (socket->state == UNIX_LISTENING)
        count = -EINVAL;
    mutex_unlock(&unix_lock);
    return count < 0 ? count : copy_to_user((struct uaddr){argument}, &count, sizeof(count));
}

static void socket_status(struct file *file, struct file_status *status)
{
    struct unix_socket *socket = file->private;

    status->mode = S_IFSOCK | 0777;
    status->device = 9;
    status->inode = socket->number;
    status->uid = file->cred->fsuid;
    status->gid = file->cred->fsgid;
}

static int socket_describe_name(struct file *file, char *buffer, uint64_t size)
{
    struct unix_socket *socket = file->private;

    return format_text(buffer, size, "socket:[%llu]", (unsigned long long)socket->number);
}

static const struct file_ops socket_ops = {
    .read = unix_read,
    .write = unix_write,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
    .flush = socket_flush,
    .release = socket_release,
    .status = socket_status,
    .describe_name = socket_describe_name,
};

struct unix_socket *unix_of_file(struct file *file)
{
    return file->ops == &socket_ops ? file->private : NULL;
}

static void file_attach(struct file *file, struct unix_socket *socket)
{
    file->private = socket;
    file->mode |= FILE_STREAM | FILE_NOWAIT;
    mutex_lock(&unix_lock);
    socket->file = file;
    TAILQ_INSERT_TAIL(&unix_all, socket, all_link);
    mutex_unlock(&unix_lock);
}

/* A description of the socket, whose count it takes over. NULL: no memory, the count is still the
 * caller's. */
static struct file *socket_file(struct unix_socket *socket, uint32_t flags)
{
    struct file *file = file_anonymous(&socket_ops, NULL, socket, flags & O_NONBLOCK);

    if (file)
        file_attach(file, socket);
    return file;
}

struct file *unix_make(int type, uint32_t flags)
{
    struct unix_socket *socket = socket_create(type);
    struct file *file = socket ? socket_file(socket, flags) : NULL;

    if (socket && !file)
        unix_put(socket);
    return file;
}

/* Lock held, or both unknown to others. */
static void sockets_join(struct unix_socket *one, struct unix_socket *other)
{
    one->peer = unix_get(other);
    other->peer = unix_get(one);
    one->state = other->state = UNIX_CONNECTED;
    one->peer_cred = other->cred;
    other->peer_cred = one->cred;
}

int unix_make_pair(int type, uint32_t flags, struct file **one, struct file **other)
{
    *one = unix_make(type, flags);
    *other = unix_make(type, flags);
    if (*one && *other) {
        sockets_join((*one)->private, (*other)->private);
        return 0;
    }
    if (*one)
        file_put(*one);
    if (*other)
        file_put(*other);
    return -ENOMEM;
}

/* --- connecting --- */

int unix_listen(struct unix_socket *socket, int backlog)
{
    int error = 0;

    if (socket->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    mutex_lock(&unix_lock);
    if (!unix_is_named(socket) || socket->state == UNIX_CONNECTED) {
        error = -EINVAL;
    } else {
        socket->backlog =
            (unsigned)backlog > UNIX_BACKLOG_MAX ? UNIX_BACKLOG_MAX : (unsigned)backlog;
        socket->state = UNIX_LISTENING;
        socket->cred = unix_caller_cred(false);
        wait_wake_events(&socket->writable, EVENTS_WRITE);
    }
    mutex_unlock(&unix_lock);
    return error;
}

/* Whether a connection can be made now. 0, 1 (the list is full), -errno. Lock held. */
static int connect_check(const struct unix_socket *socket, const struct unix_socket *target)
{
    if (target->dead)
        return -ECONNREFUSED;
    if (target->type != socket->type)
        return -EPROTOTYPE;
    if (socket->state == UNIX_CONNECTED)
        return -EISCONN;
    if (socket->state == UNIX_LISTENING)
        return -EINVAL;
    if (target->state != UNIX_LISTENING || (target->shut & UNIX_RECEIVE_SHUT))
        return -ECONNREFUSED;
    return target->pending_count > target->backlog;
}

static int stream_connect(struct unix_socket *socket, struct unix_socket *target, bool nonblocking)
{
    struct unix_socket *server = socket_create(socket->type);
    uint64_t deadline = unix_deadline(socket->send_timeout);
    int error;

    if (!server)
        return -ENOMEM;
    mutex_lock(&unix_lock);
    while ((error = connect_check(socket, target)) > 0) {
        error = unix_sleep(&target->writable, nonblocking, deadline);
        if (error)
            break;
    }
    if (!error) {
        socket->cred = unix_caller_cred(false);
        server->cred = target->cred;
        server->address = (struct unix_address){.length = sizeof(__kernel_sa_family_t)};
        server->pass_cred = target->pass_cred;
        sockets_join(socket, server);
        TAILQ_INSERT_TAIL(&target->pending, server, pending_link);
        target->pending_count++;
        wait_wake_events(&target->readable, EVENTS_READ);
    }
    mutex_unlock(&unix_lock);
    if (error)
        unix_put(server);
    return error;
}

static int datagram_connect(struct unix_socket *socket, struct unix_socket *target)
{
    int error = 0;

    mutex_lock(&unix_lock);
    if (target && target->type != SOCK_DGRAM)
        error = -EPROTOTYPE;
    else if (target && target->dead)
        error = -ECONNREFUSED;
    else if (target && target->peer && target->peer != socket)
        error = -EPERM;
    if (!error) {
        peer_leave(socket, false);
        socket->peer = target ? unix_get(target) : NULL;
        socket->state = target ? UNIX_CONNECTED : UNIX_IDLE;
        if (target)
            socket->peer_cred = target->cred;
    }
    mutex_unlock(&unix_lock);
    return error;
}

int unix_connect(struct unix_socket *socket, struct unix_socket *target, bool nonblocking)
{
    if (socket->type == SOCK_DGRAM)
        return datagram_connect(socket, target);
    return target ? stream_connect(socket, target, nonblocking) : -EINVAL;
}

/* Takes the oldest pending connection, waiting for one. Lock held. */
static int pending_take(struct unix_socket *socket, bool nonblocking, struct unix_socket **server)
{
    uint64_t deadline = unix_deadline(socket->receive_timeout);

    for (;;) {
        int error;

        if (socket->state != UNIX_LISTENING || (socket->shut & UNIX_RECEIVE_SHUT))
            return -EINVAL;
        *server = TAILQ_FIRST(&socket->pending);
        if (*server)
            break;
        error = unix_sleep(&socket->readable, nonblocking, deadline);
        if (error)
            return error;
    }
    TAILQ_REMOVE(&socket->pending, *server, pending_link);
    socket->pending_count--;
    wait_wake_events(&socket->writable, EVENTS_WRITE);
    return 0;
}

int unix_accept(struct unix_socket *socket, uint32_t flags, bool nonblocking, struct file **file)
{
    struct unix_socket *server;
    int error;

    if (socket->type == SOCK_DGRAM)
        return -EOPNOTSUPP;
    *file = file_anonymous(&socket_ops, NULL, NULL, flags & O_NONBLOCK);
    if (!*file)
        return -ENOMEM;
    mutex_lock(&unix_lock);
    error = pending_take(socket, nonblocking, &server);
    if (!error)
        server->address = socket->address;
    mutex_unlock(&unix_lock);
    if (error) {
        (*file)->mode &= ~(uint32_t)FILE_OPENED;
        file_put(*file);
        return error;
    }
    file_attach(*file, server);
    return 0;
}

int unix_shutdown(struct unix_socket *socket, int how)
{
    static const uint32_t own[] = {UNIX_RECEIVE_SHUT, UNIX_SEND_SHUT, UNIX_SHUT};
    static const uint32_t others[] = {UNIX_SEND_SHUT, UNIX_RECEIVE_SHUT, UNIX_SHUT};
    struct unix_socket *peer;

    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    mutex_lock(&unix_lock);
    peer = unix_peer(socket);
    socket->shut |= own[how];
    if (peer && socket->type != SOCK_DGRAM) {
        peer->shut |= others[how];
        both_wake(peer, EPOLLRDHUP | (peer->shut == UNIX_SHUT ? EPOLLHUP : 0));
    }
    both_wake(socket, EPOLLRDHUP | (socket->shut == UNIX_SHUT ? EPOLLHUP : 0));
    mutex_unlock(&unix_lock);
    return 0;
}
