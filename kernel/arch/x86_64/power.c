/*
 * The machine's end. Each way falls through to a ruder one: ACPI if the machine has it, then a
 * triple fault, which resets every PC at once.
 */
#include "acpi.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "instructions.h"

enum {
    DEBUG_EXIT = 0xf4, /* QEMU's isa-debug-exit: the VM's status becomes 2 * value + 1 */
    DEBUG_EXIT_FAILURE = 0x3f,
    SETTLE_TICKS = 1 << 28, /* of the time stamp counter: about a tenth of a second */
};

/* A power register may take a moment; then there is still the next way. */
static void settle(void)
{
    for (uint64_t start = ticks_read(); ticks_read() - start < SETTLE_TICKS;)
        cpu_relax();
}

static _Noreturn void reset(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};

    /* Without a table the breakpoint cannot be delivered, nor the fault about that. */
    __asm__ volatile("lidt %0; int3" ::"m"(nothing));
    cpu_stop();
}

_Noreturn void machine_poweroff(void)
{
    irq_disable();
    if (acpi_poweroff())
        settle();
    reset();
}

_Noreturn void machine_restart(void)
{
    irq_disable();
    if (acpi_reset())
        settle();
    reset();
}

_Noreturn void machine_fail(void)
{
    irq_disable();
    port_write32(DEBUG_EXIT, DEBUG_EXIT_FAILURE);
    settle();
    reset();
}
