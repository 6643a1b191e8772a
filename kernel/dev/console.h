/*
 * The system console: the machine's first serial line as a terminal, /dev/console and /dev/ttyS0.
 */
#ifndef DEV_CONSOLE_H
#define DEV_CONSOLE_H

/* The body of the kernel thread that carries bytes from the line's interrupt to the terminal; boot
 * starts it. */
void console_thread(void *argument);

#endif
