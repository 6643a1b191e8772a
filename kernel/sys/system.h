/*
 * Start-up of the system call layer: /proc/furca/missing and /dev/strace.
 */
#ifndef SYS_SYSTEM_H
#define SYS_SYSTEM_H

void system_start(void);

#endif
