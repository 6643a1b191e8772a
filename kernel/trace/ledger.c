/*
 * See ledger.h.
 */
#include "trace/ledger.h"

#include <stddef.h>

static struct ledger_line *first;
static struct ledger_line **last = &first;

void ledger_register(struct ledger_line *line)
{
    line->next = NULL;
    *last = line;
    last = &line->next;
}

void ledger_visit(void (*visit)(const struct ledger_line *line, void *argument), void *argument)
{
    for (const struct ledger_line *line = first; line; line = line->next)
        visit(line, argument);
}
