/*
 * Device interrupts: the lines of the IO-APICs.
 */
#ifndef X86_64_LINES_H
#define X86_64_LINES_H

#include <stdbool.h>
#include <stdint.h>

/* An IO-APIC at a physical address whose first input is line `first`. Ignored beyond the fourth. */
void line_controller_add(uint64_t address, uint32_t first);
/* ISA interrupt `source` arrives at `line`, level or edge triggered, active low or high. */
void line_override(unsigned source, unsigned line, bool level, bool low);
/* After all of the above: maps the controllers (a default one if none was named) and masks
 * everything. */
void lines_start(void);
/* An interrupt on `line`. Interrupts off. */
void line_interrupt(unsigned line);

#endif
