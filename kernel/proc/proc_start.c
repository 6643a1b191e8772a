/*
 * Start-up of the process layer. Contract in proc.h.
 */
#include "proc/proc.h"

void proc_start(void)
{
}
