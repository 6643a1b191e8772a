/*
 * What gcc predefines and its own headers use, but sparse does not know. Included before every file
 * that sparse reads.
 */
#ifndef TOOLS_CHECK_SPARSE_H
#define TOOLS_CHECK_SPARSE_H

#define __GCC_ATOMIC_TEST_AND_SET_TRUEVAL 1

/* Sparse wants a plain bool here, where gcc also takes its own atomic_flag. */
#define __atomic_clear(flag, order)        ((void)(flag))
#define __atomic_test_and_set(flag, order) ((void)(flag), (_Bool)0)

#define __VERSION__ "sparse"

/* Sparse knows the qualifier, but not the specifier with a type in parentheses. */
#define _Atomic(type) __typeof__(type)

#define __INT8_C(value)   value
#define __INT16_C(value)  value
#define __INT32_C(value)  value
#define __INT64_C(value)  value##L
#define __INTMAX_C(value) value##L

#define __UINT8_C(value)   value
#define __UINT16_C(value)  value
#define __UINT32_C(value)  value##U
#define __UINT64_C(value)  value##UL
#define __UINTMAX_C(value) value##UL

#endif
