/*
 * Signals as data: sets, queues and actions. A set is a 64-bit word, bit N - 1 for signal N, as in
 * the system call ABI.
 */
#ifndef PROC_SIGNAL_TYPES_H
#define PROC_SIGNAL_TYPES_H

#include "arch/address.h"
#include "sched/spin.h"
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

enum { SIGNAL_COUNT = 64 };

static inline uint64_t signal_bit(int number)
{
    return 1ull << (number - 1);
}

struct queued_signal;
TAILQ_HEAD(queued_list, queued_signal);

/* Pending signals: `set` says which; the list keeps siginfo in order of arrival. Zeroed is empty
 * (list head made on first use). */
struct signal_queue {
    uint64_t set;
    struct queued_list list;
};

struct signal_action {
    uint64_t handler; /* SIG_DFL, SIG_IGN or a user address */
    uint64_t flags;   /* SA_… */
    uint64_t restorer;
    uint64_t mask;
};

/* Shared by fork until somebody changes it, and then copied; but CLONE_SIGHAND makes it common:
 * changed in place for all sharers. */
struct signal_actions {
    _Atomic uint32_t refs;
    bool common;                                /* constant once a second process holds it */
    struct signal_action actions[SIGNAL_COUNT]; /* by number - 1 */
};

#endif
