/*
 * Whether KVM works here: what was found out is remembered in the cache folder until the kernel,
 * QEMU or the host changes.
 */
#ifndef HOST_ACCEL_H
#define HOST_ACCEL_H

#include "parts.h"

enum accel_memory { ACCEL_UNKNOWN, ACCEL_WORKS, ACCEL_HANGS };

/* How long a guest under KVM may take until its init has said hello, in seconds. */
#define ACCEL_PATIENCE 2.0

/* NULL when /dev/kvm can be used, else why not, for people. */
const char *accel_obstacle(void);

enum accel_memory accel_recall(const struct parts *parts);
void accel_remember(const struct parts *parts, enum accel_memory memory);

#endif
