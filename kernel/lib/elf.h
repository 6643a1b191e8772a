/*
 * ELF64 files: what a loader may rely on, checked once and apart from the loading.
 *
 * Works on bytes in memory, which may be hostile; never reads outside them. Format: System V ABI,
 * chapter 4 and 5, and elf(5); what is refused, and with which error, follows Linux's execve. No
 * allocation, no locks.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <linux/elf.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ELF_PATH_LIMIT = 4096,    /* longest interpreter path, with its zero byte */
    ELF_HEADERS_LIMIT = 1170, /* program headers: 64 KiB of them, as on Linux */
};

/* What a program's headers say, for laying it out. */
struct elf_layout {
    uint64_t low, high; /* hull of all PT_LOAD in memory, page-aligned, unbiased */
    uint64_t align;     /* largest p_align of a PT_LOAD that is a power of two, at least a page */
    uint64_t entry;     /* unbiased */
    uint64_t headers;   /* where the program headers are in memory, unbiased, or 0 */
    uint64_t brk;       /* first byte past the highest PT_LOAD, unbiased */
    const struct elf64_phdr *interpreter; /* PT_INTERP, or NULL */
    uint32_t stack_flags; /* p_flags of PT_GNU_STACK; PF_R|PF_W|PF_X if there is none */
    uint32_t loads;       /* number of PT_LOAD */
    bool fixed;           /* ET_EXEC: must lie where it says */
};

/*
 * Checks the first bytes of a file. `machine` is the wanted EM_ number. Returns 0 or -ENOEXEC (not
 * ELF64 of this machine, little-endian, ET_EXEC or ET_DYN; no program headers or of the wrong size
 * or too many).
 */
int elf_check_header(const void *bytes, size_t size, uint16_t machine);

/* The number of bytes that the program headers take; the header has passed elf_check_header. */
size_t elf_headers_size(const struct elf64_hdr *header);

/*
 * Checks `header->e_phnum` program headers and fills *layout, whose pointers point into `headers`.
 * `page` is the page size; all memory must lie in [0, limit). Returns 0, -ENOEXEC (no PT_LOAD) or
 * -EINVAL (p_filesz > p_memsz, file offset and address differ modulo the page, wrapping, outside
 * limit, not in order of address or overlapping; an interpreter path with a bad size).
 */
int elf_check_layout(const struct elf64_hdr *header, const struct elf64_phdr *headers,
                     uint64_t page, uint64_t limit, struct elf_layout *layout);

/*
 * Checks the interpreter's path as read from the file: 2 to ELF_PATH_LIMIT bytes that end with
 * their only zero byte. 0 or -ENOEXEC.
 */
int elf_check_path(const char *path, size_t size);

#endif
