/*
 * Socket calls but those that move messages. The only family is AF_UNIX; others get EAFNOSUPPORT.
 *
 * Names that are paths are resolved here, since net stands beside fs: a bound socket is what its
 * inode's `special` points to, and keeps the inode alive.
 */
#include "sys/socket.h"

#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "fs/context.h"
#include "fs/entry.h"
#include "fs/path.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/user.h"
#include "syscall_prototypes.h"
#include <asm/socket.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

enum {
    TYPE_MASK = 0xf,
    TYPES = 11,
    TYPE_CLOEXEC = O_CLOEXEC,
    TYPE_NONBLOCK = O_NONBLOCK,
    OPTION_SIZE = 128,
    NAME_START = offsetof(struct sockaddr_un, sun_path),
};

int socket_get(int fd, struct file **file, struct unix_socket **socket)
{
    *file = caller_file_usable(fd);
    if (!*file)
        return -EBADF;
    *socket = unix_of_file(*file);
    if (*socket)
        return 0;
    file_put(*file);
    return -ENOTSOCK;
}

/* --- names --- */

int address_read(struct unix_address *address, struct uaddr from, int32_t size)
{
    memset(address, 0, sizeof(*address));
    if (size < 0 || (size_t)size > sizeof(struct __kernel_sockaddr_storage))
        return -EINVAL;
    if (copy_from_user(&address->name, from, min_size((size_t)size, sizeof(address->name))) < 0)
        return -EFAULT;
    if ((size_t)size < NAME_START)
        return -EINVAL;
    address->length = (unsigned)size;
    if (address->name.sun_family == AF_UNSPEC)
        return 0;
    if (address->name.sun_family != AF_UNIX || (size_t)size > sizeof(address->name))
        return -EINVAL;
    /* A path ends with its NUL; an abstract name is all its bytes. */
    if ((size_t)size > NAME_START && address->name.sun_path[0])
        address->length =
            NAME_START + (unsigned)strnlen(address->name.sun_path, (size_t)size - NAME_START) + 1;
    return 0;
}

int address_write(const struct unix_address *address, struct uaddr to, struct uaddr size)
{
    struct unix_address whole = *address;
    int32_t room;

    if (copy_from_user(&room, size, sizeof(room)) < 0)
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (copy_to_user(to, &whole.name,
                     min_size((size_t)room, min_size(whole.length, sizeof(whole.name)))) < 0)
        return -EFAULT;
    return copy_to_user(size, &whole.length, sizeof(whole.length));
}

static bool address_is_path(const struct unix_address *address)
{
    return address->length > NAME_START && address->name.sun_path[0];
}

/* The path with its NUL, which a name of full length has no room for. */
static void address_path(const struct unix_address *address, char *text)
{
    memcpy(text, address->name.sun_path, sizeof(address->name.sun_path));
    text[sizeof(address->name.sun_path)] = '\0';
}

static int path_find(const struct unix_address *address, struct unix_socket **socket)
{
    char text[sizeof(address->name.sun_path) + 1];
    struct path path;
    int error;

    address_path(address, text);
    error = path_resolve(AT_FDCWD, text, PATH_FOLLOW, &path);
    if (error < 0)
        return error;
    error = inode_permission(path_inode(&path), MAY_WRITE);
    if (!error) {
        *socket =
            S_ISSOCK(path_inode(&path)->mode) ? unix_find_slot(&path_inode(&path)->special) : NULL;
        error = *socket ? 0 : -ECONNREFUSED;
    }
    path_put(&path);
    return error;
}

int address_find(const struct unix_address *address, struct unix_socket **socket)
{
    if (address->length <= NAME_START || address->name.sun_family != AF_UNIX)
        return -EINVAL;
    if (address_is_path(address))
        return path_find(address, socket);
    *socket = unix_find(address);
    return *socket ? 0 : -ECONNREFUSED;
}

static void place_put(void *place)
{
    inode_put(place);
}

/* Makes the name's inode, counted. -EADDRINUSE, and those of mknod(2). */
static int path_make(const struct unix_address *address, struct inode **inode)
{
    char text[sizeof(address->name.sun_path) + 1];
    struct inode_new wanted = {.mode = S_IFSOCK | (0777 & ~caller_fs()->umask)};
    struct path_last last;
    struct dentry *made;
    int error;

    address_path(address, text);
    error = path_resolve_last(AT_FDCWD, text, 0, &last);
    if (error < 0)
        return error;
    error = entry_make(&last, &wanted, &made);
    path_put(&last.directory);
    if (error < 0)
        return error == -EEXIST ? -EADDRINUSE : error;
    *inode = dentry_inode(made);
    inode_get(*inode);
    dentry_put(made);
    return 0;
}

static int path_bind(struct unix_socket *socket, const struct unix_address *address)
{
    struct unix_address present;
    struct inode *inode;
    int error;

    unix_name(socket, false, &present);
    if (present.length > NAME_START)
        return -EINVAL;
    error = path_make(address, &inode);
    if (error < 0)
        return error;
    error = unix_bind_slot(socket, address, &inode->special, inode, place_put);
    if (error < 0)
        inode_put(inode);
    return error;
}

int64_t sys_bind(int32_t fd, struct uaddr address, uint32_t size)
{
    struct unix_address name;
    struct unix_socket *socket;
    struct file *file;
    int error = socket_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = address_read(&name, address, (int32_t)size);
    if (!error && name.name.sun_family != AF_UNIX)
        error = -EINVAL;
    if (!error)
        error = address_is_path(&name) ? path_bind(socket, &name) : unix_bind(socket, &name);
    file_put(file);
    return error;
}

/* --- making --- */

/* The family's type that is meant. -EINVAL, -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT. */
static int type_check(int32_t family, int32_t type, int32_t protocol)
{
    int kind = type & TYPE_MASK;

    if ((type & ~TYPE_MASK) & ~(TYPE_CLOEXEC | TYPE_NONBLOCK))
        return -EINVAL;
    if (family != AF_UNIX)
        return -EAFNOSUPPORT;
    if (kind >= TYPES)
        return -EINVAL;
    if (protocol && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    if (kind == SOCK_RAW)
        return SOCK_DGRAM;
    return kind == SOCK_STREAM || kind == SOCK_DGRAM || kind == SOCK_SEQPACKET ? kind
                                                                               : -ESOCKTNOSUPPORT;
}

int64_t sys_socket(int32_t family, int32_t type, int32_t protocol)
{
    int kind = type_check(family, type, protocol);

    if (kind < 0)
        return kind;
    return caller_file_install(unix_make(kind, (uint32_t)type & TYPE_NONBLOCK),
                               type & TYPE_CLOEXEC);
}

static int64_t pair_install(struct file *one, struct file *other, bool cloexec, struct uaddr fds)
{
    int numbers[2] = {caller_file_install(one, cloexec), -1};

    if (numbers[0] < 0) {
        file_put(other);
        return numbers[0];
    }
    numbers[1] = caller_file_install(other, cloexec);
    if (numbers[1] < 0)
        goto close_first;
    if (copy_to_user(fds, numbers, sizeof(numbers)) == 0)
        return 0;
    file_table_close(caller_files(), numbers[1]);
    numbers[1] = -EFAULT;
close_first:
    file_table_close(caller_files(), numbers[0]);
    return numbers[1];
}

int64_t sys_socketpair(int32_t family, int32_t type, int32_t protocol, struct uaddr fds)
{
    int kind = type_check(family, type, protocol);
    struct file *one;
    struct file *other;

    if (kind < 0)
        return kind;
    if (unix_make_pair(kind, (uint32_t)type & TYPE_NONBLOCK, &one, &other) < 0)
        return -ENOMEM;
    return pair_install(one, other, type & TYPE_CLOEXEC, fds);
}

/* --- connecting --- */

int64_t sys_listen(int32_t fd, int32_t backlog)
{
    struct unix_socket *socket;
    struct file *file;
    int error = socket_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = unix_listen(socket, backlog);
    file_put(file);
    return error;
}

static int connect_to(struct file *file, struct unix_socket *socket,
                      const struct unix_address *address)
{
    struct unix_socket *target = NULL;
    int error = 0;

    if (address->name.sun_family != AF_UNSPEC)
        error = address_find(address, &target);
    if (!error)
        error = unix_connect(socket, target, file->flags & O_NONBLOCK);
    if (target)
        unix_put(target);
    return error;
}

int64_t sys_connect(int32_t fd, struct uaddr address, uint32_t size)
{
    struct unix_address name;
    struct unix_socket *socket;
    struct file *file;
    int error = socket_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = address_read(&name, address, (int32_t)size);
    if (!error)
        error = connect_to(file, socket, &name);
    file_put(file);
    return error;
}

/* Tells the peer's name; a connection whose peer has gone already is refused as Linux does. */
static int accepted_name(struct file *file, struct uaddr address, struct uaddr size)
{
    struct unix_address name;

    if (!address.value)
        return 0;
    if (unix_name(unix_of_file(file), true, &name) < 0)
        return -ECONNABORTED;
    return address_write(&name, address, size);
}

int64_t sys_accept4(int32_t fd, struct uaddr address, struct uaddr size, int32_t flags)
{
    struct unix_socket *socket;
    struct file *accepted;
    struct file *file;
    int error;

    if (flags & ~(TYPE_CLOEXEC | TYPE_NONBLOCK))
        return -EINVAL;
    error = socket_get(fd, &file, &socket);
    if (error < 0)
        return error;
    error =
        unix_accept(socket, (uint32_t)flags & TYPE_NONBLOCK, file->flags & O_NONBLOCK, &accepted);
    file_put(file);
    if (error < 0)
        return error;
    error = accepted_name(accepted, address, size);
    if (error < 0) {
        file_put(accepted);
        return error;
    }
    return caller_file_install(accepted, flags & TYPE_CLOEXEC);
}

int64_t sys_accept(int32_t fd, struct uaddr address, struct uaddr size)
{
    return sys_accept4(fd, address, size, 0);
}

int64_t sys_shutdown(int32_t fd, int32_t how)
{
    struct unix_socket *socket;
    struct file *file;
    int error = socket_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = unix_shutdown(socket, how);
    file_put(file);
    return error;
}

static int64_t name_get(int32_t fd, bool peer, struct uaddr address, struct uaddr size)
{
    struct unix_address name;
    struct unix_socket *socket;
    struct file *file;
    int error = socket_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = unix_name(socket, peer, &name);
    file_put(file);
    return error < 0 ? error : address_write(&name, address, size);
}

int64_t sys_getsockname(int32_t fd, struct uaddr address, struct uaddr size)
{
    return name_get(fd, false, address, size);
}

int64_t sys_getpeername(int32_t fd, struct uaddr address, struct uaddr size)
{
    return name_get(fd, true, address, size);
}

/* --- options --- */

int64_t sys_setsockopt(int32_t fd, int32_t level, int32_t option, struct uaddr value, uint32_t size)
{
    uint8_t bytes[OPTION_SIZE];
    struct unix_socket *socket;
    struct file *file;
    int error;

    if ((int32_t)size < 0)
        return -EINVAL;
    error = socket_get(fd, &file, &socket);
    if (error < 0)
        return error;
    size = (uint32_t)min_size(size, OPTION_SIZE);
    if (level != SOL_SOCKET)
        error = -EOPNOTSUPP;
    else if (copy_from_user(bytes, value, size) < 0)
        error = -EFAULT;
    else
        error = unix_option_set(socket, option, bytes, size);
    file_put(file);
    return error;
}

static int option_get(struct unix_socket *socket, int option, struct uaddr value, struct uaddr size)
{
    uint8_t bytes[OPTION_SIZE];
    uint32_t length;
    int error;

    if (copy_from_user(&length, size, sizeof(length)) < 0)
        return -EFAULT;
    if ((int32_t)length < 0)
        return -EINVAL;
    length = (uint32_t)min_size(length, OPTION_SIZE);
    error = unix_option_get(socket, option, bytes, &length);
    if (!error && copy_to_user(value, bytes, length) < 0)
        error = -EFAULT;
    return error ? error : copy_to_user(size, &length, sizeof(length));
}

int64_t sys_getsockopt(int32_t fd, int32_t level, int32_t option, struct uaddr value,
                       struct uaddr size)
{
    struct unix_socket *socket;
    struct file *file;
    int error = socket_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = level == SOL_SOCKET ? option_get(socket, option, value, size) : -EOPNOTSUPP;
    file_put(file);
    return error;
}
