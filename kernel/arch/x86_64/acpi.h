/*
 * The few things that Furca wants from ACPI: the interrupt controllers, and how to power off.
 */
#ifndef X86_64_ACPI_H
#define X86_64_ACPI_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the tables, if there are any: names the interrupt controllers to lines.c, remembers the
 * power registers. */
void acpi_start(uint64_t root);
/* Tries to power off / to reset. False: the machine offers no way; true: it was asked, and may take
 * a moment. */
bool acpi_poweroff(void);
bool acpi_reset(void);

#endif
