/*
 * See list.h.
 */
#define _GNU_SOURCE
#include "list.h"

#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

void list_add(struct list *list, char *item)
{
    list->items = must_reallocate(list->items, (list->count + 2) * sizeof(char *));
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

void list_format(struct list *list, const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        fail(EXIT_FURCA, "out of memory");
    list_add(list, text);
}
