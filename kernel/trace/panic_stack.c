/*
 * The stack protector's two names (debug kernels). The value is fixed: it is to find mistakes, not
 * attackers, and it is needed before any source of randomness is.
 */
#include "trace/log.h"
#include <stdint.h>

extern uintptr_t __stack_chk_guard;
_Noreturn void __stack_chk_fail(void);

uintptr_t __stack_chk_guard = 0x00f4c4a1e57ac4ed;

_Noreturn void __stack_chk_fail(void)
{
    panic("stack smashed in %p", __builtin_return_address(0));
}
