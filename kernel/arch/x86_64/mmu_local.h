/*
 * The architecture's own view of page tables: the kernel's part, made at boot, and flushes asked
 * for by other CPUs.
 */
#ifndef X86_64_MMU_LOCAL_H
#define X86_64_MMU_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

/* Replaces the boot tables by the kernel's own: direct map of [0, ram_end), image with its
 * permissions, device region. */
void mmu_start(uint64_t ram_end);
/* The kernel's address of low physical memory (below 1 GiB), before and after mmu_start. */
void *mmu_boot_address(uint64_t physical);
/* True for an address among the mapped kernel stacks and their guard pages. */
bool mmu_in_mapped_region(uint64_t address);
/* Forgets a kernel page on every CPU. Interrupts on or off. */
void mmu_flush_kernel_page(uint64_t address);
/* The VECTOR_FLUSH interrupt. */
void mmu_flush_requested(void);

#endif
