/*
 * Executables of x86_64 and the layout of user space. Included by arch/elf.h only.
 */
#ifndef MACHINE_ELF_H
#define MACHINE_ELF_H

#include <linux/elf-em.h>
#include <stdint.h>

#define ELF_MACHINE  EM_X86_64
#define ELF_PLATFORM "x86_64"

#define USER_STACK_TOP UINT64_C(0x7ffffffff000)
/* The highest mapping ends here: below the stack's default limit of 8 MiB and its randomisation (16
 * GiB). */
#define USER_MMAP_TOP UINT64_C(0x7ffbff000000)
/* Two thirds of user space, as Linux places programs that may lie anywhere. */
#define ELF_DYN_BASE UINT64_C(0x555555554000)

#endif
