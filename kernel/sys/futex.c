/*
 * futex(2): the operation is taken apart here.
 */
#include "proc/futex.h"

#include "arch/time.h"
#include "lib/errno.h"
#include "proc/clock.h"
#include "syscall_prototypes.h"
#include <linux/futex.h>

/* Which commands take a timeout, and of which kind. */
static bool takes_timeout(unsigned command)
{
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
           command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

static int request_deadline(struct futex_wait_request *request, unsigned command, bool realtime,
                            struct uaddr timeout)
{
    uint64_t value;
    int error;

    request->deadline = WAIT_FOREVER;
    if (!timeout.value)
        return 0;
    error = timespec_from_user(timeout, &value);
    if (error)
        return error;
    request->realtime = realtime;
    request->deadline = value;
    if (command == FUTEX_WAIT) {
        request->realtime = false;
        request->deadline =
            value > INT64_MAX - clock_monotonic() ? INT64_MAX : clock_monotonic() + value;
    }
    return 0;
}

static bool clock_allowed(unsigned command)
{
    return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI ||
           command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT;
}

static int64_t waiting_call(unsigned command, struct futex_wait_request *request)
{
    switch (command) {
    case FUTEX_WAIT:
        request->bits = FUTEX_BITSET_MATCH_ANY;
        return futex_wait(request);
    case FUTEX_WAIT_BITSET:
        return futex_wait(request);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return futex_lock_pi(request, false);
    default:
        return -ENOSYS;
    }
}

int64_t sys_futex(struct uaddr word, int32_t operation, uint32_t value, struct uaddr timeout,
                  struct uaddr second, uint32_t third)
{
    unsigned command = (unsigned)operation & FUTEX_CMD_MASK;
    bool private_key = (operation & FUTEX_PRIVATE_FLAG) != 0;
    bool realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
    struct futex_wait_request request = {
        .word = word, .private_key = private_key, .value = value, .bits = third};
    uint32_t count = (uint32_t)timeout.value;
    int error;

    if (takes_timeout(command)) {
        if (realtime && !clock_allowed(command))
            return -ENOSYS;
        error = request_deadline(&request, command, realtime || command == FUTEX_LOCK_PI, timeout);
        return error ? error : waiting_call(command, &request);
    }
    if (realtime)
        return -ENOSYS;
    switch (command) {
    case FUTEX_WAKE:
        return futex_wake(word, private_key, value, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(word, private_key, value, third);
    case FUTEX_REQUEUE:
        return futex_requeue(word, second, private_key, value, count, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(word, second, private_key, value, count, &third);
    case FUTEX_WAKE_OP:
        return futex_wake_op(word, second, private_key, value, count, third);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(&request, true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(word, private_key);
    default:
        return -ENOSYS;
    }
}
