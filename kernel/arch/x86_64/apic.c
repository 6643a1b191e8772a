/*
 * The local APIC: interrupts between CPUs, the end of interrupts, and the timer.
 */
#include "apic.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "instructions.h"
#include "processor.h"
#include "trap_table.h"

enum {
    APIC_ID = 0x20,
    APIC_TASK_PRIORITY = 0x80,
    APIC_ACKNOWLEDGE = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_COMMAND = 0x300,
    APIC_COMMAND_HIGH = 0x310,
    APIC_TIMER = 0x320,
    APIC_LINE0 = 0x350,
    APIC_LINE1 = 0x360,
    APIC_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
    APIC_ENABLE = 1 << 8,
    APIC_MASKED = 1 << 16,
    APIC_TIMER_DEADLINE = 2 << 17,
    APIC_DIVIDE_BY_1 = 0xb,
    APIC_PENDING = 1 << 12,
    APIC_BASE_X2 = 1 << 10,
    APIC_BASE_ENABLE = 1 << 11,
    APIC_SIZE = 0x1000,
};

static volatile uint8_t *apic_registers; /* NULL: x2APIC */

static uint32_t apic_read(unsigned reg)
{
    if (apic_registers == NULL)
        return (uint32_t)msr_read(MSR_X2APIC + reg / 16);
    return *(volatile uint32_t *)(apic_registers + reg);
}

static void apic_write(unsigned reg, uint32_t value)
{
    if (apic_registers == NULL)
        msr_write(MSR_X2APIC + reg / 16, value);
    else
        *(volatile uint32_t *)(apic_registers + reg) = value;
}

static void apic_find(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    if (processor_features.x2apic) {
        msr_write(MSR_APIC_BASE, base | APIC_BASE_X2);
        return;
    }
    msr_write(MSR_APIC_BASE, base);
    if (apic_registers == NULL)
        apic_registers = machine_map_device((struct phys){base & PAGE_MASK}, APIC_SIZE);
}

void apic_start(void)
{
    uint32_t id;

    apic_find();
    id = apic_read(APIC_ID);
    processor_set_apic_id(cpu_this()->id, apic_registers == NULL ? id : id >> 24);
    apic_write(APIC_TASK_PRIORITY, 0);
    apic_write(APIC_LINE0, APIC_MASKED);
    apic_write(APIC_LINE1, APIC_MASKED);
    apic_write(APIC_ERROR, APIC_MASKED);
    apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    apic_write(APIC_TIMER, VECTOR_TIMER);
    apic_write(APIC_SPURIOUS, APIC_ENABLE | VECTOR_SPURIOUS);
}

void apic_acknowledge(void)
{
    apic_write(APIC_ACKNOWLEDGE, 0);
}

void apic_interrupt(unsigned id, unsigned vector)
{
    uint32_t target = processor_apic_id(id);

    if (apic_registers == NULL) {
        msr_write(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)target << 32 | vector);
        return;
    }
    while ((apic_read(APIC_COMMAND) & APIC_PENDING) != 0)
        cpu_relax();
    apic_write(APIC_COMMAND_HIGH, target << 24);
    apic_write(APIC_COMMAND, vector);
}

void cpu_kick(unsigned id)
{
    if (id != cpu_this()->id)
        apic_interrupt(id, VECTOR_KICK);
}

void apic_timer_set(uint32_t count)
{
    apic_write(APIC_TIMER_INITIAL, count);
}

uint32_t apic_timer_left(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_use_deadline(void)
{
    apic_write(APIC_TIMER, APIC_TIMER_DEADLINE | VECTOR_TIMER);
}
