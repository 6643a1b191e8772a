/*
 * The kernel's virtual addresses on x86_64, one root slot (512 GiB) each. All of these slots are
 * filled at boot and never change, so that a new root is made by copying them (mmu_init). Read by
 * the assembler and the linker script as well.
 */
#ifndef MACHINE_LAYOUT_H
#define MACHINE_LAYOUT_H

/* Physical address p is at MACHINE_DIRECT_MAP + p. Not executable. */
#define MACHINE_DIRECT_MAP 0xffff800000000000
/* Pages that mmu_kernel_map places: kernel stacks between guard pages. */
#define MACHINE_MAPPED 0xffff808000000000
/* Device registers at p are at MACHINE_DEVICES + p, uncached. */
#define MACHINE_DEVICES 0xffff810000000000
/* The kernel's image: linked at this distance from its physical address. */
#define MACHINE_IMAGE 0xffffffff80000000

#define MACHINE_SLOT_SIZE 0x8000000000
#define MACHINE_IMAGE_LIMIT \
    0x1000000 /* 16 MiB from physical 0 on: image and boot tables end below */
#define MACHINE_PHYSICAL_LIMIT MACHINE_SLOT_SIZE

#endif
