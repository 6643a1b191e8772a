/*
 * The kernel's own account of what it has handed out: text lines "name value" in
 * /proc/furca/ledger, absent on Linux. Read before and after each case; what went up has leaked.
 */
#ifndef ABI_LEDGER_H
#define ABI_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

struct ledger {
    bool present;
    char text[16384];
};

/* Reads the ledger; present is false where the kernel has none. */
void ledger_read(struct ledger *ledger);
/* Whether anything in the ledger went up since before (what went down was on its way when before
 * was read, as a signal for process 1), having waited up to 200 ms for what is torn down
 * asynchronously. What differs is put into reason as "leaks: frames +3, files +1". */
bool ledger_leaks(const struct ledger *before, char *reason, size_t size);

#endif
