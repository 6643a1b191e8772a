/*
 * Reads the start info (xen/include/public/arch-x86/hvm/start_info.h, version 1) into `machine`.
 *
 * RAM comes as a memory map; what is in use already is cut out of it: the first MiB (firmware), the
 * kernel's image, the initramfs and the start info itself. All cuts are rounded so that only whole
 * free pages are left.
 */
#include "start_info.h"
#include "arch/machine.h"
#include "lib/container.h"
#include "lib/string.h"
#include "mmu_local.h"
#include "trace/log.h"

enum {
    START_INFO_MAGIC = 0x336ec578,
    MEMORY_RAM = 1,
    COMMAND_LINE_SIZE = 4096,
    LOW_MEMORY_END = 1 << 20,
};

struct start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, acpi_root, memory_map;
    uint32_t memory_map_count, reserved;
};

struct start_module {
    uint64_t start, size, command_line, reserved;
};

struct start_memory {
    uint64_t start, size;
    uint32_t kind, reserved;
};

static char command_line[COMMAND_LINE_SIZE];
static uint64_t acpi_root;

struct machine machine = {.command_line = command_line};

/* From the linker script. */
extern uint8_t image_start[], image_end[];

/* Inserts [start, end) in order; a full list drops it: less memory, nothing wrong. */
static void ram_add(uint64_t start, uint64_t end)
{
    unsigned i = machine.ram_count;

    start = page_ceil(start);
    end = page_floor(end < MACHINE_PHYSICAL_LIMIT ? end : MACHINE_PHYSICAL_LIMIT);
    if (start >= end || i == MACHINE_RANGES)
        return;
    for (; i > 0 && machine.ram[i - 1].start > start; i--)
        machine.ram[i] = machine.ram[i - 1];
    machine.ram[i] = (struct machine_range){start, end};
    machine.ram_count++;
}

static void ram_remove(unsigned index)
{
    machine.ram_count--;
    for (unsigned i = index; i < machine.ram_count; i++)
        machine.ram[i] = machine.ram[i + 1];
}

/* Takes [start, end) out, widened to whole pages. */
static void ram_cut(uint64_t start, uint64_t end)
{
    start = page_floor(start);
    end = page_ceil(end);
    for (unsigned i = 0; start < end && i < machine.ram_count;) {
        struct machine_range range = machine.ram[i];

        if (range.end <= start || range.start >= end) {
            i++;
            continue;
        }
        ram_remove(i);
        ram_add(range.start, start > range.start ? start : range.start);
        ram_add(end < range.end ? end : range.end, range.end);
        i = 0;
    }
}

static uint64_t memory_map_read(const struct start_info *info)
{
    const struct start_memory *map = mmu_boot_address(info->memory_map);
    uint64_t highest = 0;

    for (uint32_t i = 0; i < info->memory_map_count; i++) {
        if (map[i].kind != MEMORY_RAM)
            continue;
        machine.ram_total += map[i].size;
        ram_add(map[i].start, map[i].start + map[i].size);
    }
    if (machine.ram_count > 0)
        highest = machine.ram[machine.ram_count - 1].end;
    return highest;
}

static void modules_read(const struct start_info *info)
{
    const struct start_module *module = mmu_boot_address(info->modules);

    if (info->module_count == 0 || info->modules == 0)
        return;
    machine.initramfs = (struct machine_range){module->start, module->start + module->size};
}

uint64_t machine_read(uint64_t address)
{
    const struct start_info *info = mmu_boot_address(address);
    uint64_t highest;

    if (info->magic != START_INFO_MAGIC || info->version < 1 || info->memory_map == 0)
        panic("no PVH start info with a memory map at %#lx", address);
    if (info->command_line != 0)
        strlcpy(command_line, mmu_boot_address(info->command_line), sizeof(command_line));
    acpi_root = info->acpi_root;
    highest = memory_map_read(info);
    modules_read(info);
    ram_cut(0, LOW_MEMORY_END);
    ram_cut((uint64_t)image_start - MACHINE_IMAGE, (uint64_t)image_end - MACHINE_IMAGE);
    ram_cut(machine.initramfs.start, machine.initramfs.end);
    ram_cut(address, address + sizeof(*info));
    return highest;
}

uint64_t machine_acpi_root(void)
{
    return acpi_root;
}

uint64_t machine_ram_take(uint64_t size)
{
    for (unsigned i = 0; i < machine.ram_count; i++) {
        uint64_t start = machine.ram[i].start;

        if (machine.ram[i].end - start > size && start + size <= UINT64_C(1) << 30) {
            machine.ram[i].start += size;
            return start;
        }
    }
    panic("no memory below 1 GiB for the kernel's page tables");
}
