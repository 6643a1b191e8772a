/*
 * AF_UNIX sockets: names. A path's name is the inode's slot, which points to the socket; an
 * abstract one is found in a list of all names, as bytes. A socket that accept(2) made shows its
 * listener's name and is in no list.
 */
#include "net/unix.h"

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

static struct unix_sockets named = TAILQ_HEAD_INITIALIZER(named);
static uint32_t next_automatic;

void unix_name_drop(struct unix_socket *socket)
{
    if (socket->listed)
        TAILQ_REMOVE(&named, socket, name_link);
    socket->listed = false;
    if (socket->slot)
        atomic_store(socket->slot, NULL);
    socket->slot = NULL;
}

static struct unix_socket *name_find(const struct unix_address *address)
{
    struct unix_socket *socket;

    TAILQ_FOREACH (socket, &named, name_link)
        if (!socket->slot && socket->address.length == address->length &&
            memcmp(&socket->address.name, &address->name, address->length) == 0)
            return socket;
    return NULL;
}

struct unix_socket *unix_find(const struct unix_address *address)
{
    struct unix_socket *socket;

    mutex_lock(&unix_lock);
    socket = name_find(address);
    if (socket)
        unix_get(socket);
    mutex_unlock(&unix_lock);
    return socket;
}

struct unix_socket *unix_find_slot(_Atomic(void *) *slot)
{
    struct unix_socket *socket;

    mutex_lock(&unix_lock);
    socket = atomic_load(slot);
    if (socket)
        unix_get(socket);
    mutex_unlock(&unix_lock);
    return socket;
}

/* A free abstract name of five hexadecimal digits. Lock held. */
static struct unix_address automatic_name(void)
{
    struct unix_address address = {.name.sun_family = AF_UNIX};

    do {
        char text[6];

        format_text(text, sizeof(text), "%05x", next_automatic++ & 0xfffff);
        memcpy(address.name.sun_path + 1, text, 5);
        address.length = sizeof(__kernel_sa_family_t) + 6;
    } while (name_find(&address));
    return address;
}

static void name_list(struct unix_socket *socket)
{
    TAILQ_INSERT_TAIL(&named, socket, name_link);
    socket->listed = true;
}

bool unix_is_named(const struct unix_socket *socket)
{
    return socket->address.length > sizeof(__kernel_sa_family_t);
}

int unix_bind(struct unix_socket *socket, const struct unix_address *address)
{
    struct unix_address wanted = *address;
    int error = 0;

    mutex_lock(&unix_lock);
    if (unix_is_named(socket)) {
        error = wanted.length == sizeof(__kernel_sa_family_t) ? 0 : -EINVAL;
    } else {
        if (wanted.length == sizeof(__kernel_sa_family_t))
            wanted = automatic_name();
        if (name_find(&wanted)) {
            error = -EADDRINUSE;
        } else {
            socket->address = wanted;
            name_list(socket);
        }
    }
    mutex_unlock(&unix_lock);
    return error;
}

int unix_bind_slot(struct unix_socket *socket, const struct unix_address *address,
                   _Atomic(void *) *slot, void *place, void (*place_put)(void *place))
{
    int error = -EINVAL;

    mutex_lock(&unix_lock);
    if (!unix_is_named(socket)) {
        socket->address = *address;
        socket->slot = slot;
        socket->place = place;
        socket->place_put = place_put;
        atomic_store(slot, socket);
        name_list(socket);
        error = 0;
    }
    mutex_unlock(&unix_lock);
    return error;
}

int unix_name(struct unix_socket *socket, bool peer, struct unix_address *address)
{
    int error = 0;

    mutex_lock(&unix_lock);
    if (!peer)
        *address = socket->address;
    else if (socket->peer)
        *address = socket->peer->address;
    else
        error = -ENOTCONN;
    mutex_unlock(&unix_lock);
    return error;
}
