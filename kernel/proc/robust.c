/*
 * Robust futexes (get_robust_list(2)): a list in user memory of the locks that a task holds, walked
 * when it ends, so that the next to lock learns that the owner died. The list is the program's and
 * may be anything: every read may fail and the walk is bounded.
 */
#include "arch/user.h"
#include "mem/user.h"
#include "proc/futex_internal.h"
#include <linux/futex.h>

/* An entry's address with its lowest bit, which says that the lock inherits priorities. */
struct entry {
    uint64_t address;
    bool pi;
};

static int entry_read(struct uaddr from, struct entry *entry)
{
    uint64_t value;

    if (copy_from_user(&value, from, sizeof(value)) != 0)
        return -1;
    entry->address = value & ~UINT64_C(1);
    entry->pi = (value & 1) != 0;
    return 0;
}

/* Marks the lock if the task holds it, and wakes one waiter. -1: the memory is bad. */
static int lock_mark(struct task *task, struct uaddr word, bool pi, bool pending)
{
    uint32_t value, seen, owner;

    if (word.value % sizeof(value) != 0 || copy_from_user(&value, word, sizeof(value)) != 0)
        return -1;
    for (;;) {
        owner = value & FUTEX_TID_MASK;
        if (pending && !pi && owner == 0) {
            futex_wake_address(word, 1); /* unlocked, but died before it woke anybody */
            return 0;
        }
        if (owner != (uint32_t)task->thread.tid)
            return 0;
        if (user_exchange32(word, value, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen) != 0)
            return -1;
        if (seen == value)
            break;
        value = seen;
    }
    if (!pi && (value & FUTEX_WAITERS))
        futex_wake_address(word, 1);
    return 0;
}

void robust_list_walk(struct task *task)
{
    struct uaddr head = task->robust_list;
    struct entry entry, next, pending;
    uint64_t offset;
    int left = ROBUST_LIST_LIMIT;

    if (!head.value || entry_read(head, &entry) != 0)
        return;
    if (copy_from_user(&offset, uaddr_add(head, offsetof(struct robust_list_head, futex_offset)),
                       sizeof(offset)) != 0 ||
        entry_read(uaddr_add(head, offsetof(struct robust_list_head, list_op_pending)), &pending) !=
            0)
        return;
    task->robust_list = (struct uaddr){0};
    for (; entry.address != head.value && left > 0; left--, entry = next) {
        bool bad = entry_read((struct uaddr){entry.address}, &next) != 0;

        if (entry.address != pending.address &&
            lock_mark(task, (struct uaddr){entry.address + offset}, entry.pi, false) != 0)
            return;
        if (bad)
            return;
        sched_point();
    }
    if (pending.address)
        (void)lock_mark(task, (struct uaddr){pending.address + offset}, pending.pi, true);
}
