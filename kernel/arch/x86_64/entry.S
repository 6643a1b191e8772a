/*
 * Entries from user mode and from exceptions and interrupts, and the one way back to user mode.
 *
 * In user mode the GS base is the program's and KERNEL_GS_BASE is struct cpu; SWAPGS at each border. Interrupts are off
 * around each SWAPGS. The entries that may hit between the border and its SWAPGS (NMI, double fault, machine check) run on
 * stacks of their own whose top word points to struct cpu, and save and restore the GS base itself.
 *
 * Cost of a system call from SYSCALL to SYSRET without its work: 60 instructions. The registers that C functions preserve are
 * pushed (fork and signals need them) but on this path not popped.
 */
#include <machine/offsets.h>

    .text

/* The time stamp counter in RAX; RDX is lost. */
.macro read_ticks
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
.endm

.macro push_registers_below_rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
.endm

.macro pop_registers
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
.endm

/* STAC and CLAC are replaced at boot where SMAP is missing. */
.macro user_access_end
9:  clac
    .pushsection .smap_table, "a"
    .quad 9b
    .popsection
.endm

    .balign 16
    .globl trap_syscall
trap_syscall:
    swapgs
    mov %rsp, %gs:CPU_SCRATCH
    mov %gs:CPU_KERNEL_STACK_TOP, %rsp
    push $SELECTOR_USER_DATA
    push %gs:CPU_SCRATCH
    push %r11
    push $SELECTOR_USER_CODE
    push %rcx
    cltq                         /* the number is 32 bits wide */
    push %rax
    push %rdi
    push_registers_below_rdi
    read_ticks
    mov %gs:CPU_CURRENT, %rcx
    mov %rax, THREAD_ARCH_ENTERED(%rcx)
    sti
    mov %rsp, %rdi
    call syscall_enter
    cli
    mov %gs:CPU_CURRENT, %rcx
    cmpl $0, THREAD_PENDING(%rcx)
    jne trap_user_work
    read_ticks
    sub THREAD_ARCH_ENTERED(%rcx), %rax
    add %rax, THREAD_ARCH_SYSTEM(%rcx)
    /* SYSRET faults in kernel mode on a non-canonical address; and it loses RCX and R11. */
    cmpq $0, FRAME_ORIG_RAX(%rsp)
    jl trap_user_iret
    mov FRAME_RIP(%rsp), %rax
    shr $47, %rax
    jnz trap_user_bad_address
    add $(7 * 8), %rsp
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    mov 8(%rsp), %rcx
    mov 24(%rsp), %r11
    mov 32(%rsp), %rsp
    swapgs
    sysretq

/* The way back to user mode for all others: the frame is at RSP, the GS base is the kernel's. Interrupts on or off. */
    .globl trap_user_exit
trap_user_exit:
    cli
    mov %gs:CPU_CURRENT, %rcx
    cmpl $0, THREAD_PENDING(%rcx)
    jne trap_user_work
    read_ticks
    sub THREAD_ARCH_ENTERED(%rcx), %rax
    add %rax, THREAD_ARCH_SYSTEM(%rcx)
trap_user_iret:
    mov FRAME_RIP(%rsp), %rax
    shr $47, %rax
    jnz trap_user_bad_address
    pop_registers
    add $8, %rsp
    swapgs
    iretq

/* _Noreturn void trap_enter_user(void) */
    .globl trap_enter_user
trap_enter_user:
    cli
    mov %gs:CPU_KERNEL_STACK_TOP, %rsp
    sub $FRAME_SIZE, %rsp
    jmp trap_user_exit

trap_user_work:
    mov %rsp, %rdi
    call user_return
    jmp trap_user_exit

/* IRET would fault on this address in kernel mode: the program gets the fault instead. */
trap_user_bad_address:
    mov %rsp, %rdi
    call trap_bad_address
    jmp trap_user_exit

/*
 * Vector stubs, 16 bytes each. They leave the vector in RDI's place and, above it, the error code (0 where the CPU pushes
 * none), in the place of orig_rax.
 */
    .balign 16
    .globl trap_stubs
trap_stubs:
    vector = 0
    .rept 256
    .balign 16
    .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    push $0
    .endif
    push $vector
    .if (vector == 2) || (vector == 8) || (vector == 18)
    jmp trap_paranoid
    .else
    jmp trap_common
    .endif
    vector = vector + 1
    .endr

    .balign 16
trap_common:
    xchg %rdi, (%rsp)
    push_registers_below_rdi
    cld
    mov %rdi, %rsi
    testb $3, FRAME_CS(%rsp)
    jz trap_from_kernel
    swapgs
    read_ticks
    mov %gs:CPU_CURRENT, %rcx
    mov %rax, THREAD_ARCH_ENTERED(%rcx)
    mov FRAME_ORIG_RAX(%rsp), %rdx
    movq $-1, FRAME_ORIG_RAX(%rsp)
    mov %rsp, %rdi
    call trap_dispatch
    jmp trap_user_exit

trap_from_kernel:
    user_access_end
    mov FRAME_ORIG_RAX(%rsp), %rdx
    movq $-1, FRAME_ORIG_RAX(%rsp)
    mov %rsp, %rdi
    call trap_dispatch
    pop_registers
    add $8, %rsp
    iretq

/* The stack is aligned to its size and its top word points to struct cpu. R12 keeps the interrupted GS base. */
    .balign 16
trap_paranoid:
    xchg %rdi, (%rsp)
    push_registers_below_rdi
    cld
    user_access_end
    mov %rdi, %rsi
    rdgsbase %r12
    mov %rsp, %rax
    or $(MACHINE_TRAP_STACK_SIZE - 1), %rax
    mov -7(%rax), %rcx
    wrgsbase %rcx
    mov FRAME_ORIG_RAX(%rsp), %rdx
    movq $-1, FRAME_ORIG_RAX(%rsp)
    mov %rsp, %rdi
    call trap_dispatch
    wrgsbase %r12
    pop_registers
    add $8, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
