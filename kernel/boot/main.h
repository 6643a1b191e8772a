/*
 * From the architecture's entry to the first user program, in dependency order.
 */
#ifndef BOOT_MAIN_H
#define BOOT_MAIN_H

/* Called once by the architecture on the boot CPU: `machine` (arch/machine.h) is filled in, the
   direct map covers all of RAM, traps are set up, interrupts are off, there is a stack. Never
   returns. */
_Noreturn void kernel_main(void);

#endif
