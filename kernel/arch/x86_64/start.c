/*
 * The boot CPU's way from boot.S to kernel_main: the console first, so that everything after can
 * say what went wrong.
 */
#include "abi/version.h"
#include "acpi.h"
#include "apic.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "boot/main.h"
#include "clock.h"
#include "console.h"
#include "lines.h"
#include "mmu_local.h"
#include "processor.h"
#include "start_info.h"
#include "trace/log.h"
#include "trap_table.h"

/* In boot.S. */
extern uint8_t boot_stack_top[];
/* Its caller is boot.S. */
_Noreturn void start_machine(uint64_t start_info);

/* A CPU that panics stops the others; they need not answer. */
static void others_stop(void)
{
    for (unsigned id = 0; id < cpu_count(); id++) {
        if (id != cpu_this()->id)
            apic_interrupt(id, VECTOR_STOP);
    }
}

static const struct panic_hooks start_panic_hooks = {
    .backtrace = machine_backtrace,
    .end = machine_fail,
    .stop_others = others_stop,
    .write = console_write,
};

_Noreturn void start_machine(uint64_t start_info)
{
    uint64_t ram_end;

    console_start();
    log_set_sink(console_write);
    log_line("Furca %s (%s)", VERSION_RELEASE, VERSION_MACHINE);
    panic_set_hooks(&start_panic_hooks);
    processor_detect();
    trap_table_make();
    processor_start_boot((uint64_t)boot_stack_top);
    ram_end = machine_read(start_info);
    mmu_start(ram_end < UINT64_C(1) << 32 ? UINT64_C(1) << 32 : ram_end);
    acpi_start(machine_acpi_root());
    lines_start();
    apic_start();
    clock_start();
    kernel_main();
}
