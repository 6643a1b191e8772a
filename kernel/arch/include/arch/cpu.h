/*
 * The processor that runs this code. struct cpu is per-CPU data: only its own CPU writes it, with
 * interrupts off, unless a field says otherwise. Each architecture reaches it through a register
 * (x86_64: GS base).
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum { CPU_LIMIT = 256 };

struct thread;
struct run_queue;

struct cpu {
    struct cpu *self;
    struct thread *current;    /* the thread that runs here */
    uint64_t kernel_stack_top; /* where a trap from user mode pushes (x86_64: also TSS rsp0) */
    uint64_t scratch;          /* the system call entry's temporary for the user stack pointer */
    unsigned id;               /* 0 … cpu_count() - 1 */
    unsigned interrupt_depth;  /* > 0 while a hardware interrupt is handled here */
    unsigned spin_depth;       /* spinlocks held here; sleeping needs 0 */
    struct run_queue *queue;
    struct thread *idle;
    void *arch; /* the architecture's own per-CPU data */
};

struct cpu *cpu_by_id(unsigned id);
unsigned cpu_count(void);

#include <machine/cpu.h>
/*
 * machine/cpu.h defines these inline functions:
 *
 *   struct cpu *cpu_this(void)           the running CPU's data; the caller must not migrate while
 * it uses it: interrupts off, or a lock held struct thread *thread_current(void)  the thread that
 * runs here: safe at any time, since a thread is current wherever it runs uint64_t irq_save(void)
 * turns interrupts off; returns what irq_restore needs void irq_restore(uint64_t saved) bool
 * irq_enabled(void); void irq_enable(void); void irq_disable(void) void cpu_relax(void) tells the
 * CPU that this is a spin loop
 */

/* Waits for an interrupt; call with interrupts off, returns with them on and the interrupt handled.
 */
void cpu_idle(void);
/* Stops this CPU for good. */
_Noreturn void cpu_stop(void);

/* Makes CPU `id` pass through the kernel soon, where it looks at its thread's pending bits (a no-op
 * for the running one). */
void cpu_kick(unsigned id);

/* Random 64 bits from the hardware, if there is a source; false otherwise. */
bool cpu_random(uint64_t *value);

/* Text for /proc/cpuinfo of CPU `id`, formatted into buffer (size bytes); returns its length as
 * snprintf does. */
int cpu_describe(unsigned id, char *buffer, uint64_t size);

#endif
