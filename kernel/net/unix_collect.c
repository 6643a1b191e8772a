/*
 * Circles of descriptors in flight: a socket whose description is referred to by nothing but
 * messages, which wait in sockets for which the same holds, can never be received from again.
 *
 * Mark and sweep over all sockets with a description. A root is one with a reference that is not a
 * message's: a table's, a call's in progress. What waits in the queue of a reachable socket, or of
 * a connection that waits to be accepted from it, is reachable. The queues of the others are
 * emptied, which closes them. All under unix_lock, which every receive holds, so that no
 * unreachable socket becomes reachable meanwhile. Cost: O(sockets and messages), only when a
 * descriptor of a socket is closed while some are in flight.
 */
#include "net/unix.h"

#include "file/file.h"

static bool is_root(const struct unix_socket *socket, const struct file *closing)
{
    return socket->file->refs > socket->passed + (socket->file == closing);
}

/* Marks what the messages carry. True: something new was marked. */
static bool messages_mark(const struct unix_socket *socket)
{
    struct unix_message *message;
    bool news = false;

    TAILQ_FOREACH (message, &socket->messages, link) {
        for (unsigned i = 0; i < message->file_count; i++) {
            struct unix_socket *carried = unix_of_file(message->files[i]);

            if (carried && !carried->reachable) {
                carried->reachable = true;
                news = true;
            }
        }
    }
    return news;
}

static bool socket_mark(const struct unix_socket *socket)
{
    struct unix_socket *waiting;
    bool news = messages_mark(socket);

    TAILQ_FOREACH (waiting, &socket->pending, pending_link)
        news |= messages_mark(waiting);
    return news;
}

static void all_mark(const struct file *closing)
{
    struct unix_socket *socket;
    bool news = true;

    TAILQ_FOREACH (socket, &unix_all, all_link)
        socket->reachable = is_root(socket, closing);
    while (news) {
        news = false;
        TAILQ_FOREACH (socket, &unix_all, all_link)
            if (socket->reachable)
                news |= socket_mark(socket);
    }
}

static void socket_sweep(struct unix_socket *socket, struct unix_messages *garbage)
{
    struct unix_socket *waiting;

    TAILQ_FOREACH (waiting, &socket->pending, pending_link) {
        unix_messages_move(garbage, &waiting->messages);
        waiting->received = 0;
    }
    unix_messages_move(garbage, &socket->messages);
    socket->received = 0;
}

void unix_collect(struct file *closing)
{
    struct unix_messages garbage = TAILQ_HEAD_INITIALIZER(garbage);
    struct unix_socket *socket;

    mutex_lock(&unix_lock);
    if (unix_files_in_flight) {
        all_mark(closing);
        TAILQ_FOREACH (socket, &unix_all, all_link)
            if (!socket->reachable && socket->passed)
                socket_sweep(socket, &garbage);
    }
    mutex_unlock(&unix_lock);
    unix_messages_free(&garbage);
}
