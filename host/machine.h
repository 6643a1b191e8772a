/*
 * The virtual machine: one QEMU process with a serial port for the kernel's log, a virtio console
 * for the channel, and a 9p device for each folder that the guest sees.
 */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include "options.h"
#include "parts.h"

#include <stdbool.h>
#include <sys/types.h>

struct machine {
    pid_t pid;   /* of QEMU, not reaped by anybody else */
    int ended;   /* a pidfd: readable when QEMU has ended */
    int channel; /* our ends of two sockets, non-blocking */
    int serial;
    int errors; /* memory with what QEMU wrote on standard error */
};

/*
 * Starts QEMU with or without KVM on the initramfs in `image`, a descriptor. Exits with one line
 * when the process cannot be made; that QEMU itself fails shows as its end.
 */
void machine_start(struct machine *machine, const struct parts *parts,
                   const struct options *options, int image, bool kvm);

/* Kills QEMU if it is still there and waits for it. Returns its wait(2) status. */
int machine_stop(struct machine *machine);

/* Closes the descriptors of a machine that has been stopped. */
void machine_drop(struct machine *machine);

/* The last line that QEMU wrote on standard error, or NULL. The caller frees it. */
char *machine_last_words(const struct machine *machine);

#endif
