/*
 * What an executable must be to run here, and where its parts go.
 */
#ifndef ARCH_ELF_H
#define ARCH_ELF_H

#include <machine/elf.h>
/*
 * machine/elf.h defines ELF_MACHINE (an EM_ constant), ELF_PLATFORM (the string behind
 * AT_PLATFORM), the user layout ELF_DYN_BASE (where position-independent programs start),
 * USER_STACK_TOP, USER_MMAP_TOP (uint64_t constants).
 */
#include <stdint.h>

/* AT_HWCAP and AT_HWCAP2. */
uint64_t elf_hwcap(void);
uint64_t elf_hwcap2(void);

#endif
