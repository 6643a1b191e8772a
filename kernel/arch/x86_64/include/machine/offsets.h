/*
 * Numbers that the assembler shares with C. Each offset is checked against its structure in
 * offsets.c.
 */
#ifndef MACHINE_OFFSETS_H
#define MACHINE_OFFSETS_H

/* struct cpu, relative to the GS base */
#define CPU_CURRENT          8
#define CPU_KERNEL_STACK_TOP 16
#define CPU_SCRATCH          24

/* struct thread */
#define THREAD_ARCH_SP      8
#define THREAD_ARCH_ENTERED 40
#define THREAD_ARCH_SYSTEM  48
#define THREAD_PENDING      68

/* struct trap_frame */
#define FRAME_RAX      80
#define FRAME_RDI      112
#define FRAME_ORIG_RAX 120
#define FRAME_RIP      128
#define FRAME_CS       136
#define FRAME_SIZE     168

/* Selectors: SYSCALL and SYSRET want this order (STAR), and programs see the values that Linux uses
 * in signal frames. */
#define SELECTOR_KERNEL_CODE 0x10
#define SELECTOR_KERNEL_DATA 0x18
#define SELECTOR_USER_CODE32 0x23
#define SELECTOR_USER_DATA   0x2b
#define SELECTOR_USER_CODE   0x33
#define SELECTOR_TSS         0x40

#define MACHINE_KERNEL_STACK_SIZE 16384
#define MACHINE_TRAP_STACK_SIZE   8192 /* of NMI, double fault and machine check */

#endif
