/*
 * The kernel's page tables, and the current CPU's view of a space.
 *
 * Four root slots belong to the kernel (machine/layout.h). Their tables are static and are linked
 * into every root, so that what is mapped below them later shows up everywhere. Tables below are
 * never freed. kernel_tables_lock guards changes to them.
 */
#include "arch/mmu.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "instructions.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mmu_local.h"
#include "processor.h"
#include "sched/spin.h"
#include "start_info.h"
#include "trace/log.h"

typedef struct pte page_table[PTE_PER_TABLE];

enum { IMAGE_TABLES = MACHINE_IMAGE_LIMIT / (1 << 21) };

/* The kernel's own root, loaded while no space is; and the tables of its four slots. */
static page_table kernel_root __attribute__((aligned(PAGE_SIZE)));
static page_table direct_table __attribute__((aligned(PAGE_SIZE)));
static page_table mapped_table __attribute__((aligned(PAGE_SIZE)));
static page_table device_table __attribute__((aligned(PAGE_SIZE)));
static page_table device_low_table
    __attribute__((aligned(PAGE_SIZE))); /* 3 GiB to 4 GiB, where all first devices are */
static page_table image_table __attribute__((aligned(PAGE_SIZE)));
static page_table image_middle_table __attribute__((aligned(PAGE_SIZE)));
static page_table image_tables[IMAGE_TABLES] __attribute__((aligned(PAGE_SIZE)));

static const uint64_t kernel_slots[] = {MACHINE_DIRECT_MAP, MACHINE_MAPPED, MACHINE_DEVICES,
                                        MACHINE_IMAGE};

static struct spinlock kernel_tables_lock;

/* From the linker script. */
extern uint8_t image_start[], text_start[], text_end[], rodata_end[], image_end[];
extern uint8_t *const smap_table_start[], *const smap_table_end[];

static uint64_t image_physical(const void *pointer)
{
    return (uint64_t)pointer - MACHINE_IMAGE;
}

void *mmu_boot_address(uint64_t physical)
{
    return (void *)(MACHINE_IMAGE + physical);
}

static uint64_t global_bit(void)
{
    return processor_features.global_pages ? X86_PTE_GLOBAL : 0;
}

static uint64_t table_bits(const void *table)
{
    return image_physical(table) | X86_PTE_PRESENT | X86_PTE_WRITE;
}

/* The direct map's tables of 2 MiB pages, where the CPU has none of 1 GiB: one per GiB, taken from
 * RAM. */
static void direct_map_middle(uint64_t gib)
{
    uint64_t physical = machine_ram_take(PAGE_SIZE);
    struct pte *table = mmu_boot_address(physical);

    for (unsigned i = 0; i < PTE_PER_TABLE; i++) {
        table[i].bits = (gib << 30 | (uint64_t)i << 21) | X86_PTE_PRESENT | X86_PTE_WRITE |
                        X86_PTE_HUGE | X86_PTE_ACCESSED | X86_PTE_DIRTY | X86_PTE_NX | global_bit();
    }
    direct_table[gib].bits = physical | X86_PTE_PRESENT | X86_PTE_WRITE;
}

static void direct_map_make(uint64_t ram_end)
{
    uint64_t gibs = divide_up(ram_end, UINT64_C(1) << 30);

    for (uint64_t gib = 0; gib < gibs; gib++) {
        if (processor_features.huge_gib)
            direct_table[gib].bits = gib << 30 | X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_HUGE |
                                     X86_PTE_ACCESSED | X86_PTE_DIRTY | X86_PTE_NX | global_bit();
        else
            direct_map_middle(gib);
    }
}

/* Text is for fetching, read-only data for reading, the rest for writing. */
static uint64_t image_permission(uint64_t address)
{
    if (address < (uint64_t)text_end)
        return 0;
    if (address < (uint64_t)rodata_end)
        return X86_PTE_NX;
    return X86_PTE_NX | X86_PTE_WRITE;
}

static void image_map_make(void)
{
    for (uint64_t address = (uint64_t)image_start; address < (uint64_t)image_end;
         address += PAGE_SIZE) {
        uint64_t physical = address - MACHINE_IMAGE;

        image_tables[physical >> 21][mmu_index(address, 0)].bits =
            physical | X86_PTE_PRESENT | X86_PTE_ACCESSED | X86_PTE_DIRTY | global_bit() |
            image_permission(address);
    }
    for (unsigned i = 0; i < IMAGE_TABLES; i++)
        image_middle_table[i].bits = table_bits(image_tables[i]);
    image_table[mmu_index(MACHINE_IMAGE, 2)].bits = table_bits(image_middle_table);
}

/* Without SMAP, STAC and CLAC are invalid: three-byte no-ops take their place while text can still
 * be written. */
static void smap_remove(void)
{
    static const uint8_t no_operation[3] = {0x0f, 0x1f, 0x00};

    for (uint8_t *const *p = smap_table_start; p < smap_table_end; p++)
        memcpy(*p, no_operation, sizeof(no_operation));
}

void mmu_start(uint64_t ram_end)
{
    if (!processor_features.smap)
        smap_remove();
    direct_map_make(ram_end);
    image_map_make();
    device_table[3].bits = table_bits(device_low_table);
    kernel_root[mmu_index(MACHINE_DIRECT_MAP, 3)].bits = table_bits(direct_table);
    kernel_root[mmu_index(MACHINE_MAPPED, 3)].bits = table_bits(mapped_table);
    kernel_root[mmu_index(MACHINE_DEVICES, 3)].bits = table_bits(device_table);
    kernel_root[mmu_index(MACHINE_IMAGE, 3)].bits = table_bits(image_table);
    cr3_write(image_physical(kernel_root));
}

void mmu_init(struct mmu_space *space, struct pte *root)
{
    space->root = root;
    for (unsigned i = 0; i < array_size(kernel_slots); i++) {
        unsigned slot = mmu_index(kernel_slots[i], 3);

        root[slot] = kernel_root[slot];
    }
}

void mmu_drop(struct mmu_space *space)
{
    if (space->root == NULL)
        return;
    for (unsigned i = 0; i < array_size(kernel_slots); i++)
        space->root[mmu_index(kernel_slots[i], 3)].bits = 0;
    space->root = NULL;
}

void mmu_switch(struct mmu_space *previous, struct mmu_space *next)
{
    unsigned id = cpu_this()->id;
    uint64_t bit = UINT64_C(1) << id % 64;

    if (previous == next)
        return;
    /* Marked before it is loaded and unmarked after it is gone: a flush in between interrupts once
     * too often. */
    if (next != NULL) {
        atomic_fetch_or(&next->active[id / 64], bit);
        cr3_write(kernel_to_phys(next->root).value);
    } else {
        cr3_write(image_physical(kernel_root));
    }
    if (previous != NULL)
        atomic_fetch_and(&previous->active[id / 64], ~bit);
}

/* The entry for `address` in the table, whose missing next level is made. NULL: no memory. Under
 * kernel_tables_lock. */
static struct pte *kernel_descend(struct pte *table, uint64_t address, unsigned level)
{
    struct pte *entry = &table[mmu_index(address, level)];

    if (pte_empty(*entry)) {
        void *lower = mmu_table_alloc();

        if (lower == NULL)
            return NULL;
        pte_store(entry,
                  (struct pte){kernel_to_phys(lower).value | X86_PTE_PRESENT | X86_PTE_WRITE});
    }
    return phys_to_kernel(pte_target(pte_load(entry)));
}

int mmu_kernel_map(uint64_t address, struct phys page, bool writable)
{
    uint64_t saved = spin_lock_irq(&kernel_tables_lock);
    struct pte *middle = kernel_descend(mapped_table, address, 2);
    struct pte *last = middle ? kernel_descend(middle, address, 1) : NULL;

    if (last != NULL)
        pte_store(&last[mmu_index(address, 0)],
                  (struct pte){page.value | X86_PTE_PRESENT | X86_PTE_ACCESSED | X86_PTE_DIRTY |
                               X86_PTE_NX | global_bit() | (writable ? X86_PTE_WRITE : 0)});
    spin_unlock_irq(&kernel_tables_lock, saved);
    return last != NULL ? 0 : -ENOMEM;
}

void mmu_kernel_unmap(uint64_t address)
{
    uint64_t saved = spin_lock_irq(&kernel_tables_lock);
    struct pte *middle = phys_to_kernel(pte_target(mapped_table[mmu_index(address, 2)]));
    struct pte *last = phys_to_kernel(pte_target(middle[mmu_index(address, 1)]));

    pte_store(&last[mmu_index(address, 0)], (struct pte){0});
    spin_unlock_irq(&kernel_tables_lock, saved);
    mmu_flush_kernel_page(address);
}

uint64_t mmu_kernel_region_start(void)
{
    return MACHINE_MAPPED;
}

uint64_t mmu_kernel_region_end(void)
{
    return MACHINE_MAPPED + MACHINE_SLOT_SIZE;
}

bool mmu_in_mapped_region(uint64_t address)
{
    return address - MACHINE_MAPPED < MACHINE_SLOT_SIZE;
}

/* Devices are mapped in pages of 2 MiB: their registers lie apart from RAM. */
static bool device_page_map(uint64_t physical)
{
    uint64_t address = MACHINE_DEVICES + physical, saved;
    struct pte *middle;

    if (mmu_index(address, 2) == 3) {
        middle = device_low_table;
    } else {
        saved = spin_lock_irq(&kernel_tables_lock);
        middle = kernel_descend(device_table, address, 2);
        spin_unlock_irq(&kernel_tables_lock, saved);
    }
    if (middle == NULL)
        return false;
    pte_store(&middle[mmu_index(address, 1)],
              (struct pte){align_down(physical, mmu_span(1)) | X86_PTE_PRESENT | X86_PTE_WRITE |
                           X86_PTE_HUGE | X86_PTE_UNCACHED | X86_PTE_WRITE_THROUGH |
                           X86_PTE_ACCESSED | X86_PTE_DIRTY | X86_PTE_NX | global_bit()});
    return true;
}

void *machine_map_device(struct phys start, uint64_t size)
{
    uint64_t end = start.value + size;

    if (end < start.value || end > MACHINE_PHYSICAL_LIMIT)
        return NULL;
    for (uint64_t p = align_down(start.value, mmu_span(1)); p < end; p += mmu_span(1)) {
        if (!device_page_map(p))
            return NULL;
    }
    return (void *)(MACHINE_DEVICES + start.value);
}
