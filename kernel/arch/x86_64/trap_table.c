/*
 * The interrupt descriptor table, the same for all CPUs: 256 gates to the stubs of entry.S (Intel
 * SDM volume 3, 6.14).
 */
#include "trap_table.h"
#include <machine/offsets.h>

struct gate {
    uint16_t offset_low, selector;
    uint8_t stack, kind;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

enum {
    GATE_INTERRUPT = 0x8e,
    GATE_USER = 0x60, /* user mode may raise it by INT */
    STUB_SIZE = 16,
};

static struct gate trap_table[256] __attribute__((aligned(16)));

/* In entry.S. */
extern const uint8_t trap_stubs[];

/* Which of the task state's stacks (1 … 3) a vector runs on; 0: the one in use. */
static uint8_t trap_stack(unsigned vector)
{
    switch (vector) {
    case VECTOR_NMI:
        return 1;
    case VECTOR_DOUBLE_FAULT:
        return 2;
    case VECTOR_MACHINE_CHECK:
        return 3;
    default:
        return 0;
    }
}

void trap_table_make(void)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t stub = (uint64_t)trap_stubs + vector * STUB_SIZE;
        unsigned user = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW ? GATE_USER : 0;

        trap_table[vector] = (struct gate){
            .offset_low = (uint16_t)stub,
            .selector = SELECTOR_KERNEL_CODE,
            .stack = trap_stack(vector),
            .kind = (uint8_t)(GATE_INTERRUPT | user),
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
}

void trap_table_load(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = {sizeof(trap_table) - 1, (uint64_t)trap_table};

    __asm__ volatile("lidt %0" ::"m"(table));
}
