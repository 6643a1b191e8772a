/*
 * Names of constants, as strace(1) writes them.
 */
#ifndef SYS_STRACE_FLAGS_H
#define SYS_STRACE_FLAGS_H

#include "sys/table.h"
#include <stdbool.h>
#include <stddef.h>

/* Writes an argument of a type whose values have names into buffer[size]; false: it is a plain
   number. with_access: open flags begin with O_RDONLY and the like. */
bool strace_flags_name(enum argument_type type, uint64_t value, bool with_access, char *buffer,
                       size_t size);
/* SIGTERM, SIGRT_3, or the number. */
void strace_signal_name(int number, char *buffer, size_t size);
/* {WIFEXITED(s) && WEXITSTATUS(s) == 1} and so on. */
void strace_status_name(int32_t status, char *buffer, size_t size);

#endif
