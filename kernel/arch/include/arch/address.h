/*
 * Addresses that must not be mixed up, each a structure of one field: a physical address and an
 * address in a process's user space. Kernel pointers are ordinary C pointers.
 */
#ifndef ARCH_ADDRESS_H
#define ARCH_ADDRESS_H

#include <machine/layout.h> /* MACHINE_DIRECT_MAP */
#include <stddef.h>
#include <stdint.h>

enum {
    PAGE_SHIFT = 12,
    PAGE_SIZE = 1 << PAGE_SHIFT,
};

#define PAGE_MASK (~(uint64_t)(PAGE_SIZE - 1))

/* A physical address, in bytes. */
struct phys {
    uint64_t value;
};

/* An address in user space, in bytes; unchecked: only the copy functions of mem/user.h may follow
 * it. */
struct uaddr {
    uint64_t value;
};

static inline struct uaddr uaddr_add(struct uaddr base, uint64_t bytes)
{
    return (struct uaddr){base.value + bytes};
}

static inline uint64_t page_floor(uint64_t address)
{
    return address & PAGE_MASK;
}

static inline uint64_t page_ceil(uint64_t address)
{
    return (address + PAGE_SIZE - 1) & PAGE_MASK;
}

/* The kernel's view of physical memory: every byte of RAM is mapped once, at a fixed distance.
   kernel_to_phys takes only pointers into that map (not into the kernel's image or its stacks). */
static inline void *phys_to_kernel(struct phys address)
{
    return (void *)(address.value + MACHINE_DIRECT_MAP);
}

static inline struct phys kernel_to_phys(const void *pointer)
{
    return (struct phys){(uint64_t)pointer - MACHINE_DIRECT_MAP};
}

#endif
