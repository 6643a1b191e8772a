/*
 * ELF checking: the running test itself is sound, each rule refuses what it is for, and random
 * damage never leads outside the bytes or to a layout that does not hold what it promises.
 */
#include "unit.h"

#include "lib/elf.h"
#include "lib/errno.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, HEADERS = 4, MACHINE = EM_X86_64 };

static const uint64_t LIMIT = UINT64_C(1) << 47;

struct image {
    struct elf64_hdr header;
    struct elf64_phdr headers[HEADERS];
};

static struct image image_make(void)
{
    struct image image = {
        .header = {.e_type = ET_DYN,
                   .e_machine = MACHINE,
                   .e_phoff = sizeof(struct elf64_hdr),
                   .e_phentsize = sizeof(struct elf64_phdr),
                   .e_phnum = HEADERS,
                   .e_entry = 0x1010},
        .headers = {{.p_type = PT_INTERP, .p_offset = 0x200, .p_filesz = 28, .p_memsz = 28},
                    {.p_type = PT_LOAD,
                     .p_flags = PF_R | PF_X,
                     .p_filesz = 0x1234,
                     .p_memsz = 0x1234,
                     .p_align = 0x1000},
                    {.p_type = PT_LOAD,
                     .p_flags = PF_R | PF_W,
                     .p_offset = 0x1800,
                     .p_vaddr = 0x202800,
                     .p_filesz = 0x10,
                     .p_memsz = 0x3000,
                     .p_align = 0x200000},
                    {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X}},
    };

    memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    return image;
}

static int check(const struct image *image, struct elf_layout *layout)
{
    int error = elf_check_header(image, sizeof(*image), MACHINE);

    return error < 0 ? error
                     : elf_check_layout(&image->header, image->headers, PAGE, LIMIT, layout);
}

static void test_sound(void **state)
{
    struct image image = image_make();
    struct elf_layout layout;

    (void)state;
    assert_int_equal(check(&image, &layout), 0);
    assert_int_equal(layout.low, 0);
    assert_int_equal(layout.high, 0x206000);
    assert_int_equal(layout.brk, 0x205800);
    assert_int_equal(layout.align, 0x200000);
    assert_int_equal(layout.entry, 0x1010);
    assert_int_equal(layout.headers, sizeof(struct elf64_hdr));
    assert_ptr_equal(layout.interpreter, &image.headers[0]);
    assert_int_equal(layout.stack_flags, PF_R | PF_W | PF_X);
    assert_int_equal(layout.loads, 2);
    assert_false(layout.fixed);
}

static void test_this_program(void **state)
{
    static union {
        struct elf64_hdr header;
        uint8_t bytes[PAGE];
    } start;
    struct elf_layout layout;
    FILE *file = fopen("/proc/self/exe", "rb");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fread(start.bytes, 1, sizeof(start), file), sizeof(start));
    fclose(file);
    assert_int_equal(elf_check_header(&start, sizeof(start), start.header.e_machine), 0);
    assert_int_equal(elf_check_header(&start, sizeof(start), EM_386), -ENOEXEC);
    assert_in_range(start.header.e_phoff + elf_headers_size(&start.header), 1, sizeof(start));
    assert_int_equal(
        elf_check_layout(&start.header,
                         (const struct elf64_phdr *)(start.bytes + start.header.e_phoff), PAGE,
                         LIMIT, &layout),
        0);
    assert_non_null(layout.interpreter);
    assert_int_equal(elf_check_path((char *)start.bytes + layout.interpreter->p_offset,
                                    layout.interpreter->p_filesz),
                     0);
    assert_true(layout.entry > layout.low && layout.entry < layout.high);
}

static void refused(struct image image, int error)
{
    struct elf_layout layout;

    assert_int_equal(check(&image, &layout), error);
}

static void test_bad_headers(void **state)
{
    struct image good = image_make();
    struct image bad;

    (void)state;
    for (size_t size = 0; size < sizeof(struct elf64_hdr); size++)
        assert_int_equal(elf_check_header(&good, size, MACHINE), -ENOEXEC);
    refused((bad = good, bad.header.e_ident[3] = 'f', bad), -ENOEXEC);
    refused((bad = good, bad.header.e_type = ET_REL, bad), -ENOEXEC);
    refused((bad = good, bad.header.e_type = ET_CORE, bad), -ENOEXEC);
    refused((bad = good, bad.header.e_machine = EM_386, bad), -ENOEXEC);
    refused((bad = good, bad.header.e_phentsize = 32, bad), -ENOEXEC);
    refused((bad = good, bad.header.e_phnum = 0, bad), -ENOEXEC);
    refused((bad = good, bad.header.e_phnum = 1171, bad), -ENOEXEC);
    refused((bad = good, bad.headers[0].p_filesz = 1, bad), -ENOEXEC);
    refused((bad = good, bad.headers[0].p_filesz = 4097, bad), -ENOEXEC);
}

static void test_bad_loads(void **state)
{
    struct image good = image_make();
    struct image bad;

    (void)state;
    refused((bad = good, bad.headers[1].p_memsz = 1, bad), -EINVAL);
    refused((bad = good, bad.headers[2].p_offset++, bad), -EINVAL);
    refused((bad = good, bad.headers[2].p_vaddr = LIMIT - 0x800, bad), -EINVAL);
    refused((bad = good, bad.headers[2].p_memsz = UINT64_MAX - 0x1000, bad), -EINVAL);
    refused((bad = good, bad.headers[2].p_vaddr = UINT64_MAX - 0x7ff, bad), -EINVAL);
    refused((bad = good, bad.headers[2].p_offset = UINT64_MAX - 0x7ff, bad), -EINVAL);
    refused((bad = good, bad.headers[1].p_type = bad.headers[2].p_type = PT_NULL, bad), -EINVAL);
}

static void test_paths(void **state)
{
    static char path[ELF_PATH_LIMIT + 2];

    (void)state;
    assert_int_equal(elf_check_path("/lib/ld", 8), 0);
    assert_int_equal(elf_check_path("/lib/ld", 7), -ENOEXEC);
    assert_int_equal(elf_check_path("", 1), -ENOEXEC);
    assert_int_equal(elf_check_path("", 0), -ENOEXEC);
    assert_int_equal(elf_check_path(path, ELF_PATH_LIMIT), 0);
    assert_int_equal(elf_check_path(path, ELF_PATH_LIMIT + 1), -ENOEXEC);
}

static void layout_holds(const struct image *image, const struct elf_layout *layout)
{
    assert_true(layout->low <= layout->high && layout->high <= LIMIT);
    assert_true(layout->align >= PAGE && (layout->align & (layout->align - 1)) == 0);
    for (uint32_t i = 0; i < image->header.e_phnum; i++) {
        const struct elf64_phdr *load = &image->headers[i];

        if (load->p_type != PT_LOAD)
            continue;
        assert_true(load->p_vaddr >= layout->low && load->p_filesz <= load->p_memsz);
        assert_true(load->p_vaddr + load->p_memsz <= layout->brk && layout->brk <= layout->high);
    }
}

/* Random bytes of a sound image are overwritten; the image lies at the end of an allocation of its
 * own. */
static void test_damage(void **state)
{
    size_t sound = 0;

    (void)state;
    for (uint64_t n = unit_rounds(100000); n > 0; n--) {
        struct image *image = malloc(sizeof(*image));
        struct elf_layout layout;

        *image = image_make();
        for (uint64_t i = unit_random(4); i > 0; i--)
            ((uint8_t *)image)[unit_random(sizeof(*image))] =
                (uint8_t)(unit_chance(2) ? unit_random(256) : 255);
        if (image->header.e_phnum > HEADERS)
            image->header.e_phnum = HEADERS;
        if (check(image, &layout) == 0) {
            layout_holds(image, &layout);
            sound++;
        }
        free(image);
    }
    assert_true(sound > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound),       cmocka_unit_test(test_this_program),
        cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_bad_loads),
        cmocka_unit_test(test_paths),       cmocka_unit_test(test_damage),
    };

    unit_begin("elf");
    return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
