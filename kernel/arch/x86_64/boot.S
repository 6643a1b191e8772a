/*
 * The first instructions: PVH's entry (xen/include/public/arch-x86/hvm/start_info.h) hands over a 32-bit protected mode without
 * paging and the physical address of struct hvm_start_info in EBX. Here the CPU gets a temporary page table (the first GiB at 0
 * and at MACHINE_IMAGE), long mode, and a stack; start.c does the rest.
 */
#include <machine/layout.h>
#include <machine/offsets.h>

#define PHYSICAL(symbol) ((symbol) - MACHINE_IMAGE)

#define CR0_PE 0x1
#define CR0_WP 0x10000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800

    .section .note.xen, "a"
    .balign 4
    .long 4          /* bytes of name */
    .long 8          /* bytes of description */
    .long 18         /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad PHYSICAL(boot_entry)

    .section .text.boot, "ax"
    .code32
    .globl boot_entry
boot_entry:
    cld
    mov %ebx, %ebp               /* the start info, kept for boot_long */

    /* CPUID leaf 0x80000001: long mode and NX, without which nothing below works. */
    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb boot_unfit
    mov $0x80000001, %eax
    cpuid
    and $((1 << 29) | (1 << 20)), %edx
    cmp $((1 << 29) | (1 << 20)), %edx
    jne boot_unfit

    /* 512 pages of 2 MiB, present and writable. */
    mov $PHYSICAL(boot_table_1), %edi
    mov $0x83, %eax
    mov $512, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    dec %ecx
    jnz 1b

    movl $(PHYSICAL(boot_table_1) + 3), PHYSICAL(boot_table_2)
    movl $(PHYSICAL(boot_table_1) + 3), PHYSICAL(boot_table_2) + 510 * 8
    movl $(PHYSICAL(boot_table_2) + 3), PHYSICAL(boot_table_3)
    movl $(PHYSICAL(boot_table_2) + 3), PHYSICAL(boot_table_3) + 511 * 8

    mov $CR4_PAE, %eax
    mov %eax, %cr4
    mov $PHYSICAL(boot_table_3), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_LME | EFER_NXE), %eax
    wrmsr
    mov %cr0, %eax
    or $(CR0_PG | CR0_WP | CR0_PE), %eax
    mov %eax, %cr0
    lgdt PHYSICAL(boot_gdt_pointer)
    ljmp $8, $PHYSICAL(boot_long)

/* No console code runs in 32-bit mode: the reason goes to COM1 byte by byte, then the machine ends with a failure. */
boot_unfit:
    mov $PHYSICAL(boot_unfit_text), %esi
    mov $0x3f8, %edx
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  mov $0xf4, %dx
    out %eax, %dx
    mov $0xfe, %al
    out %al, $0x64
3:  hlt
    jmp 3b
boot_unfit_text:
    .asciz "Furca: this CPU has no 64-bit mode with no-execute pages, which the kernel needs\r\n"

    .code64
boot_long:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov %eax, %ss
    movabs $boot_stack_top, %rsp
    mov %ebp, %edi
    xor %ebp, %ebp
    movabs $start_machine, %rax
    call *%rax
    ud2

    .section .rodata
    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff     /* 64-bit code */
boot_gdt_pointer:
    .word . - boot_gdt - 1
    .long PHYSICAL(boot_gdt)

    .section .bss
    .balign 4096
boot_table_1: .skip 4096
boot_table_2: .skip 4096
boot_table_3: .skip 4096
    .globl boot_stack, boot_stack_top
boot_stack:   .skip MACHINE_KERNEL_STACK_SIZE
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
