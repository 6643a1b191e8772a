/*
 * Assertions: a broken invariant of the kernel stops the machine at the place where it shows.
 *
 * kernel_assert is in every build; debug_assert costs nothing unless DEBUG_CHECKS is 1, but its
 * condition is always compiled. Neither is for anything that a program can cause.
 */
#ifndef LIB_ASSERT_H
#define LIB_ASSERT_H

#ifndef DEBUG_CHECKS
#define DEBUG_CHECKS 0
#endif

/*
 * Supplied by the kernel (panic) and by each host test (abort). Does not return. May be called with
 * any lock held and with interrupts off.
 */
_Noreturn void assert_failed(const char *expression, const char *file, int line,
                             const char *function);

#define kernel_assert(condition)                                                                 \
    (__builtin_expect(!(condition), 0) ? assert_failed(#condition, __FILE__, __LINE__, __func__) \
                                       : (void)0)

#define debug_assert(condition) ((DEBUG_CHECKS) ? kernel_assert(condition) : (void)0)

#endif
