/*
 * The leak ledger: named numbers that must be back to where they were when a test is over (frames,
 * objects, processes, open files). Each layer registers what it counts; /proc/furca/ledger shows
 * the lines.
 *
 * Lines are registered at boot, before there are threads, and never go away, so that the list is
 * read without a lock.
 */
#ifndef TRACE_LEDGER_H
#define TRACE_LEDGER_H

#include <stdint.h>

/* Static in the layer that counts. */
struct ledger_line {
    const char *name;        /* one word */
    uint64_t (*value)(void); /* any context that may take spinlocks */
    struct ledger_line *next;
};

void ledger_register(struct ledger_line *line);
/* Calls visit for each line, in order of registration. */
void ledger_visit(void (*visit)(const struct ledger_line *line, void *argument), void *argument);

#endif
