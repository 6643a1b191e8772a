/*
 * The system calls as data, for dispatch, for --strace and for the list of missing ones. Made from
 * abi/syscalls.tbl.
 */
#ifndef SYS_TABLE_H
#define SYS_TABLE_H

#include <stdint.h>

enum { SYSCALL_ARGUMENTS = 6 };

/* How an argument or result is read; the types of syscalls.tbl. */
enum argument_type {
    ARGUMENT_INT,
    ARGUMENT_UINT,
    ARGUMENT_LONG,
    ARGUMENT_ULONG,
    ARGUMENT_SIZE,
    ARGUMENT_OFF,
    ARGUMENT_FD,
    ARGUMENT_DIRFD,
    ARGUMENT_PID,
    ARGUMENT_SIGNAL,
    ARGUMENT_CLOCK,
    ARGUMENT_STR,
    ARGUMENT_BUF,
    ARGUMENT_PTR,
    ARGUMENT_MODE,
    ARGUMENT_OPEN_FLAGS,
    ARGUMENT_AT_FLAGS,
    ARGUMENT_PROT,
    ARGUMENT_MAP_FLAGS,
    ARGUMENT_CLONE_FLAGS,
};

struct trap_frame;

struct syscall_argument {
    const char *name;
    enum argument_type type;
};

struct syscall_entry {
    const char *name; /* NULL: no such call */
    int64_t (*call)(
        const struct trap_frame *frame); /* the handler, with its arguments from there */
    unsigned count;
    struct syscall_argument arguments[SYSCALL_ARGUMENTS];
    enum argument_type result;
};

/* The entry of a number, or NULL. */
const struct syscall_entry *syscall_entry(uint64_t number);
/* Linux's name of a number, also of one that is missing here; NULL: Linux has none. */
const char *syscall_name(uint64_t number);
/* How often a call that is missing here was made. */
uint64_t syscall_missing_count(uint64_t number);
/* One more than the highest number. */
uint64_t syscall_limit(void);

#endif
