/*
 * The per-CPU pointer is the GS base in kernel mode. Included by arch/cpu.h only.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include <machine/offsets.h>

enum { CPU_RFLAGS_INTERRUPT = 1 << 9 };

static inline struct cpu *cpu_this(void)
{
    struct cpu *cpu;

    __asm__("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

static inline struct thread *thread_current(void)
{
    struct thread *thread;

    __asm__("movq %%gs:%c1, %0" : "=r"(thread) : "i"(CPU_CURRENT));
    return thread;
}

static inline bool irq_enabled(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    return (flags & CPU_RFLAGS_INTERRUPT) != 0;
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" ::: "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" ::: "memory");
}

static inline uint64_t irq_save(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
    return flags & CPU_RFLAGS_INTERRUPT;
}

static inline void irq_restore(uint64_t saved)
{
    if (saved != 0)
        irq_enable();
}

static inline void cpu_relax(void)
{
    __builtin_ia32_pause();
}

#endif
