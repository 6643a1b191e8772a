/*
 * The undefined behaviour sanitizer's reports (debug kernels): a call of one of these, inserted by
 * the compiler, is a panic that names the place in the source. The layouts are the compiler's (gcc:
 * libsanitizer/ubsan/ubsan_handlers.h).
 */
#include "trace/log.h"
#include <stdint.h>

struct source_location {
    const char *file;
    uint32_t line, column;
};

/* Every record begins with the place. */
struct ubsan_record {
    struct source_location location;
};

/* Those of nonnull-return carry it as an argument of its own. */
static _Noreturn void report(const struct source_location *location, const char *what)
{
    panic("%s:%u:%u: %s", location->file, location->line, location->column, what);
}

#define UBSAN_HANDLER(name, what, ...)                                      \
    void __ubsan_handle_##name(struct ubsan_record *record, ##__VA_ARGS__); \
    void __ubsan_handle_##name(struct ubsan_record *record, ##__VA_ARGS__)  \
    {                                                                       \
        report(&record->location, what);                                    \
    }

UBSAN_HANDLER(add_overflow, "addition overflows", void *left, void *right)
UBSAN_HANDLER(sub_overflow, "subtraction overflows", void *left, void *right)
UBSAN_HANDLER(mul_overflow, "multiplication overflows", void *left, void *right)
UBSAN_HANDLER(divrem_overflow, "division overflows or by zero", void *left, void *right)
UBSAN_HANDLER(negate_overflow, "negation overflows", void *value)
UBSAN_HANDLER(shift_out_of_bounds, "shift out of bounds", void *left, void *right)
UBSAN_HANDLER(out_of_bounds, "index out of bounds", void *index)
UBSAN_HANDLER(load_invalid_value, "a value that its type does not have", void *value)
UBSAN_HANDLER(builtin_unreachable, "unreachable code reached")
UBSAN_HANDLER(missing_return, "a function ends without a value")
UBSAN_HANDLER(vla_bound_not_positive, "an array of no length", void *bound)
UBSAN_HANDLER(pointer_overflow, "pointer arithmetic overflows", void *base, void *result)
UBSAN_HANDLER(type_mismatch_v1, "null, misaligned or too small object", void *pointer)
UBSAN_HANDLER(nonnull_arg, "null passed where it must not be")
UBSAN_HANDLER(invalid_builtin, "zero passed to a builtin that does not take it")
UBSAN_HANDLER(float_cast_overflow, "a float that does not fit its integer", void *from)

void __ubsan_handle_nonnull_return_v1(struct ubsan_record *record,
                                      struct source_location *location);
void __ubsan_handle_nonnull_return_v1(struct ubsan_record *record, struct source_location *location)
{
    report(location, "null returned where it must not be");
}
