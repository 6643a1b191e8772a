/*
 * A thread's machine context: what is kept of it while another thread runs.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include "arch/address.h"
#include <machine/context.h> /* struct arch_thread: stack pointer, TLS bases, FPU area */
#include <stdbool.h>

struct thread;
struct trap_frame;

enum { KERNEL_STACK_SIZE = MACHINE_KERNEL_STACK_SIZE };

/* Prepares `thread` (its kernel stack is allocated) to run entry(argument) in the kernel when first
   switched to. entry must not return. Sets thread->arch to "no user state". */
void context_init_kernel(struct thread *thread, void (*entry)(void *), void *argument);

/* Prepares `child` to return to user mode with a copy of `parent`'s user registers, TLS and FPU
   state; the copy's return register is 0. `parent` is the current thread. The FPU area of the child
   must exist (context_alloc). Cannot fail. */
void context_fork(struct thread *child, struct thread *parent);

/* Allocates / frees what context needs beyond the thread itself (the FPU area). 0 or -ENOMEM.
 * Zeroed is legal for drop. */
int context_alloc(struct thread *thread);
void context_drop(struct thread *thread);

/* Resets TLS, debug and FPU state of the current thread, for exec. */
void context_exec(struct thread *thread);

/* Switches from the current thread to `next`: stacks, TLS, FPU, trap entry stack. Address spaces
   are switched by mmu_switch. Interrupts off. Returns, in the context of the caller's thread, the
   thread that ran before it. */
struct thread *context_switch(struct thread *previous, struct thread *next);

/* Nanoseconds that the thread spent in the kernel since the last call, from entries and exits. The
   thread is current, or is not running. Interrupts off. */
uint64_t context_system_time(struct thread *thread);

/* The thread pointer (x86_64: FS base) of a thread that is current or is not running. */
void context_set_tls(struct thread *thread, uint64_t base);
uint64_t context_tls(const struct thread *thread);

/* FPU state for signal frames. Size of the user image in bytes (x86_64: the XSAVE area plus its
 * magic trailer). */
size_t fpu_image_size(void);
/* Copies the current thread's state to / from a user image. 0 or -EFAULT / -EINVAL (a corrupt
   image; the state is then as after exec). */
int fpu_image_store(struct uaddr image);
int fpu_image_load(struct uaddr image);
void fpu_image_reset(void);

/* Needed by the architecture. */

/* Memory for the FPU area, given by mem: zeroed, aligned to 64 bytes; NULL: none. `size` is the
 * same at both. */
void *arch_memory_alloc(size_t size);
void arch_memory_free(void *pointer, size_t size);
/* The first thing that a new thread runs, with interrupts off: the end of the switch to it.
   `previous` is what context_switch returns in other threads. (sched/switch.c) */
void sched_switched(struct thread *previous);

#endif
