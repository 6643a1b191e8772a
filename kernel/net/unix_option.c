/*
 * AF_UNIX sockets: options of level SOL_SOCKET (socket(7)).
 *
 * Options that mean nothing to local sockets (SO_REUSEADDR, SO_KEEPALIVE and the like) are kept and
 * given back, as Linux does.
 */
#include "net/unix.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include <asm/socket.h>
#include <linux/time_types.h>

enum {
    SEND_MINIMUM = 4608,
    RECEIVE_MINIMUM = 2304,
    BUFFER_MAXIMUM = 212992, /* net.core.wmem_max; doubled when set */
    NSEC_PER_SEC = 1000000000,
};

/* Options that are one remembered bit. */
static bool is_remembered(int option)
{
    return option == SO_REUSEADDR || option == SO_KEEPALIVE || option == SO_BROADCAST ||
           option == SO_DONTROUTE || option == SO_OOBINLINE || option == SO_REUSEPORT;
}

static int error_take(struct unix_socket *socket)
{
    int error = socket->error;

    socket->error = 0;
    return error;
}

/* Options whose value is an int. 0 or -ENOPROTOOPT. */
static int number_get(struct unix_socket *socket, int option, int *value)
{
    switch (option) {
    case SO_TYPE:
        *value = socket->type;
        return 0;
    case SO_DOMAIN:
        *value = AF_UNIX;
        return 0;
    case SO_PROTOCOL:
        *value = 0;
        return 0;
    case SO_ERROR:
        *value = error_take(socket);
        return 0;
    case SO_SNDBUF:
        *value = (int)socket->send_buffer;
        return 0;
    case SO_RCVBUF:
        *value = (int)socket->receive_buffer;
        return 0;
    case SO_PASSCRED:
        *value = socket->pass_cred;
        return 0;
    case SO_ACCEPTCONN:
        *value = socket->state == UNIX_LISTENING;
        return 0;
    case SO_RCVLOWAT:
        *value = 1;
        return 0;
    case SO_SNDLOWAT:
        *value = 1;
        return 0;
    case SO_PRIORITY:
        *value = 0;
        return 0;
    default:
        if (!is_remembered(option))
            return -ENOPROTOOPT;
        *value = (int)(socket->flags >> option & 1);
        return 0;
    }
}

static void value_give(void *to, uint32_t *size, const void *value, size_t count)
{
    *size = (uint32_t)min_size(*size, count);
    memcpy(to, value, *size);
}

static void timeout_give(void *to, uint32_t *size, uint64_t timeout)
{
    struct __kernel_old_timeval time = {
        .tv_sec = (int64_t)(timeout / NSEC_PER_SEC),
        .tv_usec = (int64_t)(timeout % NSEC_PER_SEC / 1000),
    };

    value_give(to, size, &time, sizeof(time));
}

/* The peer's credentials; without a peer: pid 0, nobody's ids. */
static void peer_cred_give(struct unix_socket *socket, void *to, uint32_t *size)
{
    struct unix_cred cred = {0, UINT32_MAX, UINT32_MAX};

    if (socket->state == UNIX_CONNECTED && socket->type != SOCK_DGRAM)
        cred = socket->peer_cred;
    else if (socket->state == UNIX_LISTENING)
        cred = socket->cred;
    else if (socket->state == UNIX_CONNECTED)
        cred = socket->peer_cred;
    value_give(to, size, &cred, sizeof(cred));
}

int unix_option_get(struct unix_socket *socket, int option, void *value, uint32_t *size)
{
    struct {
        int on, seconds;
    } linger = {0, 0};
    int number;
    int error = 0;

    mutex_lock(&unix_lock);
    if (option == SO_PEERCRED)
        peer_cred_give(socket, value, size);
    else if (option == SO_LINGER)
        value_give(value, size, &linger, sizeof(linger));
    else if (option == SO_RCVTIMEO_OLD)
        timeout_give(value, size, socket->receive_timeout);
    else if (option == SO_SNDTIMEO_OLD)
        timeout_give(value, size, socket->send_timeout);
    else if (number_get(socket, option, &number) == 0)
        value_give(value, size, &number, sizeof(number));
    else
        error = -ENOPROTOOPT;
    mutex_unlock(&unix_lock);
    return error;
}

/* --- setting --- */

static int timeout_take(const void *value, uint32_t size, uint64_t *timeout)
{
    struct __kernel_old_timeval time;

    if (size < sizeof(time))
        return -EINVAL;
    memcpy(&time, value, sizeof(time));
    if (time.tv_usec < 0 || time.tv_usec >= 1000000)
        return -EDOM;
    *timeout = 0;
    if (time.tv_sec < 0)
        *timeout = 1; /* Over at once. */
    else if (time.tv_sec < INT32_MAX)
        *timeout = (uint64_t)time.tv_sec * NSEC_PER_SEC + (uint64_t)time.tv_usec * 1000;
    return 0;
}

static uint32_t buffer_size(int wanted, bool forced, uint32_t minimum)
{
    uint64_t size = wanted < 0 ? BUFFER_MAXIMUM : (uint64_t)wanted;

    if (!forced)
        size = min_u64(size, BUFFER_MAXIMUM);
    return (uint32_t)max_u64(min_u64(size * 2, INT32_MAX), minimum);
}

static int number_set(struct unix_socket *socket, int option, int value)
{
    switch (option) {
    case SO_SNDBUF:
        socket->send_buffer = buffer_size(value, false, SEND_MINIMUM);
        return 0;
    case SO_RCVBUF:
        socket->receive_buffer = buffer_size(value, false, RECEIVE_MINIMUM);
        return 0;
    case SO_PASSCRED:
        socket->pass_cred = value;
        return 0;
    default:
        if (!is_remembered(option))
            return -ENOPROTOOPT;
        socket->flags &= ~(UINT32_C(1) << option);
        socket->flags |= (uint32_t)(value != 0) << option;
        return 0;
    }
}

int unix_option_set(struct unix_socket *socket, int option, const void *value, uint32_t size)
{
    int number;
    int error;

    if (size < sizeof(number))
        return -EINVAL;
    memcpy(&number, value, sizeof(number));
    mutex_lock(&unix_lock);
    if (option == SO_RCVTIMEO_OLD)
        error = timeout_take(value, size, &socket->receive_timeout);
    else if (option == SO_SNDTIMEO_OLD)
        error = timeout_take(value, size, &socket->send_timeout);
    else
        error = number_set(socket, option, number);
    mutex_unlock(&unix_lock);
    return error;
}
