/*
 * Results of an interrupted system call that never reach a program: on the way back to user mode
 * they become a restart or EINTR (signal(7), "Interruption of system calls"). Not in the exported
 * headers; the values are those that ptrace shows.
 */
#ifndef ABI_RESTART_H
#define ABI_RESTART_H

enum {
    ERESTARTSYS = 512, /* restarted if no handler ran or the handler has SA_RESTART, else EINTR */
    ERESTARTNOINTR = 513, /* always restarted */
    ERESTARTNOHAND = 514, /* restarted if no handler ran, else EINTR */
    ERESTART_RESTARTBLOCK =
        516, /* goes on through restart_syscall(2) if no handler ran, else EINTR */
};

#endif
