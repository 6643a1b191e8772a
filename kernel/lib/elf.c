/*
 * Checking ELF64 files.
 */
#include "lib/elf.h"

#include "lib/container.h"
#include "lib/errno.h"
#include "lib/string.h"

int elf_check_header(const void *bytes, size_t size, uint16_t machine)
{
    const struct elf64_hdr *header = bytes;

    if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return -ENOEXEC;
    if (header->e_machine != machine || (header->e_type != ET_EXEC && header->e_type != ET_DYN))
        return -ENOEXEC;
    if (header->e_phentsize != sizeof(struct elf64_phdr) || header->e_phnum == 0 ||
        elf_headers_size(header) > ELF_HEADERS_SIZE_LIMIT)
        return -ENOEXEC;
    return 0;
}

size_t elf_headers_size(const struct elf64_hdr *header)
{
    return header->e_phnum * sizeof(struct elf64_phdr);
}

/* Whether a PT_LOAD can be laid out at all. */
static bool load_is_sound(const struct elf64_phdr *load, uint64_t page, uint64_t limit)
{
    uint64_t in_page = load->p_vaddr % page;

    if (load->p_filesz > load->p_memsz || load->p_memsz > limit ||
        load->p_vaddr > limit - load->p_memsz || load->p_vaddr >= limit)
        return false;
    if (load->p_filesz + in_page == 0)
        return true;
    return load->p_offset % page == in_page &&
           load->p_offset <= (uint64_t)INT64_MAX - load->p_filesz;
}

static void layout_add(struct elf_layout *layout, const struct elf64_hdr *header,
                       const struct elf64_phdr *load, uint64_t page)
{
    uint64_t end = load->p_vaddr + load->p_memsz;

    if (layout->loads++ == 0)
        layout->low = align_down(load->p_vaddr, page);
    layout->low = min_u64(layout->low, align_down(load->p_vaddr, page));
    layout->high = max_u64(layout->high, align_up(end, page));
    layout->brk = max_u64(layout->brk, end);
    if (is_power_of_two(load->p_align))
        layout->align = max_u64(layout->align, load->p_align);
    if (header->e_phoff >= load->p_offset && header->e_phoff - load->p_offset < load->p_filesz)
        layout->headers = header->e_phoff - load->p_offset + load->p_vaddr;
}

static int find_interpreter(const struct elf64_hdr *header, const struct elf64_phdr *headers,
                            struct elf_layout *layout)
{
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        if (headers[i].p_type != PT_INTERP)
            continue;
        if (headers[i].p_filesz < 2 || headers[i].p_filesz > ELF_PATH_LIMIT)
            return -ENOEXEC;
        layout->interpreter = &headers[i];
        break;
    }
    return 0;
}

int elf_check_layout(const struct elf64_hdr *header, const struct elf64_phdr *headers,
                     uint64_t page, uint64_t limit, struct elf_layout *layout)
{
    *layout = (struct elf_layout){
        .align = page,
        .entry = header->e_entry,
        .stack_flags = PF_R | PF_W,
        .fixed = header->e_type == ET_EXEC,
    };
    if (find_interpreter(header, headers, layout) < 0)
        return -ENOEXEC;
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        if (headers[i].p_type == PT_GNU_STACK)
            layout->stack_flags = headers[i].p_flags;
        if (headers[i].p_type != PT_LOAD)
            continue;
        if (!load_is_sound(&headers[i], page, limit))
            return -EINVAL;
        layout_add(layout, header, &headers[i], page);
    }
    return layout->loads > 0 ? 0 : -EINVAL;
}

int elf_check_path(const char *path, size_t size)
{
    if (size < 2 || size > ELF_PATH_LIMIT || path[size - 1] != '\0')
        return -ENOEXEC;
    return 0;
}
