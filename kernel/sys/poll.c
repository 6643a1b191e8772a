/*
 * poll, ppoll, select, pselect6.
 *
 * All four are one loop: ask every file, registering in the first round; if none has anything,
 * sleep until one has news or the deadline. The forms with a signal mask install it for the wait;
 * it stays for the handler of the signal that ended the wait.
 */
#include "abi/restart.h"
#include "arch/cpu.h"
#include "file/caller.h"
#include "file/file.h"
#include "file/file_table.h"
#include "file/poller.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "mem/user.h"
#include "proc/process.h"
#include "sys/time_argument.h"
#include "syscall_prototypes.h"
#include <asm/poll.h>
#include <linux/resource.h>

enum {
    POLL_INLINE = 32,  /* descriptors of poll on the stack */
    SELECT_INLINE = 4, /* words of each of select's sets on the stack: 256 descriptors */
    SELECT_MAX = 1 << 20,
};

/* Events of a descriptor; registers if the table is not NULL. POLLNVAL: not open. */
static uint32_t descriptor_poll(int fd, uint32_t wanted, struct poller *poller, bool registering)
{
    struct file *file = caller_file_usable(fd);
    uint32_t events;

    if (!file)
        return POLLNVAL;
    poller->events = wanted;
    events = file_poll(file, registering ? &poller->table : NULL);
    file_put(file);
    return events & wanted;
}

/* --- poll --- */

static int poll_round(struct pollfd *fds, uint32_t count, struct poller *poller, bool registering)
{
    int ready = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t wanted = (uint16_t)fds[i].events | POLLERR | POLLHUP;

        fds[i].revents = 0;
        if (fds[i].fd < 0)
            continue;
        fds[i].revents = (short)descriptor_poll(fds[i].fd, wanted, poller, registering && !ready);
        ready += fds[i].revents != 0;
    }
    return ready;
}

/* The number of ready descriptors, 0 at the deadline, -EINTR, -ENOMEM. */
static int poll_wait_all(struct pollfd *fds, uint32_t count, uint64_t deadline)
{
    struct poller poller;
    bool registering = deadline != 0;
    int result;

    poller_init(&poller);
    for (;;) {
        result = poll_round(fds, count, &poller, registering);
        if (!result)
            result = poller.error;
        if (result || !deadline)
            break;
        registering = false;
        result = poller_sleep(&poller, deadline);
        if (result == -ETIMEDOUT)
            deadline = 0;
        else if (result < 0)
            break;
    }
    poller_drop(&poller);
    return result;
}

static int revents_write(struct uaddr to, const struct pollfd *fds, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct uaddr field = uaddr_add(to, i * sizeof(*fds) + offsetof(struct pollfd, revents));

        if (copy_to_user(field, &fds[i].revents, sizeof(fds[i].revents)) < 0)
            return -EFAULT;
    }
    return 0;
}

static int64_t poll_user(struct uaddr address, uint32_t count, uint64_t deadline)
{
    struct pollfd storage[POLL_INLINE];
    struct pollfd *fds = storage;
    int64_t result;

    if (count > caller_limit(RLIMIT_NOFILE))
        return -EINVAL;
    if (count > POLL_INLINE)
        fds = heap_alloc(count * sizeof(*fds));
    if (!fds)
        return -ENOMEM;
    result = copy_from_user(fds, address, count * sizeof(*fds));
    if (!result)
        result = poll_wait_all(fds, count, deadline);
    if (result >= 0 && revents_write(address, fds, count) < 0)
        result = -EFAULT;
    if (fds != storage)
        heap_free(fds);
    return result;
}

static int64_t poll_restart(struct restart_block *block)
{
    int64_t result =
        poll_user((struct uaddr){block->values[0]}, (uint32_t)block->values[1], block->deadline);

    return result == -EINTR ? -ERESTART_RESTARTBLOCK : result;
}

int64_t sys_poll(struct uaddr fds, uint32_t count, int32_t timeout)
{
    struct restart_block *block = &task_current()->restart;
    struct timeout until;
    int64_t result;

    timeout_from_milliseconds(&until, timeout);
    result = poll_user(fds, count, until.deadline);
    if (result != -EINTR)
        return result;
    block->function = poll_restart;
    block->deadline = until.deadline;
    block->values[0] = fds.value;
    block->values[1] = count;
    return -ERESTART_RESTARTBLOCK;
}

/* The end of a call with a mask: gives it back, tells the time left, and says how an interruption
 * ends. */
static int64_t masked_end(int64_t result, int time_error)
{
    caller_mask_restore(result == -EINTR);
    if (result == -EINTR && !time_error)
        return -ERESTARTNOHAND;
    return result;
}

int64_t sys_ppoll(struct uaddr fds, uint32_t count, struct uaddr timeout, struct uaddr mask,
                  uint64_t size)
{
    struct timeout until;
    int64_t result = timeout_read_timespec(&until, timeout);

    if (!result)
        result = caller_mask_push(mask, size);
    if (result < 0)
        return result;
    result = poll_user(fds, count, until.deadline);
    return masked_end(result, timeout_write_timespec(&until, timeout));
}

/* --- select --- */

enum select_set { SELECT_READ, SELECT_WRITE, SELECT_EXCEPT, SELECT_SETS };

static const uint32_t select_events[SELECT_SETS] = {
    [SELECT_READ] = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL,
    [SELECT_WRITE] = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL,
    [SELECT_EXCEPT] = POLLPRI | POLLNVAL,
};

struct selection {
    unsigned count; /* descriptors */
    unsigned words;
    uint64_t *wanted[SELECT_SETS]; /* words each */
    uint64_t *ready[SELECT_SETS];
};

/* Which sets ask for fd, as bits. */
static unsigned selection_asks(const struct selection *selection, unsigned fd)
{
    unsigned sets = 0;

    for (unsigned i = 0; i < SELECT_SETS; i++)
        sets |= (unsigned)(selection->wanted[i][fd / 64] >> (fd % 64) & 1) << i;
    return sets;
}

static uint32_t sets_events(unsigned sets)
{
    uint32_t events = POLLERR | POLLHUP;

    for (unsigned i = 0; i < SELECT_SETS; i++)
        if (sets & 1u << i)
            events |= select_events[i];
    return events;
}

/* Asks about one descriptor: how many sets it is ready in, -EBADF. */
static int select_one(struct selection *selection, unsigned fd, unsigned sets,
                      struct poller *poller, bool registering)
{
    uint32_t events = descriptor_poll((int)fd, sets_events(sets), poller, registering);
    int ready = 0;

    if (events & POLLNVAL)
        return -EBADF;
    for (unsigned i = 0; i < SELECT_SETS; i++) {
        if ((sets & 1u << i) && (events & select_events[i])) {
            selection->ready[i][fd / 64] |= UINT64_C(1) << (fd % 64);
            ready++;
        }
    }
    return ready;
}

static int select_round(struct selection *selection, struct poller *poller, bool registering)
{
    int ready = 0;

    for (unsigned fd = 0; fd < selection->count; fd++) {
        unsigned sets = selection_asks(selection, fd);
        int result;

        if (!sets)
            continue;
        result = select_one(selection, fd, sets, poller, registering && !ready);
        if (result < 0)
            return result;
        ready += result;
    }
    return ready;
}

static int select_wait(struct selection *selection, uint64_t deadline)
{
    struct poller poller;
    bool registering = deadline != 0;
    int result;

    poller_init(&poller);
    for (;;) {
        result = select_round(selection, &poller, registering);
        if (!result)
            result = poller.error;
        if (result || !deadline)
            break;
        registering = false;
        result = poller_sleep(&poller, deadline);
        if (result == -ETIMEDOUT)
            deadline = 0;
        else if (result < 0)
            break;
    }
    poller_drop(&poller);
    return result;
}

/* The bytes of a set that programs see: whole longs. */
static size_t set_bytes(const struct selection *selection)
{
    return selection->words * sizeof(uint64_t);
}

static int sets_read(struct selection *selection, const struct uaddr *addresses)
{
    for (unsigned i = 0; i < SELECT_SETS; i++) {
        memset(selection->wanted[i], 0, set_bytes(selection));
        memset(selection->ready[i], 0, set_bytes(selection));
        if (addresses[i].value &&
            copy_from_user(selection->wanted[i], addresses[i], set_bytes(selection)) < 0)
            return -EFAULT;
    }
    return 0;
}

static int sets_write(const struct selection *selection, const struct uaddr *addresses)
{
    for (unsigned i = 0; i < SELECT_SETS; i++)
        if (addresses[i].value &&
            copy_to_user(addresses[i], selection->ready[i], set_bytes(selection)) < 0)
            return -EFAULT;
    return 0;
}

static int64_t select_user(int32_t count, const struct uaddr *addresses, uint64_t deadline)
{
    uint64_t storage[2 * SELECT_SETS * SELECT_INLINE];
    uint64_t *words = storage;
    struct selection selection;
    int64_t result;

    if (count < 0)
        return -EINVAL;
    selection.count = (unsigned)(count < SELECT_MAX ? count : SELECT_MAX);
    selection.words = (unsigned)divide_up(selection.count, 64);
    if (selection.words > SELECT_INLINE)
        words = heap_alloc(2 * SELECT_SETS * set_bytes(&selection));
    if (!words)
        return -ENOMEM;
    for (unsigned i = 0; i < SELECT_SETS; i++) {
        selection.wanted[i] = words + i * selection.words;
        selection.ready[i] = words + (SELECT_SETS + i) * selection.words;
    }
    result = sets_read(&selection, addresses);
    if (!result)
        result = select_wait(&selection, deadline);
    if (result >= 0 && sets_write(&selection, addresses) < 0)
        result = -EFAULT;
    if (words != storage)
        heap_free(words);
    return result;
}

int64_t sys_select(int32_t count, struct uaddr read, struct uaddr write, struct uaddr except,
                   struct uaddr timeout)
{
    const struct uaddr addresses[SELECT_SETS] = {read, write, except};
    struct timeout until;
    int64_t result = timeout_read_timeval(&until, timeout);

    if (result < 0)
        return result;
    result = select_user(count, addresses, until.deadline);
    if (timeout_write_timeval(&until, timeout) == 0 && result == -EINTR)
        return -ERESTARTNOHAND;
    return result;
}

int64_t sys_pselect6(int32_t count, struct uaddr read, struct uaddr write, struct uaddr except,
                     struct uaddr timeout, struct uaddr mask)
{
    const struct uaddr addresses[SELECT_SETS] = {read, write, except};
    struct {
        struct uaddr mask;
        uint64_t size;
    } argument = {.mask = {0}};
    struct timeout until;
    int64_t result;

    if (mask.value && copy_from_user(&argument, mask, sizeof(argument)) < 0)
        return -EFAULT;
    result = timeout_read_timespec(&until, timeout);
    if (!result)
        result = caller_mask_push(argument.mask, argument.size);
    if (result < 0)
        return result;
    result = select_user(count, addresses, until.deadline);
    return masked_end(result, timeout_write_timespec(&until, timeout));
}
