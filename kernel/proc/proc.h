/*
 * Start-up of the process layer: what it shows in /proc and counts in the ledger.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

/* After procfs_init(), before the first process. */
void proc_start(void);

#endif
