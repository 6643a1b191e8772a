/*
 * The serial console's start; the rest is in arch/machine.h.
 */
#ifndef X86_64_CONSOLE_H
#define X86_64_CONSOLE_H

/* Before the first output. */
void console_start(void);

#endif
