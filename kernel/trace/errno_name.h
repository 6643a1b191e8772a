/*
 * Errors as text, for --strace.
 */
#ifndef TRACE_ERRNO_NAME_H
#define TRACE_ERRNO_NAME_H

/* "ENOENT (No such file or directory)" for a positive error number, restart codes (abi/restart.h)
   included. Static text, never NULL. */
const char *errno_name(int error);

#endif
