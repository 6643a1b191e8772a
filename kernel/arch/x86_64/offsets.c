/*
 * The assembler's offsets are those of the structures.
 */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "sched/thread.h"
#include <machine/offsets.h>

_Static_assert(offsetof(struct cpu, self) == 0, "cpu_this");
_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "CPU_CURRENT");
_Static_assert(offsetof(struct cpu, kernel_stack_top) == CPU_KERNEL_STACK_TOP,
               "CPU_KERNEL_STACK_TOP");
_Static_assert(offsetof(struct cpu, scratch) == CPU_SCRATCH, "CPU_SCRATCH");
_Static_assert(offsetof(struct thread, arch.sp) == THREAD_ARCH_SP, "THREAD_ARCH_SP");
_Static_assert(offsetof(struct thread, arch.entered) == THREAD_ARCH_ENTERED, "THREAD_ARCH_ENTERED");
_Static_assert(offsetof(struct thread, arch.system_ticks) == THREAD_ARCH_SYSTEM,
               "THREAD_ARCH_SYSTEM");
_Static_assert(offsetof(struct thread, pending) == THREAD_PENDING, "THREAD_PENDING");
_Static_assert(offsetof(struct trap_frame, rax) == FRAME_RAX, "FRAME_RAX");
_Static_assert(offsetof(struct trap_frame, rdi) == FRAME_RDI, "FRAME_RDI");
_Static_assert(offsetof(struct trap_frame, orig_rax) == FRAME_ORIG_RAX, "FRAME_ORIG_RAX");
_Static_assert(offsetof(struct trap_frame, rip) == FRAME_RIP, "FRAME_RIP");
_Static_assert(offsetof(struct trap_frame, cs) == FRAME_CS, "FRAME_CS");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "FRAME_SIZE");
