/*
 * Formatted text.
 *
 * The format is cut into literal runs and conversions; each conversion is read into a `struct
 * conversion`, turned into at most three pieces (sign or prefix, zeros, digits) and padded to its
 * width. Everything leaves through one sink, so that writing to a buffer and writing to the console
 * are the same code.
 */
#include "lib/format.h"

#include "lib/container.h"
#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

struct sink {
    void (*write)(void *context, const char *bytes, size_t size);
    void *context;
    size_t written;
};

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONG_LONG };

struct conversion {
    bool left, plus, space, alternate, zero;
    bool has_precision;
    int width, precision;
    enum length length;
    char type;
};

static void put(struct sink *sink, const char *bytes, size_t size)
{
    if (size > 0)
        sink->write(sink->context, bytes, size);
    sink->written += size;
}

static void put_repeated(struct sink *sink, char byte, size_t count)
{
    char run[32];

    memset(run, byte, sizeof(run));
    while (count > 0) {
        size_t part = min_size(count, sizeof(run));

        put(sink, run, part);
        count -= part;
    }
}

/* Writes prefix, zeros and body, padded to the width on the side that the conversion asks for. */
static void put_padded(struct sink *sink, const struct conversion *c, const char *prefix,
                       size_t zeros, const char *body, size_t body_size)
{
    size_t prefix_size = strlen(prefix);
    size_t size = prefix_size + zeros + body_size;
    size_t padding = c->width > 0 && (size_t)c->width > size ? (size_t)c->width - size : 0;

    if (!c->left)
        put_repeated(sink, ' ', padding);
    put(sink, prefix, prefix_size);
    put_repeated(sink, '0', zeros);
    put(sink, body, body_size);
    if (c->left)
        put_repeated(sink, ' ', padding);
}

/* The digits of value end at `end`; returns how many there are, none for 0. */
static size_t digits_before(char *end, uint64_t value, unsigned int base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t size = 0;

    for (; value > 0; value /= base)
        *(end - ++size) = digits[value % base];
    return size;
}

static void put_number(struct sink *sink, const struct conversion *c, uint64_t value,
                       const char *prefix, unsigned int base)
{
    char digits[24];
    char *end = digits + sizeof(digits);
    size_t size = digits_before(end, value, base, c->type == 'X');
    size_t wanted = c->has_precision ? (size_t)c->precision : 1;
    size_t zeros = wanted > size ? wanted - size : 0;

    if (base == 8 && c->alternate && zeros == 0 && (size == 0 || *(end - size) != '0'))
        zeros = 1;
    if (c->zero && !c->left && !c->has_precision) {
        size_t taken = strlen(prefix) + size;

        if (c->width > 0 && (size_t)c->width > taken)
            zeros = max_size(zeros, (size_t)c->width - taken);
    }
    put_padded(sink, c, prefix, zeros, end - size, size);
}

static void put_signed(struct sink *sink, const struct conversion *c, int64_t value)
{
    const char *prefix = c->plus ? "+" : c->space ? " " : "";
    uint64_t magnitude = (uint64_t)value;

    if (value < 0) {
        prefix = "-";
        magnitude = 0 - magnitude;
    }
    put_number(sink, c, magnitude, prefix, 10);
}

static void put_unsigned(struct sink *sink, const struct conversion *c, uint64_t value)
{
    const char *prefix = "";

    switch (c->type) {
    case 'x':
    case 'X':
        if (c->alternate && value != 0)
            prefix = c->type == 'x' ? "0x" : "0X";
        put_number(sink, c, value, prefix, 16);
        break;
    case 'o':
        put_number(sink, c, value, prefix, 8);
        break;
    default:
        put_number(sink, c, value, prefix, 10);
        break;
    }
}

static void put_string(struct sink *sink, const struct conversion *c, const char *text)
{
    if (text == NULL)
        text = "(null)";
    put_padded(sink, c, "", 0, text,
               c->has_precision ? strnlen(text, (size_t)c->precision) : strlen(text));
}

/* A va_list inside a struct can be passed on by address whatever the machine makes of va_list. */
struct arguments {
    va_list list;
};

static int64_t next_signed(struct arguments *a, enum length length)
{
    switch (length) {
    case LENGTH_LONG_LONG:
        return va_arg(a->list, long long);
    case LENGTH_CHAR:
        return (signed char)va_arg(a->list, int);
    case LENGTH_LONG:
        return va_arg(a->list, long);
    case LENGTH_SHORT:
        return (short)va_arg(a->list, int);
    default:
        return va_arg(a->list, int);
    }
}

static uint64_t next_unsigned(struct arguments *a, enum length length)
{
    switch (length) {
    case LENGTH_LONG_LONG:
        return va_arg(a->list, unsigned long long);
    case LENGTH_CHAR:
        return (unsigned char)va_arg(a->list, unsigned int);
    case LENGTH_LONG:
        return va_arg(a->list, unsigned long);
    case LENGTH_SHORT:
        return (unsigned short)va_arg(a->list, unsigned int);
    default:
        return va_arg(a->list, unsigned int);
    }
}

static const char *read_flags(const char *format, struct conversion *c)
{
    for (;; format++) {
        switch (*format) {
        case '-':
            c->left = true;
            break;
        case '+':
            c->plus = true;
            break;
        case ' ':
            c->space = true;
            break;
        case '#':
            c->alternate = true;
            break;
        case '0':
            c->zero = true;
            break;
        default:
            return format;
        }
    }
}

/* Reads digits or a '*'. What does not fit into an int becomes INT32_MAX. */
static const char *read_amount(const char *format, struct arguments *a, int *amount)
{
    int64_t value = 0;

    if (*format == '*') {
        *amount = va_arg(a->list, int);
        return format + 1;
    }
    for (; *format >= '0' && *format <= '9'; format++) {
        if (value < INT32_MAX)
            value = value * 10 + (*format - '0');
    }
    *amount = value < INT32_MAX ? (int)value : INT32_MAX;
    return format;
}

static const char *read_length(const char *format, struct conversion *c)
{
    switch (*format) {
    case 'h':
        c->length = format[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
        return format + (format[1] == 'h' ? 2 : 1);
    case 'l':
        c->length = format[1] == 'l' ? LENGTH_LONG_LONG : LENGTH_LONG;
        return format + (format[1] == 'l' ? 2 : 1);
    case 'z':
    case 't':
    case 'j':
        c->length = LENGTH_LONG;
        return format + 1;
    default:
        return format;
    }
}

/* Reads what follows a '%'. Returns the address after it. */
static const char *read_conversion(const char *format, struct arguments *a, struct conversion *c)
{
    format = read_flags(format, c);
    format = read_amount(format, a, &c->width);
    if (c->width < 0) {
        c->left = true;
        c->width = c->width == INT32_MIN ? INT32_MAX : -c->width;
    }
    if (*format == '.') {
        format = read_amount(format + 1, a, &c->precision);
        c->has_precision = c->precision >= 0;
    }
    format = read_length(format, c);
    c->type = *format;
    return *format != '\0' ? format + 1 : format;
}

static void put_conversion(struct sink *sink, const struct conversion *c, struct arguments *a)
{
    char byte;

    switch (c->type) {
    case 'd':
    case 'i':
        put_signed(sink, c, next_signed(a, c->length));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(sink, c, next_unsigned(a, c->length));
        break;
    case 'p':
        put_number(sink, c, (uintptr_t)va_arg(a->list, void *), "0x", 16);
        break;
    case 'c':
        byte = (char)va_arg(a->list, int);
        put_padded(sink, c, "", 0, &byte, 1);
        break;
    case 's':
        put_string(sink, c, va_arg(a->list, const char *));
        break;
    case '%':
        put(sink, "%", 1);
        break;
    default:
        put(sink, "%?", 2);
        break;
    }
}

static void format_pieces(struct sink *sink, const char *format, struct arguments *a)
{
    while (*format != '\0') {
        size_t literal = strcspn(format, "%");

        put(sink, format, literal);
        format += literal;
        if (*format == '%') {
            struct conversion c = {0};

            format = read_conversion(format + 1, a, &c);
            put_conversion(sink, &c, a);
        }
    }
}

int format_write(void (*write)(void *context, const char *bytes, size_t size), void *context,
                 const char *format, va_list arguments)
{
    struct sink sink = {.write = write, .context = context};
    struct arguments a;

    va_copy(a.list, arguments);
    format_pieces(&sink, format, &a);
    va_end(a.list);
    return (int)sink.written;
}

struct buffer {
    char *bytes;
    size_t size, used; /* used < size unless size is 0 */
};

static void buffer_write(void *context, const char *bytes, size_t size)
{
    struct buffer *buffer = context;
    size_t room = buffer->size > 0 ? buffer->size - 1 - buffer->used : 0;
    size_t part = min_size(size, room);

    if (part > 0)
        memcpy(buffer->bytes + buffer->used, bytes, part);
    buffer->used += part;
}

int format_text_list(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct buffer target = {.bytes = buffer, .size = size};
    int length = format_write(buffer_write, &target, format, arguments);

    if (size > 0)
        buffer[target.used] = '\0';
    return length;
}

int format_text(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = format_text_list(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
