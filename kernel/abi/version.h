/*
 * What the kernel calls itself towards programs: uname(2), /proc/version, /proc/sys/kernel. The
 * release is that of the Linux whose interface is meant, since libraries refuse to start on
 * releases that are too old.
 */
#ifndef ABI_VERSION_H
#define ABI_VERSION_H

#define VERSION_SYSTEM  "Linux"
#define VERSION_RELEASE "6.1.0-furca"
#define VERSION_BUILD   "#1 SMP PREEMPT_DYNAMIC Furca"
#define VERSION_MACHINE "x86_64"

#endif
