/*
 * What the loader hands over: PVH's struct hvm_start_info.
 */
#ifndef X86_64_START_INFO_H
#define X86_64_START_INFO_H

#include <stdint.h>

/* Fills `machine` from the start info at this physical address. Returns the end of the highest RAM.
 */
uint64_t machine_read(uint64_t address);
/* The ACPI root pointer's physical address, 0: not told. */
uint64_t machine_acpi_root(void);
/* Takes `size` bytes (a multiple of a page) of RAM below 1 GiB for good, cleared by whoever uses
 * them; before kernel_main. */
uint64_t machine_ram_take(uint64_t size);

#endif
