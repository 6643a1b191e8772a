/*
 * The switch from one kernel stack to another, and where new threads begin.
 */
#include <machine/offsets.h>

    .text

/* struct thread *switch_stacks(struct thread *previous, struct thread *next): returns previous, on next's stack. */
    .balign 16
    .globl switch_stacks
switch_stacks:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, THREAD_ARCH_SP(%rdi)
    mov THREAD_ARCH_SP(%rsi), %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    mov %rdi, %rax
    ret

/* A kernel thread: R12 is its body, R13 the argument. */
    .globl switch_begin_kernel
switch_begin_kernel:
    mov %rax, %rdi
    call sched_switched
    sti
    mov %r13, %rdi
    call *%r12
    ud2

/* A child of fork: its frame is at RSP. */
    .globl switch_begin_user
switch_begin_user:
    mov %rax, %rdi
    call sched_switched
    jmp trap_user_exit

    .section .note.GNU-stack, "", @progbits
