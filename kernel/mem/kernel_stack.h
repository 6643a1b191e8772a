/*
 * Kernel stacks: KERNEL_STACK_SIZE bytes each in a region of their own, with an unmapped guard page
 * below, so that an overflow is a fault and not a corruption. A few freed ones are kept mapped for
 * the next thread.
 */
#ifndef MEM_KERNEL_STACK_H
#define MEM_KERNEL_STACK_H

#include <stdint.h>

/* The lowest byte of a stack, contents undefined. NULL: no memory. */
uint8_t *kernel_stack_alloc(void);
/* NULL is legal. Not the stack in use. */
void kernel_stack_free(uint8_t *stack);
/* Mapped stacks that wait for reuse. */
unsigned kernel_stack_cached(void);

#endif
