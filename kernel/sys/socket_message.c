/*
 * Socket calls that move messages: sendto, recvfrom, sendmsg, recvmsg, sendmmsg, recvmmsg, with
 * ancillary data (cmsg(3)).
 */
#include "sys/socket.h"

#include "arch/time.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "file/file_table.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "sched/wait.h"
#include "sys/time_argument.h"
#include "sys/vector.h"
#include "syscall_prototypes.h"
#include <asm/socket.h>
#include <linux/capability.h>

enum {
    SCM_RIGHTS = 1,
    SCM_CREDENTIALS = 2,
    CONTROL_MAX = 20480, /* net.core.optmem_max */
    MESSAGES_MAX = 1024,
};

/* struct msghdr, struct cmsghdr and struct mmsghdr as programs lay them out. */
struct message_header {
    struct uaddr name;
    int32_t name_size;
    uint32_t padding;
    struct uaddr vector;
    uint64_t vector_count;
    struct uaddr control;
    uint64_t control_size;
    uint32_t flags;
    uint32_t padding2;
};

struct control_header {
    uint64_t length; /* with this header */
    int32_t level, type;
};

struct many_header {
    struct message_header header;
    uint32_t length, padding;
};

/* --- ancillary data of a send --- */

static void files_drop(struct unix_send *send)
{
    for (unsigned i = 0; i < send->file_count; i++)
        file_put(send->files[i]);
    heap_free(send->files);
    send->files = NULL;
    send->file_count = 0;
}

static int rights_read(struct unix_send *send, const void *data, size_t size)
{
    size_t count = size / sizeof(int);
    const int *fds = data;

    if (send->file_count + count > UNIX_FILES_MAX)
        return -EINVAL;
    if (!send->files)
        send->files = heap_alloc(UNIX_FILES_MAX * sizeof(*send->files));
    if (!send->files)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct file *file = caller_file_usable(fds[i]);

        if (!file)
            return -EBADF;
        send->files[send->file_count++] = file;
    }
    return 0;
}

static int cred_read(struct unix_send *send, struct unix_cred *cred, const void *data, size_t size)
{
    const struct cred *own = caller_cred();

    if (size != sizeof(*cred))
        return -EINVAL;
    memcpy(cred, data, sizeof(*cred));
    if (cred->pid != caller_pid() && !cred_capable(own, CAP_SYS_ADMIN))
        return -EPERM;
    if (cred->uid != own->uid && cred->uid != own->euid && cred->uid != own->suid &&
        !cred_capable(own, CAP_SETUID))
        return -EPERM;
    if (cred->gid != own->gid && cred->gid != own->egid && cred->gid != own->sgid &&
        !cred_capable(own, CAP_SETGID))
        return -EPERM;
    send->cred = cred;
    return 0;
}

static int control_item(struct unix_send *send, struct unix_cred *cred,
                        const struct control_header *item)
{
    size_t size = item->length - sizeof(*item);

    if (item->level != SOL_SOCKET)
        return 0;
    if (item->type == SCM_RIGHTS)
        return rights_read(send, item + 1, size);
    if (item->type == SCM_CREDENTIALS)
        return cred_read(send, cred, item + 1, size);
    return -EINVAL;
}

static int control_parse(struct unix_send *send, struct unix_cred *cred, const uint8_t *bytes,
                         uint64_t size)
{
    uint64_t at = 0;
    int error = 0;

    while (!error && size - at >= sizeof(struct control_header)) {
        const struct control_header *item = (const void *)(bytes + at);

        if (item->length < sizeof(*item) || item->length > size - at)
            return -EINVAL;
        error = control_item(send, cred, item);
        at += min_u64(align_up(item->length, sizeof(uint64_t)), size - at);
    }
    return error;
}

static int control_read(struct unix_send *send, struct unix_cred *cred, struct uaddr from,
                        uint64_t size)
{
    uint8_t *bytes;
    int error = -EFAULT;

    if (!size)
        return 0;
    if (size > CONTROL_MAX)
        return -ENOBUFS;
    bytes = heap_alloc(size);
    if (!bytes)
        return -ENOMEM;
    if (copy_from_user(bytes, from, size) == 0)
        error = control_parse(send, cred, bytes, size);
    heap_free(bytes);
    return error;
}

/* --- sending --- */

/* Sends to a name, if one is given. Consumes send->files. */
static int64_t send_to(struct file *file, struct unix_send *send, struct uaddr name,
                       int32_t name_size)
{
    struct unix_address address;
    int64_t result = 0;

    if (name.value && name_size) {
        result = address_read(&address, name, name_size);
        if (!result && unix_of_file(file)->type != SOCK_DGRAM)
            result = unix_of_file(file)->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
        if (!result)
            result = address_find(&address, &send->target);
    }
    if (!result)
        result = unix_send(file, send);
    else
        files_drop(send);
    if (send->target)
        unix_put(send->target);
    return result;
}

int64_t sys_sendto(int32_t fd, struct uaddr buf, uint64_t count, int32_t flags,
                   struct uaddr address, uint32_t size)
{
    struct uio uio;
    struct unix_send send = {.uio = &uio, .flags = flags};
    struct unix_socket *socket;
    struct file *file;
    int64_t result;

    if (!user_range_ok(buf, count))
        return -EFAULT;
    result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    uio_init_user(&uio, false, buf, min_u64(count, TRANSFER_MAX));
    result = send_to(file, &send, address, (int32_t)size);
    file_put(file);
    return result;
}

static int64_t message_send(struct file *file, struct uaddr message, int flags)
{
    struct message_header header;
    struct unix_cred cred;
    struct vector vector;
    struct uio uio;
    struct unix_send send = {.uio = &uio, .flags = flags};
    int64_t result;

    if (copy_from_user(&header, message, sizeof(header)) < 0)
        return -EFAULT;
    if (header.vector_count > UIO_MAXIOV)
        return -EMSGSIZE;
    result = vector_read(&vector, &uio, false, header.vector, header.vector_count);
    if (!result) {
        result = control_read(&send, &cred, header.control, header.control_size);
        if (result < 0)
            files_drop(&send);
        else
            result = send_to(file, &send, header.name, header.name_size);
    }
    vector_drop(&vector);
    return result;
}

int64_t sys_sendmsg(int32_t fd, struct uaddr message, int32_t flags)
{
    struct unix_socket *socket;
    struct file *file;
    int64_t result = socket_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = message_send(file, message, flags);
    file_put(file);
    return result;
}

/* --- ancillary data of a receive --- */

struct control_writer {
    struct uaddr to;
    uint64_t left, written;
    uint32_t flags; /* MSG_CTRUNC */
};

/* Appends one item; what does not fit is cut. 0 or -EFAULT. */
static int control_put(struct control_writer *writer, int type, const void *data, size_t size)
{
    struct control_header item = {sizeof(item) + size, SOL_SOCKET, type};
    uint64_t space = align_up(item.length, sizeof(uint64_t));

    if (writer->left < sizeof(item)) {
        writer->flags |= MSG_CTRUNC;
        return 0;
    }
    if (item.length > writer->left) {
        writer->flags |= MSG_CTRUNC;
        item.length = writer->left;
    }
    if (copy_to_user(writer->to, &item, sizeof(item)) < 0 ||
        copy_to_user(uaddr_add(writer->to, sizeof(item)), data, item.length - sizeof(item)) < 0)
        return -EFAULT;
    space = min_u64(space, writer->left);
    writer->to = uaddr_add(writer->to, space);
    writer->left -= space;
    writer->written += space;
    return 0;
}

/* Gives the program numbers for the descriptors that came along, as many as it has room for. */
static int rights_put(struct control_writer *writer, struct unix_receive *receive, bool cloexec)
{
    uint64_t header = sizeof(struct control_header);
    size_t room = writer->left > header ? (writer->left - header) / sizeof(int) : 0;
    int fds[UNIX_FILES_MAX];
    unsigned count = 0;

    while (count < receive->file_count && count < room) {
        int fd = caller_file_install(file_get(receive->files[count]), cloexec);

        if (fd < 0)
            break;
        fds[count++] = fd;
    }
    if (count < receive->file_count)
        writer->flags |= MSG_CTRUNC;
    return count ? control_put(writer, SCM_RIGHTS, fds, count * sizeof(int)) : 0;
}

static void received_files_put(struct unix_receive *receive)
{
    for (unsigned i = 0; i < receive->file_count; i++)
        file_put(receive->files[i]);
    heap_free(receive->files);
}

static int control_write(struct control_writer *writer, struct unix_receive *receive)
{
    int error = 0;

    if (receive->has_cred)
        error = control_put(writer, SCM_CREDENTIALS, &receive->cred, sizeof(receive->cred));
    if (!error && receive->file_count)
        error = rights_put(writer, receive, receive->flags & MSG_CMSG_CLOEXEC);
    return error;
}

/* --- receiving --- */

int64_t sys_recvfrom(int32_t fd, struct uaddr buf, uint64_t count, int32_t flags,
                     struct uaddr address, struct uaddr size)
{
    struct uio uio;
    struct unix_receive receive = {.uio = &uio, .flags = flags};
    struct unix_socket *socket;
    struct file *file;
    int64_t result;

    if (!user_range_ok(buf, count))
        return -EFAULT;
    result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    uio_init_user(&uio, true, buf, min_u64(count, TRANSFER_MAX));
    result = unix_receive(file, &receive);
    received_files_put(&receive);
    file_put(file);
    if (result >= 0 && address.value) {
        if (receive.from.length <= sizeof(__kernel_sa_family_t))
            receive.from.length = 0;
        if (address_write(&receive.from, address, size) < 0)
            return -EFAULT;
    }
    return result;
}

/* Fills in the parts of the header that the call changes. */
static int header_write(struct uaddr message, const struct message_header *header,
                        const struct unix_receive *receive, const struct control_writer *writer)
{
    struct message_header changed = *header;

    if (header->name.value) {
        bool has_name = receive->from.length > sizeof(__kernel_sa_family_t);
        size_t room = header->name_size < 0 ? 0 : (size_t)header->name_size;

        changed.name_size = has_name ? (int32_t)receive->from.length : 0;
        if (copy_to_user(header->name, &receive->from.name,
                         min_size(room, (size_t)changed.name_size)) < 0)
            return -EFAULT;
    }
    changed.control_size = writer->written;
    changed.flags = (uint32_t)receive->result_flags | writer->flags |
                    ((uint32_t)receive->flags & MSG_CMSG_CLOEXEC);
    return copy_to_user(message, &changed, sizeof(changed));
}

static int64_t message_receive(struct file *file, struct uaddr message, int flags)
{
    struct message_header header;
    struct control_writer writer = {.flags = 0};
    struct vector vector;
    struct uio uio;
    struct unix_receive receive = {.uio = &uio, .flags = flags};
    int64_t result;

    if (copy_from_user(&header, message, sizeof(header)) < 0)
        return -EFAULT;
    if (header.vector_count > UIO_MAXIOV)
        return -EMSGSIZE;
    if (header.name.value && header.name_size < 0)
        return -EINVAL;
    result = vector_read(&vector, &uio, true, header.vector, header.vector_count);
    if (!result)
        result = unix_receive(file, &receive);
    if (result >= 0) {
        writer.to = header.control;
        writer.left = header.control.value ? header.control_size : 0;
        if (control_write(&writer, &receive) < 0 ||
            header_write(message, &header, &receive, &writer) < 0)
            result = -EFAULT;
    }
    received_files_put(&receive);
    vector_drop(&vector);
    return result;
}

int64_t sys_recvmsg(int32_t fd, struct uaddr message, int32_t flags)
{
    struct unix_socket *socket;
    struct file *file;
    int64_t result = socket_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = message_receive(file, message, flags);
    file_put(file);
    return result;
}

/* --- many at once --- */

static struct uaddr many_at(struct uaddr messages, uint32_t index)
{
    return uaddr_add(messages, index * sizeof(struct many_header));
}

static int length_write(struct uaddr message, int64_t length)
{
    uint32_t value = (uint32_t)length;

    return copy_to_user(uaddr_add(message, offsetof(struct many_header, length)), &value,
                        sizeof(value));
}

int64_t sys_sendmmsg(int32_t fd, struct uaddr messages, uint32_t count, int32_t flags)
{
    struct unix_socket *socket;
    struct file *file;
    uint32_t done = 0;
    int64_t result = socket_get(fd, &file, &socket);

    if (result < 0)
        return result;
    count = (uint32_t)min_u64(count, MESSAGES_MAX);
    while (done < count) {
        result = message_send(file, many_at(messages, done), flags);
        if (result >= 0)
            result = length_write(many_at(messages, done), result);
        if (result < 0)
            break;
        done++;
    }
    file_put(file);
    return done ? done : result;
}

int64_t sys_recvmmsg(int32_t fd, struct uaddr messages, uint32_t count, int32_t flags,
                     struct uaddr timeout)
{
    struct timeout until;
    struct unix_socket *socket;
    struct file *file;
    uint32_t done = 0;
    int64_t result = timeout_read_timespec(&until, timeout);

    if (!result)
        result = socket_get(fd, &file, &socket);
    if (result < 0)
        return result;
    count = (uint32_t)min_u64(count, MESSAGES_MAX);
    while (done < count) {
        result = message_receive(file, many_at(messages, done), flags & ~MSG_WAITFORONE);
        if (result >= 0)
            result = length_write(many_at(messages, done), result);
        if (result < 0)
            break;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        /* As on Linux, the time limit is looked at between messages only. */
        if (clock_monotonic() >= until.deadline)
            break;
    }
    file_put(file);
    if (timeout.value && done && timeout_write_timespec(&until, timeout) < 0)
        return -EFAULT;
    return done ? done : result;
}
