/*
 * Threads of the kernel's own: no process, no address space, no signals; they are not in /proc.
 */
#ifndef PROC_KTHREAD_H
#define PROC_KTHREAD_H

/* Starts a thread that runs body(argument) and ends when that returns. `name` is cut to 15 bytes.
   0 or -ENOMEM. Not from an interrupt. */
int kthread_start(const char *name, void (*body)(void *argument), void *argument);

#endif
