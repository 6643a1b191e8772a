/*
 * Sockets of the AF_UNIX family (unix(7)).
 *
 *     unix_socket.c   life, connecting, polling
 *     unix_name.c     names
 *     unix_message.c  sending and receiving
 *     unix_option.c   getsockopt, setsockopt
 *     unix_collect.c  circles of descriptors in flight
 *
 * Locks: one mutex, unix_lock, guards every socket's state, all names and all queues. Nothing that
 * may take long or call back into sockets is done with it: descriptions in messages are put after
 * it was given up. User memory is touched with it held, which is sound, since no fault needs a
 * socket.
 *
 * Descriptors in flight (SCM_RIGHTS) can form circles that nobody can reach any more:
 * unix_collect.c finds and empties them. All descriptors in flight together are limited to the
 * sender's RLIMIT_NOFILE: beyond that sending more fails with ETOOMANYREFS, for root too.
 */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "sched/mutex.h"
#include "sched/wait.h"
#include <bsd/sys/queue.h>
#include <linux/un.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct poll_table;
struct uio;

enum {
    UNIX_FILES_MAX = 253,    /* descriptors in one message (SCM_MAX_FD) */
    UNIX_BUFFER = 212992,    /* default SO_SNDBUF, SO_RCVBUF */
    UNIX_DATAGRAMS = 10,     /* waiting in a queue of SOCK_DGRAM */
    UNIX_BACKLOG_MAX = 4096, /* net.core.somaxconn */
};

/* As <sys/socket.h> names them; not in the exported headers. */
enum {
    SOCK_STREAM = 1,
    SOCK_DGRAM = 2,
    SOCK_RAW = 3,
    SOCK_SEQPACKET = 5,
    AF_UNSPEC = 0,
    AF_UNIX = 1,
    SHUT_RD = 0,
    SHUT_WR = 1,
    SHUT_RDWR = 2,
    MSG_OOB = 1,
    MSG_PEEK = 2,
    MSG_CTRUNC = 8,
    MSG_TRUNC = 0x20,
    MSG_DONTWAIT = 0x40,
    MSG_EOR = 0x80,
    MSG_WAITALL = 0x100,
    MSG_ERRQUEUE = 0x2000,
    MSG_NOSIGNAL = 0x4000,
    MSG_WAITFORONE = 0x10000,
    MSG_CMSG_CLOEXEC = 0x40000000,
};

/* struct ucred of unix(7). */
struct unix_cred {
    int32_t pid;
    uint32_t uid, gid;
};

/* A name as programs give it; length counts the family too: sizeof(__kernel_sa_family_t) is no
 * name. */
struct unix_address {
    unsigned length;
    struct sockaddr_un name;
};

struct unix_socket;

struct unix_message {
    TAILQ_ENTRY(unix_message) link;
    struct unix_socket *sender; /* counted */
    struct unix_address from;
    struct unix_cred cred;
    struct file **files; /* heap array with references, or NULL */
    unsigned file_count;
    uint32_t start, end; /* unread bytes */
    uint8_t bytes[];
};

TAILQ_HEAD(unix_messages, unix_message);
TAILQ_HEAD(unix_sockets, unix_socket);

enum unix_state { UNIX_IDLE, UNIX_LISTENING, UNIX_CONNECTED };

enum { UNIX_RECEIVE_SHUT = 1, UNIX_SEND_SHUT = 2, UNIX_SHUT = 3 };

/* Everything is guarded by unix_lock but refs, the queues and what is constant. */
struct unix_socket {
    _Atomic uint32_t refs;
    int type; /* constant */
    enum unix_state state;
    uint32_t shut;            /* UNIX_…_SHUT */
    bool dead;                /* closed: only peers and messages still know it */
    int error;                /* positive, reported once: SO_ERROR */
    struct unix_socket *peer; /* counted */
    struct unix_messages messages;
    uint32_t received;  /* bytes in messages */
    uint32_t in_flight; /* bytes sent that nobody has received */
    struct unix_address address;
    TAILQ_ENTRY(unix_socket)
    name_link; /* in the list of named sockets, while `listed`: accepted ones only show the name */
    bool listed;
    _Atomic(void *) *slot; /* where the inode of the name points to this socket, or NULL */
    void *place;           /* keeps the slot alive */
    void (*place_put)(void *place);
    struct unix_sockets pending; /* listening: connected and not accepted */
    TAILQ_ENTRY(unix_socket) pending_link;
    unsigned pending_count, backlog;
    struct unix_cred cred, peer_cred;
    bool pass_cred; /* SO_PASSCRED */
    uint32_t send_buffer, receive_buffer;
    uint64_t send_timeout, receive_timeout; /* nanoseconds, 0: none */
    uint32_t flags; /* SO_REUSEADDR and others that are only remembered: bit 1 << option */
    struct wait_queue readable, writable;
    uint64_t number;   /* constant: st_ino */
    struct file *file; /* not counted; NULL before accept and after the last close */
    TAILQ_ENTRY(unix_socket) all_link; /* while file is set */
    uint32_t passed;                   /* references to file that messages hold */
    bool reachable;                    /* unix_collect.c */
};

extern struct mutex unix_lock;
extern struct unix_sockets unix_all;  /* unix_lock: those that have or had a description */
extern uint64_t unix_files_in_flight; /* unix_lock */

/* --- life --- */

/* A description of a new socket, or NULL: no memory. type SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET.
 * flags: O_NONBLOCK. */
struct file *unix_make(int type, uint32_t flags);
/* Two connected ones. 0 or -ENOMEM. */
int unix_make_pair(int type, uint32_t flags, struct file **one, struct file **other);
/* The socket behind a description, not counted, or NULL. */
struct unix_socket *unix_of_file(struct file *file);
static inline struct unix_socket *unix_get(struct unix_socket *socket)
{
    atomic_fetch_add_explicit(&socket->refs, 1, memory_order_relaxed);
    return socket;
}
void unix_put(struct unix_socket *socket);

/* Binds to an abstract name, or to a free one of those if address->length is only the family's. 0,
 * -EADDRINUSE, -EINVAL (bound). */
int unix_bind(struct unix_socket *socket, const struct unix_address *address);
/* Binds to a path whose fresh inode has `slot`; `place` is consumed on success: place_put(place)
 * when the socket closes. */
int unix_bind_slot(struct unix_socket *socket, const struct unix_address *address,
                   _Atomic(void *) *slot, void *place, void (*place_put)(void *place));
bool unix_is_named(const struct unix_socket *socket);
/* The name leads nowhere any more. Lock held. */
void unix_name_drop(struct unix_socket *socket);
int unix_listen(struct unix_socket *socket, int backlog);
/* The socket bound to an abstract name / to a slot, counted, or NULL. */
struct unix_socket *unix_find(const struct unix_address *address);
struct unix_socket *unix_find_slot(_Atomic(void *) *slot);
/* target NULL: dissolves (AF_UNSPEC). 0, -ECONNREFUSED, -EPROTOTYPE, -EISCONN, -EINVAL, -EAGAIN,
 * -ERESTARTSYS, -ENOMEM. */
int unix_connect(struct unix_socket *socket, struct unix_socket *target, bool nonblocking);
/* A connected description for the oldest pending connection. 0, -EAGAIN, -EINVAL, -EOPNOTSUPP,
 * -ERESTARTSYS, -ENOMEM. */
int unix_accept(struct unix_socket *socket, uint32_t flags, bool nonblocking, struct file **file);
int unix_shutdown(struct unix_socket *socket, int how);
/* 0 or -ENOTCONN. */
int unix_name(struct unix_socket *socket, bool peer, struct unix_address *address);

/* --- messages --- */

struct unix_send {
    struct uio *uio;
    int flags;                  /* MSG_… */
    struct unix_socket *target; /* an address was given; else NULL. Not consumed */
    struct file **files;        /* their references are consumed, also on failure */
    unsigned file_count;
    const struct unix_cred *cred; /* SCM_CREDENTIALS, checked; else NULL */
};
int64_t unix_send(struct file *file, struct unix_send *send);

struct unix_receive {
    struct uio *uio;
    int flags;           /* MSG_… asked for */
    int result_flags;    /* MSG_TRUNC */
    struct file **files; /* heap array with references, or NULL: the receiver frees both */
    unsigned file_count;
    struct unix_cred cred; /* with has_cred */
    bool has_cred;
    struct unix_address from;
};
int64_t unix_receive(struct file *file, struct unix_receive *receive);
/* Frees what is in the list. unix_lock not held. */
void unix_messages_free(struct unix_messages *messages);
/* Appends all of `from`, which is empty afterwards, to `to`. */
void unix_messages_move(struct unix_messages *to, struct unix_messages *from);
/* FIONREAD. Lock held. */
uint32_t unix_readable_bytes(struct unix_socket *socket);
int64_t unix_read(struct file *file, struct uio *uio, uint64_t *position);
int64_t unix_write(struct file *file, struct uio *uio, uint64_t *position);

/* Sleeps on `queue` with the lock given up, until `deadline`. 0, -EAGAIN (also at the deadline),
 * -ERESTARTSYS (-EINTR with a deadline). */
int unix_sleep(struct wait_queue *queue, bool nonblocking, uint64_t deadline);
uint64_t unix_deadline(uint64_t timeout);
bool unix_writable(const struct unix_socket *socket);
/* The peer, if it can still be sent to. */
struct unix_socket *unix_peer(struct unix_socket *socket);
/* The credentials of the caller. */
struct unix_cred unix_caller_cred(bool real);

/* Empties the queues of sockets that only messages in unreachable queues refer to. `closing` (may
   be NULL): a description of which the caller is about to give one reference up. No lock held. */
void unix_collect(struct file *closing);

/* --- options: SOL_SOCKET; values in kernel memory --- */

/* Writes at most *size bytes and sets *size. 0, -ENOPROTOOPT. */
int unix_option_get(struct unix_socket *socket, int option, void *value, uint32_t *size);
int unix_option_set(struct unix_socket *socket, int option, const void *value, uint32_t size);

#endif
