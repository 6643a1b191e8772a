/*
 * The few things that Furca wants from ACPI: the interrupt controllers, and how to power off.
 */
#ifndef X86_64_ACPI_H
#define X86_64_ACPI_H

#include <stdint.h>

/* Reads the tables, if there are any: names the interrupt controllers to lines.c, remembers the
 * power registers. */
void acpi_start(uint64_t root);
/* Tries to power off / to reset; returns if that is not known or did not happen. */
void acpi_poweroff(void);
void acpi_reset(void);

#endif
