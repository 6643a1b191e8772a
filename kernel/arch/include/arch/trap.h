/*
 * The registers of user mode at kernel entry, and the ways back. struct trap_frame lies at the top
 * of the thread's kernel stack; fork copies it and sets the return register to 0: this is why one
 * call returns twice.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "arch/address.h"
#include <machine/trap_frame.h> /* struct trap_frame */
#include <stdbool.h>

struct thread;

/* The user registers of `thread`, which must have entered from user mode (or be about to for the
 * first time). */
struct trap_frame *thread_frame(const struct thread *thread);

/*
 * machine/trap_frame.h defines these inline functions besides the structure:
 *
 *   uint64_t trap_ip(frame), trap_sp(frame); void trap_set_ip(frame, ip), trap_set_sp(frame, sp)
 *   void trap_set_return(frame, int64_t value); int64_t trap_return(frame)
 *   bool trap_from_user(frame)
 *   bool trap_in_syscall(frame)          false in a frame made by an exception or interrupt, and
 * after trap_end_syscall uint64_t trap_syscall_number(frame), trap_syscall_argument(frame, unsigned
 * index 0 … 5) void trap_restart_syscall(frame, uint64_t number)    the call is issued again, as
 * `number`, on return to user mode void trap_end_syscall(frame)         forgets that this was a
 * system call, so that it is not restarted (a handler has been set up) and every register is
 * restored from the frame
 */

/* A fresh register set for a program that starts at `ip` with stack `sp`; everything else zero. */
void trap_frame_exec(struct trap_frame *frame, uint64_t ip, uint64_t sp);

/* Leaves for user mode with the current thread's frame as it stands: for a kernel thread that has
   become a program. Pending work is done first (user_return). */
_Noreturn void trap_enter_user(void);

/* Upcalls, implemented above the architecture. */

/* A system call of the current thread; sets the return value in the frame. Interrupts on.
 * (sys/dispatch.c) */
void syscall_enter(struct trap_frame *frame);

enum trap_kind {
    TRAP_DIVIDE,      /* SIGFPE, FPE_INTDIV */
    TRAP_FLOAT,       /* SIGFPE, code in `detail` (an FPE_ constant) */
    TRAP_INSTRUCTION, /* SIGILL, ILL_ILLOPN */
    TRAP_BREAKPOINT,  /* SIGTRAP, SI_KERNEL (x86_64 int3) */
    TRAP_STEP,        /* SIGTRAP, TRAP_TRACE */
    TRAP_ALIGNMENT,   /* SIGBUS, BUS_ADRALN */
    TRAP_PROTECTION,  /* SIGSEGV, SI_KERNEL, no address (x86_64 #GP, …) */
    TRAP_OVERFLOW,    /* SIGSEGV, SI_KERNEL (x86_64 into, bound) */
    TRAP_STACK,       /* SIGBUS, SI_KERNEL (x86_64 #SS, #NP: a non-canonical stack address) */
};

/* An exception in user mode: becomes a signal. Interrupts on. (proc/trap.c) */
void user_exception(struct trap_frame *frame, enum trap_kind kind, uint64_t detail,
                    uint64_t address, unsigned vector, uint64_t error_code);

enum fault_access {
    FAULT_WRITE = 1,   /* a store; otherwise a load */
    FAULT_EXECUTE = 2, /* an instruction fetch */
    FAULT_PRESENT = 4, /* the translation exists and forbids the access */
    FAULT_USER = 8,    /* from user mode; otherwise the kernel copying user memory */
};

/* A page fault at a user address. From user mode a failure becomes a signal and 0 is returned. From
   a kernel copy a failure returns -EFAULT and the architecture resumes at the copy's fixup.
   Interrupts as in the interrupted code; may sleep. (proc/trap.c) */
int page_fault(struct trap_frame *frame, struct uaddr address, unsigned access,
               uint64_t error_code);

/* Runs before every return to user mode with interrupts off while work may be pending: signals,
   preemption, exit. It may turn interrupts on and sleep; it returns with them off and nothing
   pending. (proc/trap.c) */
void user_return(struct trap_frame *frame);

#endif
