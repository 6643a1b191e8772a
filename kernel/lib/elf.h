/*
 * ELF64 files: what a loader may rely on, checked once and apart from the loading.
 *
 * Works on bytes in memory, which may be hostile, and never reads outside them. Format: System V
 * ABI, chapters 4 and 5, and elf(5). What is refused is what Linux refuses: of e_ident it looks at
 * the magic only, and segments may overlap or come in any order (a later one then lies over an
 * earlier one). -ENOEXEC is what execve returns. -EINVAL is what Linux finds after its point of no
 * return: the program dies of SIGSEGV there. No allocation, no locks; O(number of program headers).
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <linux/elf.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ELF_PATH_LIMIT = 4096,          /* longest interpreter path, with its zero byte */
    ELF_HEADERS_SIZE_LIMIT = 65536, /* bytes of program headers */
};

/* What a program's headers say, for laying it out. Addresses are those in the file, without a bias.
 */
struct elf_layout {
    uint64_t low, high; /* hull of all PT_LOAD, page-aligned */
    uint64_t align;     /* largest p_align of a PT_LOAD, at least a page */
    uint64_t entry;     /* first instruction */
    uint64_t headers;   /* the program headers in memory, 0 if no PT_LOAD has them */
    uint64_t brk;       /* first byte past the highest PT_LOAD */
    const struct elf64_phdr *interpreter; /* the first PT_INTERP, or NULL */
    uint32_t stack_flags; /* p_flags of PT_GNU_STACK, PF_R | PF_W if there is none */
    uint32_t loads;       /* number of PT_LOAD, at least 1 */
    bool fixed;           /* ET_EXEC: must lie where it says */
};

/*
 * Checks the first bytes of a file. `machine` is the wanted EM_ number. Returns 0 or -ENOEXEC: too
 * short, no ELF, another machine, neither ET_EXEC nor ET_DYN, program headers of another size,
 * none, or more than 64 KiB of them. `bytes` is aligned to 8.
 */
int elf_check_header(const void *bytes, size_t size, uint16_t machine);

/* The number of bytes that the program headers take; the header has passed elf_check_header. */
size_t elf_headers_size(const struct elf64_hdr *header);

/*
 * Checks the header->e_phnum program headers and fills *layout, whose pointer points into
 * `headers`. `page` is the page size in bytes; everything must lie in [0, limit). Returns 0,
 * -ENOEXEC (the size of the interpreter's path) or -EINVAL (no PT_LOAD; p_filesz > p_memsz; outside
 * limit; file offset and address differ modulo the page). *layout is meaningless after an error.
 */
int elf_check_layout(const struct elf64_hdr *header, const struct elf64_phdr *headers,
                     uint64_t page, uint64_t limit, struct elf_layout *layout);

/* Checks the interpreter's path as read from the file: 2 to ELF_PATH_LIMIT bytes, the last one
 * zero. 0 or -ENOEXEC. */
int elf_check_path(const char *path, size_t size);

#endif
