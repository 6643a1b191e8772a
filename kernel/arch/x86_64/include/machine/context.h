/*
 * What x86_64 keeps of a thread. Included by arch/context.h only.
 */
#ifndef MACHINE_CONTEXT_H
#define MACHINE_CONTEXT_H

#include <machine/offsets.h>
#include <stdbool.h>
#include <stdint.h>

struct fpu_area; /* an XSAVE area in the standard format */

struct arch_thread {
    uint64_t sp;               /* kernel stack pointer while it does not run */
    uint64_t fs_base, gs_base; /* while it does not run; live in the registers otherwise */
    struct fpu_area *fpu;      /* NULL: a kernel thread, no user state at all */
    uint64_t entered;      /* time stamp counter at the last entry from user mode or switch to it */
    uint64_t system_ticks; /* counter ticks spent in the kernel, taken by context_system_time */
    bool fpu_detached;     /* *fpu is being filled from a user image: neither saved nor loaded */
};

#endif
