/*
 * What the two files of socket calls share.
 */
#ifndef SYS_SOCKET_H
#define SYS_SOCKET_H

#include "arch/address.h"
#include "net/unix.h"

/* The socket behind fd: *file has a reference. 0, -EBADF, -ENOTSOCK. */
int socket_get(int fd, struct file **file, struct unix_socket **socket);
/* Reads a name. 0, -EINVAL, -EFAULT. A family of AF_UNSPEC is let through. */
int address_read(struct unix_address *address, struct uaddr from, int32_t size);
/* Writes as much of the name as the program's int at `size` allows, and the length it has. 0,
 * -EFAULT, -EINVAL. */
int address_write(const struct unix_address *address, struct uaddr to, struct uaddr size);
/* The socket that a name leads to, counted. 0, -ECONNREFUSED, and those of path resolution. */
int address_find(const struct unix_address *address, struct unix_socket **socket);

#endif
