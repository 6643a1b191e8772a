/* Local sockets: pairs, names, passing of descriptors and credentials, shutdown. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int pair[2];
static char text[300000];

static void pair_make(int type)
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
}

static socklen_t address_of(struct sockaddr_un *address, const char *name)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, strlen(name + 1) + 1); /* name[0] may be NUL: abstract */
    return offsetof(struct sockaddr_un, sun_path) + strlen(name + 1) + 1 + (name[0] != 0);
}

static int listen_at(const char *name, int type)
{
    struct sockaddr_un address;
    socklen_t length = address_of(&address, name);
    int fd = CHECK_OK(socket(AF_UNIX, type, 0));
    CHECK_OK(bind(fd, (void *)&address, length));
    if (type != SOCK_DGRAM)
        CHECK_OK(listen(fd, 5));
    return fd;
}

static int connect_to(int fd, const char *name)
{
    struct sockaddr_un address;
    socklen_t length = address_of(&address, name);
    return connect(fd, (void *)&address, length);
}

CASE(stream_pair)
{
    pair_make(SOCK_STREAM);
    CHECK_EQ(write(pair[0], "hello", 5), 5);
    CHECK_EQ(write(pair[0], "world", 5), 5);
    CHECK_EQ(recv(pair[1], text, 3, MSG_PEEK), 3);
    CHECK_EQ(read(pair[1], text, 100), 10);
    CHECK_ERR(recv(pair[1], text, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(read(pair[1], text, 1), 0);
    CHECK_ERR(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    signal_counting(SIGPIPE, 0);
    CHECK_ERR(write(pair[1], "x", 1), EPIPE);
    CHECK_EQ(signal_count[SIGPIPE], 1);
}

CASE(message_boundaries)
{
    static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 2; i++) {
        pair_make(types[i]);
        CHECK_EQ(write(pair[0], "one", 3), 3);
        CHECK_EQ(write(pair[0], "second", 6), 6);
        CHECK_EQ(read(pair[1], text, 100), 3);
        CHECK_EQ(recv(pair[1], text, 2, MSG_TRUNC), 6); /* the real length; the rest is lost */
        CHECK_ERR(recv(pair[1], text, 2, MSG_DONTWAIT), EAGAIN);
        CHECK_EQ(send(pair[0], "", 0, 0), 0);
        CHECK_EQ(recv(pair[1], text, 10, 0), 0);
    }
}

CASE(errors_of_socket)
{
    CHECK_ERR(socket(9999, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERR(socket(AF_UNIX, 77, 0), EINVAL);
    CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
    CHECK_ERR(accept(0, NULL, NULL), ENOTSOCK);
    int fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
    CHECK_ERR(listen(fd, 5), EINVAL); /* not bound */
    CHECK_ERR(read(fd, text, 1), EINVAL);
    CHECK_ERR(send(fd, "x", 1, MSG_NOSIGNAL), ENOTCONN);
    CHECK_ERR(connect_to(fd, "missing"), ENOENT);
    file_write("file", "");
    CHECK_ERR(connect_to(fd, "file"), ECONNREFUSED);
}

CASE(named_stream)
{
    struct stat status;
    int server = listen_at("socket", SOCK_STREAM);
    CHECK_OK(stat("socket", &status));
    CHECK(S_ISSOCK(status.st_mode));
    pid_t child = process_fork();
    if (child == 0) {
        int fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
        CHECK_OK(connect_to(fd, "socket"));
        CHECK_EQ(write(fd, "question", 8), 8);
        CHECK_EQ(read(fd, text, 100), 6);
        _exit(0);
    }
    struct sockaddr_un peer;
    socklen_t length = sizeof(peer);
    int fd = CHECK_OK(accept4(server, (void *)&peer, &length, SOCK_CLOEXEC));
    CHECK_EQ(length, sizeof(sa_family_t)); /* the client has no name */
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(read(fd, text, 100), 8);
    CHECK_EQ(write(fd, "answer", 6), 6);
    process_exits(child, 0);
    CHECK_EQ(read(fd, text, 1), 0);
    struct sockaddr_un own;
    length = sizeof(own);
    CHECK_OK(getsockname(server, (void *)&own, &length));
    CHECK(strcmp(own.sun_path, "socket") == 0);
    int again = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERR(bind(again, (void *)&own, length), EADDRINUSE);
    CHECK_OK(close(server));
    CHECK_ERR(connect_to(again, "socket"), ECONNREFUSED); /* the name is left, nobody listens */
    CHECK_ERR(open("socket", O_RDWR), ENXIO);
}

CASE(abstract_names)
{
    int server = listen_at("\0furca-abi-test", SOCK_STREAM);
    int client = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_OK(connect_to(client, "\0furca-abi-test"));
    CHECK_OK(accept(server, NULL, NULL));
    int other = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERR(connect_to(other, "\0furca-abi-other"), ECONNREFUSED);
    CHECK_OK(close(server)); /* the name goes with the socket */
    CHECK_ERR(connect_to(other, "\0furca-abi-test"), ECONNREFUSED);
}

CASE(backlog_and_non_blocking)
{
    int server = listen_at("socket", SOCK_STREAM);
    CHECK_OK(fcntl(server, F_SETFL, O_NONBLOCK));
    CHECK_ERR(accept(server, NULL, NULL), EAGAIN);
    struct pollfd entry = {server, POLLIN, 0};
    CHECK_EQ(poll(&entry, 1, 0), 0);
    int made = 0, last = 0;
    while (made < 50) {
        int fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
        last = connect_to(fd, "socket");
        if (last == -1)
            break;
        made++;
    }
    CHECK(last == -1 && errno == EAGAIN);
    CHECK_EQ(made, 6); /* backlog 5 lets in one more */
    CHECK_EQ(poll(&entry, 1, 0), 1);
    CHECK_OK(accept(server, NULL, NULL));
}

CASE(datagrams_with_names)
{
    struct sockaddr_un from;
    socklen_t length = sizeof(from);
    int one = listen_at("one", SOCK_DGRAM), two = listen_at("two", SOCK_DGRAM);
    struct sockaddr_un address;
    socklen_t size = address_of(&address, "two");
    CHECK_EQ(sendto(one, "hi", 2, 0, (void *)&address, size), 2);
    CHECK_EQ(recvfrom(two, text, 100, 0, (void *)&from, &length), 2);
    CHECK(strcmp(from.sun_path, "one") == 0);
    CHECK_ERR(send(one, "x", 1, 0), ENOTCONN);
    CHECK_OK(connect_to(one, "two"));
    CHECK_EQ(send(one, "x", 1, 0), 1);
    int stream = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK_ERR(connect_to(stream, "two"), EPROTOTYPE);
}

static void descriptor_send(int by, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {"F", 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    CHECK_EQ(sendmsg(by, &message, 0), 1);
}

static int descriptor_receive(int by, int flags)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {text, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    CHECK_EQ(recvmsg(by, &message, flags), 1);
    CHECK(control.header.cmsg_type == SCM_RIGHTS &&
          control.header.cmsg_len == CMSG_LEN(sizeof(int)));
    int fd;
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

CASE(descriptors_travel)
{
    pair_make(SOCK_STREAM);
    file_write("file", "content");
    pid_t child = process_fork();
    if (child == 0) {
        int fd = CHECK_OK(open("file", O_RDONLY));
        CHECK_EQ(read(fd, text, 3), 3);
        descriptor_send(pair[1], fd);
        _exit(0);
    }
    process_exits(child, 0); /* in flight the file outlives its sender */
    int fd = descriptor_receive(pair[0], MSG_CMSG_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(read(fd, text, 100), 4); /* the offset came along */
    CHECK(memcmp(text, "tent", 4) == 0);
}

CASE(socket_in_its_own_queue)
{
    pair_make(SOCK_STREAM);
    descriptor_send(pair[0], pair[1]); /* must not leak when both are closed */
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

CASE(unread_descriptors_are_closed)
{
    int fds[2];
    pair_make(SOCK_STREAM);
    CHECK_OK(pipe(fds));
    descriptor_send(pair[0], fds[1]);
    CHECK_OK(close(fds[1]));
    CHECK_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
    CHECK_ERR(read(fds[0], text, 1), EAGAIN);
    CHECK_EQ(read(pair[1], text, 1), 1); /* read without a control buffer drops it */
    CHECK_EQ(read(fds[0], text, 1), 0);
}

CASE(peer_credentials)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    pair_make(SOCK_STREAM);
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length));
    CHECK(peer.pid == getpid() && peer.uid == geteuid() && peer.gid == getegid());
    int type = 0;
    length = sizeof(type);
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &type, &length));
    CHECK_EQ(type, SOCK_STREAM);
    CHECK_ERR(getsockopt(pair[0], SOL_SOCKET, 9999, &type, &length), ENOPROTOOPT);
}

CASE(sent_credentials)
{
    int on = 1;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct iovec part = {text, 10};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    pair_make(SOCK_DGRAM);
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(write(pair[1], "x", 1), 1);
        _exit(0);
    }
    CHECK_EQ(recvmsg(pair[0], &message, 0), 1);
    struct ucred sender;
    CHECK_EQ(control.header.cmsg_type, SCM_CREDENTIALS);
    memcpy(&sender, CMSG_DATA(&control.header), sizeof(sender));
    CHECK_EQ(sender.pid, child);
    process_exits(child, 0);
}

CASE(shutdown_of_directions)
{
    pair_make(SOCK_STREAM);
    CHECK_EQ(write(pair[0], "x", 1), 1);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_ERR(send(pair[0], "y", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(read(pair[1], text, 10), 1);
    CHECK_EQ(read(pair[1], text, 10), 0);
    CHECK_EQ(write(pair[1], "back", 4), 4);
    CHECK_EQ(read(pair[0], text, 10), 4);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(read(pair[0], text, 10), 0);
    CHECK_ERR(send(pair[1], "z", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_ERR(shutdown(pair[0], 77), EINVAL);
    CHECK_ERR(shutdown(0, SHUT_RD), ENOTSOCK);
}

CASE(large_stream_transfer)
{
    pair_make(SOCK_STREAM);
    pid_t child = process_fork();
    if (child == 0) {
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = i % 251;
        CHECK_EQ(write(pair[0], text, sizeof(text)), sizeof(text));
        _exit(0);
    }
    CHECK_OK(close(pair[0]));
    size_t total = 0;
    ssize_t got;
    while ((got = CHECK_OK(read(pair[1], text, 5000))) > 0)
        for (ssize_t i = 0; i < got; i++, total++)
            CHECK_EQ((unsigned char)text[i], total % 251);
    CHECK_EQ(total, sizeof(text));
    process_exits(child, 0);
}

CASE(receive_all_and_time_limit)
{
    struct timeval limit = {0, 20000};
    pair_make(SOCK_STREAM);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(write(pair[0], "ab", 2), 2);
        sleep_ms(10);
        CHECK_EQ(write(pair[0], "cd", 2), 2);
        _exit(0);
    }
    CHECK_EQ(recv(pair[1], text, 4, MSG_WAITALL), 4);
    process_exits(child, 0);
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
    CHECK_ERR(recv(pair[1], text, 4, 0), EAGAIN);
    int queued = -1;
    CHECK_EQ(write(pair[0], "abc", 3), 3);
    CHECK_OK(ioctl(pair[1], FIONREAD, &queued));
    CHECK_EQ(queued, 3);
}
