/*
 * The signal frame on the user stack, in the layout that the C libraries know (x86_64: struct
 * rt_sigframe).
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include "arch/address.h"
#include "arch/trap.h"
#include <asm/siginfo.h>
#include <asm/signal.h>

/* Everything a frame records. mask is the signal mask to restore on return. */
struct signal_delivery {
    int number;
    struct uaddr handler, restorer; /* of the sigaction */
    uint64_t action_flags;          /* SA_… */
    const siginfo_t *info;
    uint64_t mask;
    stack_t alternate;  /* the alternate stack's settings as sigaltstack reports them */
    uint64_t stack_top; /* where the frame goes: the alternate stack's end, or 0: below the current
                           stack */
    uint64_t trap_number, error_code, fault_address; /* for sigcontext */
};

/* Pushes the frame and makes the current thread continue in the handler. 0 or -EFAULT (the stack is
   bad; nothing changed that matters: the caller forces SIGSEGV). */
int signal_frame_push(struct trap_frame *frame, const struct signal_delivery *delivery);

/* rt_sigreturn: restores registers and FPU state from the frame at the user stack; gives back mask
   and alternate stack. 0 or -EFAULT. */
int signal_frame_pop(struct trap_frame *frame, uint64_t *mask, stack_t *alternate);

#endif
