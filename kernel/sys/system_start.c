/*
 * Start-up of the system call layer. Contract in system.h.
 */
#include "sys/system.h"

void system_start(void)
{
}
