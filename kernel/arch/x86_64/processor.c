/*
 * Brings the running CPU into the state that the kernel assumes: segments, task state, control
 * registers, system call entry.
 *
 * The GDT's only purpose in 64-bit mode is to name privilege levels; the TSS holds the stack for
 * traps from user mode (rsp0) and three stacks for traps that may hit at any instruction. The top
 * word of each of those points to struct cpu (entry.S).
 */
#include "processor.h"
#include "fpu.h"
#include "instructions.h"
#include "lib/string.h"
#include "trace/log.h"
#include "trap_table.h"

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_map;
} __attribute__((packed, aligned(8)));

struct processor {
    struct cpu cpu;
    uint64_t gdt[10];
    struct task_state task;
    uint32_t apic_id;
};

enum { TRAP_STACKS = 3 };

/* Only the boot CPU's are static; a CPU that starts later brings its own. */
static struct processor boot_processor;
static uint8_t boot_trap_stacks[TRAP_STACKS][MACHINE_TRAP_STACK_SIZE]
    __attribute__((aligned(MACHINE_TRAP_STACK_SIZE)));

static struct processor *processors[CPU_LIMIT];
static unsigned processor_count;

struct processor_features processor_features;

/* In entry.S. */
void trap_syscall(void);

struct cpu *cpu_by_id(unsigned id)
{
    return &processors[id]->cpu;
}

unsigned cpu_count(void)
{
    return processor_count;
}

uint32_t processor_apic_id(unsigned id)
{
    return processors[id]->apic_id;
}

void processor_set_apic_id(unsigned id, uint32_t apic_id)
{
    processors[id]->apic_id = apic_id;
}

static void require(bool present, const char *what)
{
    if (!present)
        panic("this CPU lacks %s, which the kernel needs (QEMU: -cpu max)", what);
}

static void detect_extended_state(void)
{
    struct processor_features *f = &processor_features;
    uint64_t wanted = FPU_X87 | FPU_SSE | FPU_AVX | FPU_AVX512;
    struct cpuid offered = cpuid(0xd, 0);

    f->xsave_mask = ((uint64_t)offered.edx << 32 | offered.eax) & wanted;
    if ((f->xsave_mask & FPU_AVX512) != FPU_AVX512 || (f->xsave_mask & FPU_AVX) == 0)
        f->xsave_mask &= ~(uint64_t)FPU_AVX512;
    f->xsaveopt = (cpuid(0xd, 1).eax & 1) != 0;
}

void processor_detect(void)
{
    struct processor_features *f = &processor_features;
    uint32_t highest = cpuid(0, 0).eax;
    struct cpuid one = cpuid(1, 0), extended = cpuid(0x80000001, 0);
    struct cpuid seven = highest >= 7 ? cpuid(7, 0) : (struct cpuid){0};

    f->hwcap = one.edx;
    f->global_pages = (one.edx & 1u << 13) != 0;
    f->x2apic = (one.ecx & 1u << 21) != 0;
    f->tsc_deadline = (one.ecx & 1u << 24) != 0;
    f->xsave = (one.ecx & 1u << 26) != 0 && highest >= 0xd;
    f->rdrand = (one.ecx & 1u << 30) != 0;
    f->hypervisor = (one.ecx & 1u << 31) != 0;
    f->smep = (seven.ebx & 1u << 7) != 0;
    f->rdseed = (seven.ebx & 1u << 18) != 0;
    f->smap = (seven.ebx & 1u << 20) != 0;
    f->umip = (seven.ecx & 1u << 2) != 0;
    f->huge_gib = (extended.edx & 1u << 26) != 0;
    require((one.edx & 1u << 4) != 0, "a time stamp counter");
    require((one.edx & 1u << 9) != 0, "a local APIC");
    require((one.edx & 1u << 24) != 0 && (one.edx & 1u << 26) != 0, "FXSAVE and SSE2");
    require((extended.edx & 1u << 11) != 0, "SYSCALL");
    require((seven.ebx & 1u << 0) != 0, "FSGSBASE");
    require(f->xsave, "XSAVE");
    detect_extended_state();
}

static void control_registers_set(void)
{
    const struct processor_features *f = &processor_features;
    uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE;

    cr4 |= (f->global_pages ? CR4_PGE : 0) | (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) |
           (f->umip ? CR4_UMIP : 0);
    cr4_write(cr4);
    cr0_write((cr0_read() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP | CR0_AM);
    xcr0_write(f->xsave_mask);
    processor_features.xsave_size = cpuid(0xd, 0).ebx;
}

static void syscall_entry_set(void)
{
    uint64_t masked = RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC |
                      RFLAGS_RF | RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF |
                      RFLAGS_OF;

    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL);
    msr_write(MSR_STAR,
              (uint64_t)SELECTOR_USER_CODE32 << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    msr_write(MSR_LSTAR, (uint64_t)trap_syscall);
    msr_write(MSR_FMASK, masked);
}

static void descriptors_make(struct processor *p)
{
    uint64_t task = (uint64_t)&p->task, limit = sizeof(p->task) - 1;

    p->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
    p->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf93000000ffff;
    p->gdt[SELECTOR_USER_CODE32 / 8] = 0x00cffb000000ffff;
    p->gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
    p->gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
    p->gdt[SELECTOR_TSS / 8] =
        limit | (task & 0xffffff) << 16 | UINT64_C(0x89) << 40 | (task >> 24 & 0xff) << 56;
    p->gdt[SELECTOR_TSS / 8 + 1] = task >> 32;
}

static void descriptors_load(struct processor *p)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = {sizeof(p->gdt) - 1, (uint64_t)p->gdt};

    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %2, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "movl %3, %%eax\n\t"
                     "ltr %%ax" ::"m"(table),
                     "i"(SELECTOR_KERNEL_CODE), "i"(SELECTOR_KERNEL_DATA), "i"(SELECTOR_TSS)
                     : "rax", "memory");
}

/* The last word of each stack points to struct cpu; the stack begins below it, aligned to 16. */
static void trap_stacks_set(struct processor *p, uint8_t (*stacks)[MACHINE_TRAP_STACK_SIZE])
{
    for (unsigned i = 0; i < TRAP_STACKS; i++) {
        uint8_t *top = stacks[i] + MACHINE_TRAP_STACK_SIZE;
        struct cpu *cpu = &p->cpu;

        *(struct cpu **)(void *)(top - 8) = cpu;
        p->task.ist[i] = (uint64_t)(top - 16);
    }
}

void processor_set_stack(struct cpu *cpu, uint64_t top)
{
    struct processor *p = cpu->arch;

    cpu->kernel_stack_top = top;
    p->task.rsp[0] = top;
}

static void processor_start(struct processor *p, unsigned id, uint64_t stack_top)
{
    p->cpu.self = &p->cpu;
    p->cpu.id = id;
    p->cpu.arch = p;
    p->task.io_map = sizeof(p->task);
    processors[id] = p;
    processor_set_stack(&p->cpu, stack_top);
    descriptors_make(p);
    descriptors_load(p);
    msr_write(MSR_GS_BASE, (uint64_t)&p->cpu);
    msr_write(MSR_KERNEL_GS_BASE, 0);
    control_registers_set();
    syscall_entry_set();
    trap_table_load();
    processor_count++;
}

void processor_start_boot(uint64_t stack_top)
{
    trap_stacks_set(&boot_processor, boot_trap_stacks);
    processor_start(&boot_processor, 0, stack_top);
}

void cpu_idle(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

_Noreturn void cpu_stop(void)
{
    for (;;)
        __asm__ volatile("cli; hlt" ::: "memory");
}

static bool random_step(bool seed, uint64_t *value)
{
    bool good;

    if (seed)
        __asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(good));
    else
        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(good));
    return good;
}

bool cpu_random(uint64_t *value)
{
    /* The manual's advice: ten tries of RDRAND are enough unless it is broken. */
    for (unsigned i = 0; processor_features.rdseed && i < 4; i++) {
        if (random_step(true, value))
            return true;
    }
    for (unsigned i = 0; processor_features.rdrand && i < 10; i++) {
        if (random_step(false, value))
            return true;
    }
    return false;
}
