/*
 * Time from the time stamp counter: nanoseconds = ticks * 2^32 / frequency, by one multiplication.
 *
 * The frequency is what CPUID says (leaf 0x15, or 0x40000010 of hypervisors). Otherwise the counter
 * is measured against the APIC timer, which QEMU and KVM run at 1 GHz. On the deterministic machine
 * both count nanoseconds exactly, which a short measurement shows; otherwise a longer one brings
 * the error below 1/10,000.
 */
#include "clock.h"
#include "apic.h"
#include "arch/cpu.h"
#include "arch/time.h"
#include "instructions.h"
#include "processor.h"

enum {
    MEASURE_SHORT = 50000,  /* ns */
    MEASURE_LONG = 2000000, /* ns */
    MEASURE_TRIES = 5,
};

#define GIGAHERTZ UINT64_C(1000000000)

static uint64_t clock_base;    /* counter at boot */
static uint64_t clock_factor;  /* 2^32 nanoseconds per tick */
static uint64_t clock_inverse; /* 2^30 ticks per nanosecond */
static uint64_t clock_hertz;
static uint64_t wall_at_boot;

/* A moment by both clocks. */
struct moment {
    uint64_t ticks, left;
};

/* The reading between whose two counter values the least time went by. */
static struct moment moment_take(void)
{
    struct moment best = {0, 0};
    uint64_t shortest = UINT64_MAX;

    for (unsigned i = 0; i < MEASURE_TRIES; i++) {
        uint64_t before = ticks_read(), left = apic_timer_left(), after = ticks_read();

        if (after - before < shortest) {
            shortest = after - before;
            best = (struct moment){before + shortest / 2, left};
        }
    }
    return best;
}

/* Ticks per second over about `ns` nanoseconds of the APIC timer. */
static uint64_t frequency_measure(uint64_t ns)
{
    struct moment start = moment_take(), end;

    while (start.left - apic_timer_left() < ns)
        cpu_relax();
    end = moment_take();
    return (end.ticks - start.ticks) * GIGAHERTZ / (start.left - end.left);
}

static uint64_t frequency_from_cpuid(void)
{
    struct cpuid leaf;

    if (cpuid(0, 0).eax >= 0x15) {
        leaf = cpuid(0x15, 0);
        if (leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0)
            return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
    }
    if (processor_features.hypervisor && cpuid(0x40000000, 0).eax >= 0x40000010)
        return (uint64_t)cpuid(0x40000010, 0).eax * 1000;
    return 0;
}

static uint64_t frequency_find(void)
{
    uint64_t hertz = frequency_from_cpuid();

    if (hertz != 0)
        return hertz;
    apic_timer_set(UINT32_MAX);
    hertz = frequency_measure(MEASURE_SHORT);
    if (hertz > GIGAHERTZ - GIGAHERTZ / 5000 && hertz < GIGAHERTZ + GIGAHERTZ / 5000)
        hertz = GIGAHERTZ;
    else
        hertz = frequency_measure(MEASURE_LONG);
    apic_timer_set(0);
    return hertz;
}

void clock_start(void)
{
    clock_hertz = frequency_find();
    clock_factor = (GIGAHERTZ << 32) / clock_hertz;
    clock_inverse = (clock_hertz << 30) / GIGAHERTZ;
    clock_base = ticks_read();
    if (processor_features.tsc_deadline)
        apic_timer_use_deadline();
}

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * clock_factor >> 32);
}

uint64_t clock_monotonic(void)
{
    return clock_ticks_to_ns(ticks_read() - clock_base);
}

uint64_t clock_frequency(void)
{
    return clock_hertz;
}

uint64_t clock_wall_at_boot(void)
{
    if (wall_at_boot == 0) {
        uint64_t seconds = rtc_seconds();

        wall_at_boot = seconds != 0 ? seconds * GIGAHERTZ - clock_monotonic() : 0;
    }
    return wall_at_boot;
}

/* The counter's value at a clock_monotonic time. */
static uint64_t ticks_at(uint64_t ns)
{
    return clock_base + (uint64_t)((unsigned __int128)ns * clock_inverse >> 30);
}

static void timer_arm_deadline(uint64_t deadline)
{
    msr_write(MSR_TSC_DEADLINE, deadline == UINT64_MAX ? 0 : ticks_at(deadline));
}

void timer_arm(uint64_t deadline)
{
    uint64_t now, left;

    if (processor_features.tsc_deadline) {
        timer_arm_deadline(deadline);
        return;
    }
    if (deadline == UINT64_MAX) {
        apic_timer_set(0);
        return;
    }
    now = clock_monotonic();
    left = deadline > now ? deadline - now : 1;
    /* Longer than the counter holds: an interrupt comes too early, and the timer is armed again. */
    apic_timer_set(left < UINT32_MAX ? (uint32_t)left : UINT32_MAX);
}
