/*
 * ACPI tables (ACPI specification 6.4, chapter 5), read where the firmware left them, through the
 * direct map.
 *
 * The byte code of the DSDT is not interpreted. The one value wanted from it, the sleep type of S5,
 * stands there as a package of constants named _S5_, and is looked for only when the machine is
 * powered off.
 */
#include "acpi.h"
#include "arch/address.h"
#include "instructions.h"
#include "lib/string.h"
#include "lines.h"

struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct acpi_root {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
} __attribute__((packed));

/* A register: in memory (0) or at a port (1). */
struct acpi_register {
    uint8_t space, width, offset, access;
    uint64_t address;
} __attribute__((packed));

enum {
    MADT_ENTRIES = 44,
    MADT_CONTROLLER = 1,
    MADT_OVERRIDE = 2,
    FADT_DSDT = 40,
    FADT_PM1A = 64,
    FADT_PM1B = 68,
    FADT_FLAGS = 112,
    FADT_RESET = 116,
    FADT_RESET_VALUE = 128,
    FADT_DSDT_64 = 140,
    FADT_SLEEP_CONTROL = 244,
    FADT_RESET_SUPPORTED = 1 << 10,
    FADT_HARDWARE_REDUCED = 1 << 20,
    FADT_SIZE_1 = 116,
    PM1_SLEEP = 1 << 13,
    SLEEP_CONTROL_SLEEP = 1 << 5,
    SPACE_PORT = 1,
    AML_NAME = 0x08,
    AML_ROOT = 0x5c,
    AML_PACKAGE = 0x12,
    AML_BYTE = 0x0a,
    S5_SIZE = 10, /* the least that its definition takes */
};

static const uint8_t *fadt; /* NULL: none */

static uint64_t read_bytes(const uint8_t *at, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, at, size);
    return value;
}

static const uint8_t *table_at(uint64_t physical)
{
    return phys_to_kernel((struct phys){physical});
}

static uint32_t table_size(const uint8_t *table)
{
    return ((const struct acpi_header *)table)->length;
}

static void madt_override(const uint8_t *entry)
{
    unsigned flags = (unsigned)read_bytes(entry + 8, 2);

    line_override(entry[3], (unsigned)read_bytes(entry + 4, 4), (flags >> 2 & 3) == 3,
                  (flags & 3) == 3);
}

static void madt_read(const uint8_t *madt)
{
    const uint8_t *end = madt + table_size(madt);

    for (const uint8_t *entry = madt + MADT_ENTRIES; entry + 2 <= end && entry[1] >= 2;
         entry += entry[1]) {
        if (entry[0] == MADT_CONTROLLER)
            line_controller_add(read_bytes(entry + 4, 4), (uint32_t)read_bytes(entry + 8, 4));
        else if (entry[0] == MADT_OVERRIDE)
            madt_override(entry);
    }
}

/* Pointers in the RSDT have 4 bytes, in the XSDT 8. */
static void tables_read(const uint8_t *list, unsigned width)
{
    const uint8_t *end = list + table_size(list);

    for (const uint8_t *p = list + sizeof(struct acpi_header); p + width <= end; p += width) {
        const uint8_t *table = table_at(read_bytes(p, width));

        if (memcmp(table, "APIC", 4) == 0)
            madt_read(table);
        else if (memcmp(table, "FACP", 4) == 0 && table_size(table) >= FADT_SIZE_1)
            fadt = table;
    }
}

/* Where the PC's firmware puts the root pointer if the loader does not say. */
static uint64_t root_search(void)
{
    for (uint64_t physical = 0xe0000; physical < 0x100000; physical += 16) {
        if (memcmp(table_at(physical), "RSD PTR ", 8) == 0)
            return physical;
    }
    return 0;
}

void acpi_start(uint64_t root_address)
{
    const struct acpi_root *root;

    if (root_address == 0)
        root_address = root_search();
    if (root_address == 0)
        return;
    root = (const void *)table_at(root_address);
    if (memcmp(root->signature, "RSD PTR ", 8) != 0)
        return;
    if (root->revision >= 2 && root->xsdt != 0)
        tables_read(table_at(root->xsdt), 8);
    else
        tables_read(table_at(root->rsdt), 4);
}

static void register_write(const struct acpi_register *reg, uint8_t value)
{
    if (reg->address == 0)
        return;
    if (reg->space == SPACE_PORT)
        port_write8((uint16_t)reg->address, value);
    else
        *(volatile uint8_t *)table_at(reg->address) = value;
}

static const uint8_t *dsdt_find(void)
{
    uint64_t address = read_bytes(fadt + FADT_DSDT, 4);

    if (address == 0 && table_size(fadt) >= FADT_DSDT_64 + 8)
        address = read_bytes(fadt + FADT_DSDT_64, 8);
    return address != 0 ? table_at(address) : NULL;
}

/* The first element of the package at p. */
static uint8_t package_first(const uint8_t *p)
{
    p += 1 + (p[1] >> 6) + 1 + 1; /* the opcode; a length of 1 to 4 bytes; the count */
    return p[0] == AML_BYTE ? p[1] : p[0];
}

/* Name (\_S5_, Package (n) {type, …}), with or without the backslash: the type, 0 if there is none.
 */
static uint8_t sleep_type(void)
{
    const uint8_t *dsdt = dsdt_find();

    for (uint32_t i = sizeof(struct acpi_header); dsdt != NULL && i + S5_SIZE <= table_size(dsdt);
         i++) {
        const uint8_t *p = dsdt + i;

        if (*p++ != AML_NAME)
            continue;
        p += *p == AML_ROOT;
        if (memcmp(p, "_S5_", 4) == 0 && p[4] == AML_PACKAGE)
            return package_first(p + 4);
    }
    return 0;
}

bool acpi_poweroff(void)
{
    uint8_t type;
    uint16_t port_a, port_b;

    if (fadt == NULL)
        return false;
    type = sleep_type();
    if ((read_bytes(fadt + FADT_FLAGS, 4) & FADT_HARDWARE_REDUCED) != 0 &&
        table_size(fadt) >= FADT_SLEEP_CONTROL + 12) {
        register_write((const void *)(fadt + FADT_SLEEP_CONTROL),
                       (uint8_t)(type << 2 | SLEEP_CONTROL_SLEEP));
        return true;
    }
    port_a = (uint16_t)read_bytes(fadt + FADT_PM1A, 4);
    port_b = (uint16_t)read_bytes(fadt + FADT_PM1B, 4);
    if (port_a != 0)
        port_write16(port_a, (uint16_t)(type << 10 | PM1_SLEEP));
    if (port_b != 0)
        port_write16(port_b, (uint16_t)(type << 10 | PM1_SLEEP));
    return port_a != 0 || port_b != 0;
}

bool acpi_reset(void)
{
    if (fadt == NULL || table_size(fadt) <= FADT_RESET_VALUE)
        return false;
    if ((read_bytes(fadt + FADT_FLAGS, 4) & FADT_RESET_SUPPORTED) == 0)
        return false;
    register_write((const void *)(fadt + FADT_RESET), fadt[FADT_RESET_VALUE]);
    return true;
}
