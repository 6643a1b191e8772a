/*
 * What the processors of this machine can do, and the tables that each one needs (GDT, TSS, stacks
 * for special traps).
 */
#ifndef X86_64_PROCESSOR_H
#define X86_64_PROCESSOR_H

#include "arch/cpu.h"
#include <machine/offsets.h>
#include <stdbool.h>
#include <stdint.h>

/* Filled by processor_detect, constant afterwards. */
struct processor_features {
    bool global_pages, huge_gib, smep, smap, umip, xsave, xsaveopt, tsc_deadline, x2apic, rdrand,
        rdseed, hypervisor;
    uint64_t xsave_mask; /* state components in XCR0 */
    uint32_t xsave_size; /* bytes of an area for all of them, in the standard format */
    uint32_t hwcap;      /* CPUID 1 EDX: AT_HWCAP */
};

extern struct processor_features processor_features;

/* Reads CPUID; panics if something that the kernel cannot do without is missing. */
void processor_detect(void);
/* Makes struct cpu, the tables and the control registers of the boot CPU, which runs this;
   `stack_top` is where traps from user mode push until the first switch. */
void processor_start_boot(uint64_t stack_top);
/* Where traps from user mode start to push, for the thread that is about to run here. Interrupts
 * off. */
void processor_set_stack(struct cpu *cpu, uint64_t top);
/* The local APIC's number of a CPU. */
uint32_t processor_apic_id(unsigned id);
void processor_set_apic_id(unsigned id, uint32_t apic_id);

#endif
