/*
 * User registers as the kernel's entry pushes them, in the order of Linux's struct user_regs_struct
 * (sys/user.h). System calls, exceptions and interrupts share it. Included by arch/trap.h only.
 */
#ifndef MACHINE_TRAP_FRAME_H
#define MACHINE_TRAP_FRAME_H

#include <machine/offsets.h>
#include <stdbool.h>
#include <stdint.h>

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    int64_t orig_rax; /* >= 0: the number of the system call that is being made; -1: none, return by
                         IRET */
    uint64_t rip, cs, rflags, rsp, ss;
};

static inline uint64_t trap_ip(const struct trap_frame *frame)
{
    return frame->rip;
}

static inline uint64_t trap_sp(const struct trap_frame *frame)
{
    return frame->rsp;
}

static inline void trap_set_ip(struct trap_frame *frame, uint64_t ip)
{
    frame->rip = ip;
}

static inline void trap_set_sp(struct trap_frame *frame, uint64_t sp)
{
    frame->rsp = sp;
}

static inline void trap_set_return(struct trap_frame *frame, int64_t value)
{
    frame->rax = (uint64_t)value;
}

static inline int64_t trap_return(const struct trap_frame *frame)
{
    return (int64_t)frame->rax;
}

static inline bool trap_from_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) != 0;
}

static inline bool trap_in_syscall(const struct trap_frame *frame)
{
    return frame->orig_rax >= 0;
}

static inline uint64_t trap_syscall_number(const struct trap_frame *frame)
{
    return (uint64_t)frame->orig_rax;
}

static inline uint64_t trap_syscall_argument(const struct trap_frame *frame, unsigned index)
{
    switch (index) {
    case 0:
        return frame->rdi;
    case 1:
        return frame->rsi;
    case 2:
        return frame->rdx;
    case 3:
        return frame->r10;
    case 4:
        return frame->r8;
    default:
        return frame->r9;
    }
}

static inline void trap_restart_syscall(struct trap_frame *frame, uint64_t number)
{
    frame->rax = number;
    frame->rip -= 2; /* the length of SYSCALL */
    frame->orig_rax = -1;
}

static inline void trap_end_syscall(struct trap_frame *frame)
{
    frame->orig_rax = -1;
}

#endif
