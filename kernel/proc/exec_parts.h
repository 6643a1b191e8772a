/*
 * The parts of execve, for the files that make it up (exec*.c).
 */
#ifndef PROC_EXEC_PARTS_H
#define PROC_EXEC_PARTS_H

#include "file/cred.h"
#include "lib/elf.h"
#include "mem/frame.h"
#include "proc/process.h"

enum {
    EXEC_HEAD = 256,       /* bytes of a file that say what it is (BINPRM_BUF_SIZE) */
    EXEC_INTERPRETERS = 4, /* how many #! files may follow each other */
    EXEC_PREFIX = 2 * (EXEC_INTERPRETERS + 1) + 2,
};

/* Strings one after the other, as they will lie at the top of the new stack. Zeroed is empty.
 * exec_arguments.c */
struct exec_strings {
    struct frame **pages; /* heap, page_limit entries */
    uint32_t page_limit;
    uint64_t used;  /* bytes */
    uint64_t limit; /* bytes of strings and pointers together: -E2BIG beyond */
    uint32_t argc, envc;
    uint64_t environment_at, arguments_end, environment_end, name_at; /* offsets */
};

int exec_strings_begin(struct exec_strings *strings);
int exec_strings_add_kernel(struct exec_strings *strings, const char *text);
/* Adds the strings of a user array from its `skip`-th pointer on; *count is how many. */
int exec_strings_add_user(struct exec_strings *strings, struct uaddr array, uint32_t skip,
                          uint32_t *count);
void exec_strings_drop(struct exec_strings *strings);

/* A program that is being started. Zeroed is nothing. */
struct exec {
    /* what was asked for */
    const char *path;
    char *name;                      /* the path as AT_EXECFN shows it; heap */
    const char *prefix[EXEC_PREFIX]; /* arguments that #! lines put in front, heap strings;
                                        NULL-terminated */
    /* what was found */
    struct file *file;        /* the program, after #! */
    struct file *interpreter; /* PT_INTERP's file, or NULL */
    uint8_t head[EXEC_HEAD];
    bool head_all; /* the file is no longer than that */
    struct exec_strings strings;
    /* what was built */
    struct space *space;
    struct file_table *files;       /* instead of a shared one, or NULL */
    struct signal_actions *actions; /* for the reset, or NULL */
    struct cred *cred;              /* if it changes, or NULL */
    bool secure;                    /* AT_SECURE */
    /* Where the images went. */
    uint64_t base, program_bias, entry, program_entry, headers, header_count;
    uint64_t stack_pointer;
    bool stack_executable;
    bool unsound; /* refused by what Linux finds out only when the old program is gone already */
};

/* exec_script.c: reads the head of exec->file; while it is a #! script, replaces it by its
   interpreter and grows the prefix. 0, -ENOEXEC, -ELOOP, -E2BIG, or what opening said. */
int exec_resolve(struct exec *exec, int dirfd, unsigned flags);
/* exec_elf.c: maps program and interpreter into exec->space. 0, -ENOEXEC, -ENOMEM, -EIO, or what
 * opening the interpreter said. */
int exec_map(struct exec *exec);
/* exec_stack.c: makes the stack and fills it. 0, -ENOMEM, -E2BIG. */
int exec_stack(struct exec *exec);
/* exec_cred.c: what set-id bits and capabilities(7) make of the credentials. 0 or -ENOMEM. */
int exec_cred(struct exec *exec, const struct cred *old);

#endif
