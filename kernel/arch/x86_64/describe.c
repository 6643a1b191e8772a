/*
 * The text of /proc/cpuinfo and AT_HWCAP: what CPUID says, in the words that Linux uses for it on
 * x86.
 */
#include "arch/cpu.h"
#include "arch/elf.h"
#include "clock.h"
#include "instructions.h"
#include "lib/container.h"
#include "lib/format.h"
#include "lib/string.h"
#include "processor.h"

/* A register of a leaf with the names of its bits, separated by spaces; "-" is a bit that is not
 * shown. */
struct flag_word {
    uint32_t leaf, subleaf;
    unsigned reg; /* 0 … 3: EAX, EBX, ECX, EDX */
    const char *names;
};

static const struct flag_word flag_words[] = {
    {1, 0, 3,
     "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - dts "
     "acpi mmx fxsr sse "
     "sse2 ss ht tm ia64 pbe"},
    {0x80000001, 0, 3,
     "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - lm "
     "3dnowext 3dnow"},
    {1, 0, 2,
     "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - pcid "
     "dca sse4_1 sse4_2 "
     "x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c rdrand hypervisor"},
    {0x80000001, 0, 2,
     "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs xop "
     "skinit wdt - lwp fma4 "
     "tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - bpext ptsc perfctr_llc mwaitx - -"},
    {7, 0, 1,
     "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a avx512f "
     "avx512dq rdseed adx "
     "smap avx512ifma - clflushopt clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw "
     "avx512vl"},
    {0xd, 1, 0, "xsaveopt xsavec xgetbv1 xsaves"},
    {7, 0, 2,
     "- avx512vbmi umip pku ospke waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni "
     "avx512_bitalg tme "
     "avx512_vpopcntdq - la57 - - - - - rdpid - - cldemote - movdiri movdir64b enqcmd"},
    {7, 0, 3,
     "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect - md_clear - - - serialize"},
};

/* Text that grows in a buffer and knows how long it would have become. */
struct text {
    char *buffer;
    uint64_t size, length;
};

static void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void text_add(struct text *text, const char *format, ...)
{
    uint64_t at = min_u64(text->length, text->size);
    va_list arguments;

    va_start(arguments, format);
    text->length +=
        (uint64_t)format_text_list(text->buffer + at, text->size - at, format, arguments);
    va_end(arguments);
}

static uint32_t flag_word_read(const struct flag_word *word)
{
    struct cpuid leaf;
    uint32_t highest = cpuid(word->leaf & 0x80000000, 0).eax;

    if (word->leaf > highest)
        return 0;
    leaf = cpuid(word->leaf, word->subleaf);
    return word->reg == 0   ? leaf.eax
           : word->reg == 1 ? leaf.ebx
           : word->reg == 2 ? leaf.ecx
                            : leaf.edx;
}

static void flags_add(struct text *text, const struct flag_word *word)
{
    uint32_t bits = flag_word_read(word);
    const char *name = word->names;

    for (; *name != '\0'; bits >>= 1) {
        int length = (int)strcspn(name, " ");

        if ((bits & 1) != 0 && name[0] != '-')
            text_add(text, " %.*s", length, name);
        name += length;
        name += *name == ' ';
    }
}

static void brand_read(char brand[49])
{
    struct cpuid part;

    memset(brand, 0, 49);
    if (cpuid(0x80000000, 0).eax < 0x80000004)
        return;
    for (uint32_t i = 0; i < 3; i++) {
        part = cpuid(0x80000002 + i, 0);
        memcpy(brand + i * sizeof(part), &part, sizeof(part));
    }
}

static void identity_add(struct text *text)
{
    struct cpuid zero = cpuid(0, 0), one = cpuid(1, 0);
    unsigned family = one.eax >> 8 & 15, model = one.eax >> 4 & 15;
    char vendor[13] = {0}, brand[49];

    memcpy(vendor, &zero.ebx, 4);
    memcpy(vendor + 4, &zero.edx, 4);
    memcpy(vendor + 8, &zero.ecx, 4);
    brand_read(brand);
    if (family == 6 || family == 15)
        model |= (one.eax >> 16 & 15) << 4;
    if (family == 15)
        family += one.eax >> 20 & 255;
    text_add(text, "vendor_id\t: %s\n", vendor);
    text_add(text, "cpu family\t: %u\n", family);
    text_add(text, "model\t\t: %u\n", model);
    text_add(text, "model name\t: %s\n", brand + strspn(brand, " "));
    text_add(text, "stepping\t: %u\n", one.eax & 15);
}

int cpu_describe(unsigned id, char *buffer, uint64_t size)
{
    struct text text = {buffer, size, 0};
    uint64_t khz = clock_frequency() / 1000;
    uint32_t widths = cpuid(0x80000000, 0).eax >= 0x80000008 ? cpuid(0x80000008, 0).eax : 0x3024;
    unsigned line = cpuid(1, 0).ebx >> 8 & 255;

    text_add(&text, "processor\t: %u\n", id);
    identity_add(&text);
    text_add(&text, "cpu MHz\t\t: %lu.%03lu\n", khz / 1000, khz % 1000);
    text_add(&text, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
             cpu_count(), id, cpu_count());
    text_add(&text, "apicid\t\t: %u\ninitial apicid\t: %u\n", processor_apic_id(id),
             processor_apic_id(id));
    text_add(&text,
             "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
             cpuid(0, 0).eax);
    for (unsigned i = 0; i < array_size(flag_words); i++)
        flags_add(&text, &flag_words[i]);
    text_add(&text, "\nbugs\t\t:\nbogomips\t: %lu.%02lu\n", khz / 500, khz / 5 % 100);
    text_add(&text, "clflush size\t: %u\ncache_alignment\t: %u\n", line * 8, line * 8);
    text_add(&text, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n",
             widths & 255, widths >> 8 & 255);
    return (int)text.length;
}

uint64_t elf_hwcap(void)
{
    return processor_features.hwcap;
}

uint64_t elf_hwcap2(void)
{
    return 1 << 1; /* HWCAP2_FSGSBASE: programs may use the instructions (asm/hwcap2.h) */
}
