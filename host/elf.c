/*
 * See elf.h. The file is mapped, and every offset it gives is checked against its size before it is
 * followed.
 */
#include "elf.h"

#include "fail.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct image_view {
    const uint8_t *data;
    size_t size;
};

static const void *view_at(const struct image_view *view, uint64_t offset, uint64_t size)
{
    if (offset > view->size || size > view->size - offset)
        return NULL;
    return view->data + offset;
}

/* A string that ends inside the file, copied; NULL when it does not. */
static char *view_string(const struct image_view *view, uint64_t offset)
{
    if (offset >= view->size || memchr(view->data + offset, '\0', view->size - offset) == NULL)
        return NULL;
    return must_copy((const char *)view->data + offset);
}

static const Elf64_Phdr *segment_at(const struct image_view *view, unsigned index)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)view->data;
    if (header->e_phentsize != sizeof(Elf64_Phdr) || index >= header->e_phnum)
        return NULL;
    return view_at(view, header->e_phoff + index * sizeof(Elf64_Phdr), sizeof(Elf64_Phdr));
}

/* Where a virtual address lies in the file; the file's size when nowhere. */
static uint64_t address_to_offset(const struct image_view *view, uint64_t address)
{
    const Elf64_Phdr *segment;
    for (unsigned i = 0; (segment = segment_at(view, i)) != NULL; i++) {
        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
            address - segment->p_vaddr < segment->p_filesz)
            return segment->p_offset + (address - segment->p_vaddr);
    }
    return view->size;
}

static const Elf64_Dyn *dynamic_at(const struct image_view *view, const Elf64_Phdr *segment,
                                   uint64_t index)
{
    if (index >= segment->p_filesz / sizeof(Elf64_Dyn))
        return NULL;
    const Elf64_Dyn *entry =
        view_at(view, segment->p_offset + index * sizeof(Elf64_Dyn), sizeof(Elf64_Dyn));
    return entry != NULL && entry->d_tag != DT_NULL ? entry : NULL;
}

static void elf_dynamic(struct elf *elf, const struct image_view *view, const Elf64_Phdr *segment)
{
    const Elf64_Dyn *entry;
    uint64_t strings = view->size;
    for (uint64_t i = 0; (entry = dynamic_at(view, segment, i)) != NULL; i++) {
        if (entry->d_tag == DT_STRTAB)
            strings = address_to_offset(view, entry->d_un.d_ptr);
    }
    for (uint64_t i = 0; (entry = dynamic_at(view, segment, i)) != NULL; i++) {
        char *text = NULL;
        if (entry->d_tag == DT_NEEDED || entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH)
            text = view_string(view, strings + entry->d_un.d_val);
        if (text == NULL)
            continue;
        if (entry->d_tag == DT_NEEDED)
            list_add(&elf->needed, text);
        else if (entry->d_tag == DT_RPATH)
            elf->rpath = text;
        else
            elf->runpath = text;
    }
}

static void elf_segments(struct elf *elf, const struct image_view *view)
{
    const Elf64_Phdr *segment;
    for (unsigned i = 0; (segment = segment_at(view, i)) != NULL; i++) {
        if (segment->p_type == PT_INTERP)
            elf->interpreter = view_string(view, segment->p_offset);
        else if (segment->p_type == PT_DYNAMIC)
            elf_dynamic(elf, view, segment);
    }
}

static void script_parse(struct elf *elf, const struct image_view *view)
{
    const char *line = (const char *)view->data + 2;
    size_t limit = view->size - 2 < 254 ? view->size - 2 : 254;
    const char *newline = memchr(line, '\n', limit);
    char *text =
        must_format("%.*s", (int)(newline != NULL ? (size_t)(newline - line) : limit), line);
    char *rest = text;
    char *first = strtok_r(rest, " \t", &rest);
    elf->kind = first != NULL ? PROGRAM_SCRIPT : PROGRAM_OTHER;
    if (first != NULL) {
        elf->interpreter = must_copy(first);
        char *second = strtok_r(NULL, " \t", &rest);
        elf->argument = second != NULL ? must_copy(second) : NULL;
    }
    free(text);
}

static void elf_parse(struct elf *elf, const struct image_view *view)
{
    const Elf64_Ehdr *header = view_at(view, 0, sizeof(Elf64_Ehdr));
    elf->kind = PROGRAM_OTHER;
    if (view->size > 2 && memcmp(view->data, "#!", 2) == 0)
        script_parse(elf, view);
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return;
    elf->machine = header->e_machine;
    elf->bits = header->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    elf->kind = elf->bits == 64 && header->e_machine == EM_X86_64 ? PROGRAM_ELF : PROGRAM_FOREIGN;
    if (elf->kind == PROGRAM_ELF)
        elf_segments(elf, view);
}

int elf_read(struct elf *elf, const char *file)
{
    *elf = (struct elf){.kind = PROGRAM_OTHER};
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct stat stat;
    int error = fstat(fd, &stat) < 0 ? -errno : 0;
    if (error == 0 && S_ISREG(stat.st_mode) && stat.st_size > 0) {
        struct image_view view = {.size = (size_t)stat.st_size};
        void *data = mmap(NULL, view.size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            error = -errno;
        } else {
            view.data = data;
            elf_parse(elf, &view);
            munmap(data, view.size);
        }
    }
    close(fd);
    return error;
}

void elf_drop(struct elf *elf)
{
    for (size_t i = 0; i < elf->needed.count; i++)
        free(elf->needed.items[i]);
    free(elf->needed.items);
    free(elf->interpreter);
    free(elf->argument);
    free(elf->rpath);
    free(elf->runpath);
    *elf = (struct elf){.kind = PROGRAM_OTHER};
}

const char *elf_machine_name(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {{EM_386, "i386"},        {EM_X86_64, "x86-64"}, {EM_ARM, "arm"},
                 {EM_AARCH64, "aarch64"}, {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},
                 {EM_S390, "s390"},       {EM_MIPS, "mips"},     {EM_SPARCV9, "sparc64"},
                 {EM_PPC, "ppc"},         {EM_ALPHA, "alpha"},   {EM_IA_64, "ia64"}};
    static char other[32];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].machine == machine)
            return names[i].name;
    }
    snprintf(other, sizeof(other), "ELF machine %u", machine);
    return other;
}
