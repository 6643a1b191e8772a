/*
 * What an executable file says about itself: what it is, who loads it, and which libraries it asks
 * for.
 */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include "list.h"

#include <stddef.h>
#include <stdint.h>

enum program_kind {
    PROGRAM_ELF,     /* x86-64, 64 bits */
    PROGRAM_FOREIGN, /* ELF of another machine */
    PROGRAM_SCRIPT,  /* begins with #! */
    PROGRAM_OTHER,
};

struct elf {
    enum program_kind kind;
    uint16_t machine;   /* for PROGRAM_FOREIGN: EM_... */
    int bits;           /* 32 or 64 */
    char *interpreter;  /* the ELF loader (PT_INTERP), the script's interpreter, or NULL */
    char *argument;     /* of a script's #! line, or NULL */
    struct list needed; /* names of libraries */
    char *rpath;        /* DT_RPATH, or NULL */
    char *runpath;      /* DT_RUNPATH, or NULL */
};

/* Reads the file at a host path. Returns 0, or a negative errno when it cannot be read; damaged
 * files are PROGRAM_OTHER. */
int elf_read(struct elf *elf, const char *file);
void elf_drop(struct elf *elf);

/* The name of an ELF machine number for people, such as "aarch64"; valid until the next call. */
const char *elf_machine_name(uint16_t machine);

#endif
