/*
 * From the number in a register to the handler. Hot: the common path is a bound check, a load and
 * an indirect call.
 */
#include "abi/restart.h"
#include "arch/trap.h"
#include "lib/assert.h" /* DEBUG_CHECKS */
#include "lib/errno.h"
#include "sched/thread.h"
#include "sys/check.h"
#include "sys/strace.h"
#include "sys/table.h"
#include "syscall_prototypes.h"
#include <asm/unistd.h>

#include "syscall_table.h"

static const struct syscall_entry entries[] = {SYSCALL_ENTRIES};

enum { ENTRY_COUNT = sizeof entries / sizeof entries[0] };

/* Names of all of Linux's numbers, for those that are missing here. */
static const char *const names[] = {SYSCALL_NAMES};

enum { NAME_COUNT = sizeof names / sizeof names[0] };

static _Atomic uint64_t missing[NAME_COUNT];

const struct syscall_entry *syscall_entry(uint64_t number)
{
    return number < ENTRY_COUNT && entries[number].call ? &entries[number] : NULL;
}

const char *syscall_name(uint64_t number)
{
    return number < NAME_COUNT ? names[number] : NULL;
}

uint64_t syscall_missing_count(uint64_t number)
{
    return number < NAME_COUNT ? atomic_load_explicit(&missing[number], memory_order_relaxed) : 0;
}

uint64_t syscall_limit(void)
{
    return NAME_COUNT;
}

static int64_t call_missing(uint64_t number)
{
    if (number < NAME_COUNT)
        atomic_fetch_add_explicit(&missing[number], 1, memory_order_relaxed);
    return -ENOSYS;
}

void syscall_enter(struct trap_frame *frame)
{
    uint64_t number = trap_syscall_number(frame);
    const struct syscall_entry *entry = syscall_entry(number);
    int64_t result;

    if (__builtin_expect(strace_on, 0))
        strace_enter(frame, number);
    result = entry ? entry->call(frame) : call_missing(number);
    /* Unless execve or sigreturn put other registers there; a negative number never looks like a
     * call. */
    if (trap_in_syscall(frame) || number > INT64_MAX)
        trap_set_return(frame, result);
    if (__builtin_expect(strace_on, 0))
        strace_leave(number, result);
    if (DEBUG_CHECKS)
        border_check();
}
