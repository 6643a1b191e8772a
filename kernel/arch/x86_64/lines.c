/*
 * IO-APICs (Intel 82093AA data sheet): each input has a redirection entry that names the vector,
 * the CPU and the trigger mode.
 *
 * Lines are numbered as ACPI does (global system interrupts). The 16 ISA interrupts are edge
 * triggered and come in at the line of the same number unless an override says otherwise; the
 * others are level triggered.
 */
#include "lines.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "instructions.h"
#include "lib/errno.h"
#include "processor.h"
#include "trap_table.h"

enum {
    CONTROLLERS_MAX = 4,
    ISA_LINES = 16,
    LINE_LIMIT = VECTOR_LINE_LIMIT - VECTOR_LINE,
    REGISTER_VERSION = 1,
    REGISTER_ENTRIES = 0x10,
    ENTRY_LOW_ACTIVE = 1 << 13,
    ENTRY_LEVEL = 1 << 15,
    ENTRY_MASKED = 1 << 16,
    CONTROLLER_SIZE = 0x20,
    PIC1_MASK = 0x21,
    PIC2_MASK = 0xa1,
};

#define CONTROLLER_DEFAULT UINT64_C(0xfec00000)

struct controller {
    uint64_t address;
    uint32_t first, count;
    volatile uint32_t *registers; /* [0] selects, [4] is the selected register */
};

struct line {
    void (*handler)(void *argument);
    void *argument;
};

struct isa_line {
    unsigned line;
    bool level, low, overridden;
};

static struct controller controllers[CONTROLLERS_MAX];
static unsigned controller_count;
static struct line lines[LINE_LIMIT];
static struct isa_line isa_lines[ISA_LINES];

void line_controller_add(uint64_t address, uint32_t first)
{
    if (controller_count < CONTROLLERS_MAX)
        controllers[controller_count++] = (struct controller){.address = address, .first = first};
}

void line_override(unsigned source, unsigned line, bool level, bool low)
{
    if (source < ISA_LINES)
        isa_lines[source] = (struct isa_line){line, level, low, true};
}

static uint32_t controller_read(const struct controller *c, uint32_t reg)
{
    c->registers[0] = reg;
    return c->registers[4];
}

static void controller_write(const struct controller *c, uint32_t reg, uint32_t value)
{
    c->registers[0] = reg;
    c->registers[4] = value;
}

static void controller_start(struct controller *c)
{
    c->registers = machine_map_device((struct phys){c->address}, CONTROLLER_SIZE);
    if (c->registers == NULL)
        return;
    c->count = (controller_read(c, REGISTER_VERSION) >> 16 & 0xff) + 1;
    for (uint32_t i = 0; i < c->count; i++)
        controller_write(c, REGISTER_ENTRIES + 2 * i, ENTRY_MASKED);
}

void lines_start(void)
{
    port_write8(PIC1_MASK, 0xff);
    port_write8(PIC2_MASK, 0xff);
    if (controller_count == 0)
        line_controller_add(CONTROLLER_DEFAULT, 0);
    for (unsigned i = 0; i < controller_count; i++)
        controller_start(&controllers[i]);
}

static const struct controller *line_controller(unsigned line)
{
    for (unsigned i = 0; i < controller_count; i++) {
        const struct controller *c = &controllers[i];

        if (line >= c->first && line - c->first < c->count)
            return c;
    }
    return NULL;
}

int irq_attach(unsigned irq, void (*handler)(void *argument), void *argument)
{
    bool level = irq >= ISA_LINES, low = false;
    const struct controller *c;
    uint32_t entry;

    if (irq < ISA_LINES && isa_lines[irq].overridden) {
        level = isa_lines[irq].level;
        low = isa_lines[irq].low;
        irq = isa_lines[irq].line;
    }
    c = line_controller(irq);
    if (c == NULL || irq >= LINE_LIMIT)
        return -EINVAL;
    if (lines[irq].handler != NULL)
        return -EBUSY;
    lines[irq].argument = argument;
    lines[irq].handler = handler;
    entry = (VECTOR_LINE + irq) | (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW_ACTIVE : 0);
    controller_write(c, REGISTER_ENTRIES + 2 * (irq - c->first) + 1, processor_apic_id(0) << 24);
    controller_write(c, REGISTER_ENTRIES + 2 * (irq - c->first), entry);
    return 0;
}

void line_interrupt(unsigned line)
{
    if (line < LINE_LIMIT && lines[line].handler != NULL)
        lines[line].handler(lines[line].argument);
}
