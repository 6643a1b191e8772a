/*
 * Which interrupt vector means what, and who is called.
 */
#ifndef X86_64_TRAP_TABLE_H
#define X86_64_TRAP_TABLE_H

#include <stdint.h>

enum {
    VECTOR_DIVIDE = 0,
    VECTOR_DEBUG = 1,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_OVERFLOW = 4,
    VECTOR_BOUND = 5,
    VECTOR_INVALID_OPCODE = 6,
    VECTOR_NO_DEVICE = 7,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_PROTECTION = 13,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_FLOAT = 16,
    VECTOR_ALIGNMENT = 17,
    VECTOR_MACHINE_CHECK = 18,
    VECTOR_SIMD = 19,
    VECTOR_LINE = 0x30, /* device interrupts: 0x30 + line */
    VECTOR_LINE_LIMIT = 0xe0,
    VECTOR_TIMER = 0xf0,
    VECTOR_FLUSH = 0xf1,
    VECTOR_KICK = 0xf2,
    VECTOR_STOP = 0xf3,
    VECTOR_SPURIOUS = 0xff,
};

/* Fills the table; once. */
void trap_table_make(void);
/* Loads it on this CPU. */
void trap_table_load(void);

#endif
