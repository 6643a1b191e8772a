/*
 * What the machine is and how to end it. Filled in by the architecture before kernel_main()
 * (boot/main.h) runs, from what the loader handed over (x86_64: the PVH start info).
 */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include "arch/address.h"

enum { MACHINE_RANGES = 128 };

/* A range of physical memory in bytes. */
struct machine_range {
    uint64_t start, end;
};

struct machine {
    const char *command_line;       /* NUL-terminated, never NULL */
    struct machine_range initramfs; /* start == end: none */
    unsigned ram_count; /* usable RAM, sorted, page aligned, disjoint; the kernel's image,
                           the initramfs and boot data are already cut out */
    struct machine_range ram[MACHINE_RANGES];
    uint64_t ram_total; /* bytes of RAM before the cuts */
};

extern struct machine machine;

/* Ends the machine: power off, restart, or with a failure that the host sees (isa-debug-exit, else
 * a reset). */
_Noreturn void machine_poweroff(void);
_Noreturn void machine_restart(void);
_Noreturn void machine_fail(void);

/* Writes bytes to the earliest console (x86_64: COM1), polling; usable from the first instruction
 * and in a panic. */
void console_write(const char *bytes, size_t count);
/* A byte that came in on that console, or -1. */
int console_read(void);
/* Calls `received` from the interrupt when a byte came in. */
void console_listen(void (*received)(void));

/* Prints registers and a symbolised backtrace of the running kernel code through `print`. */
struct trap_frame;
void machine_backtrace(const struct trap_frame *frame, void (*print)(const char *line));

/* Device interrupts: `handler(argument)` runs with interrupts off on line `irq` (as the machine
   numbers them). Returns 0 or -EINVAL (no such line), -EBUSY. */
int irq_attach(unsigned irq, void (*handler)(void *argument), void *argument);

/* Maps `size` bytes of device registers at `start`, uncached, for ever. NULL: no address space left
 * or no memory. */
void *machine_map_device(struct phys start, uint64_t size);

#endif
