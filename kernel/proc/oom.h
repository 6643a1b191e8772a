/*
 * The end of memory: which process has to go so that the others can go on.
 */
#ifndef PROC_OOM_H
#define PROC_OOM_H

#include <stdbool.h>

/* Kills the process that weighs most (see oom.c), or leaves one that is on its way out some time
   for it, and sleeps a little. False when there is nothing to kill and nothing to wait for, or the
   caller is being killed itself. No spinlocks held. */
bool oom_kill(void);

#endif
