/*
 * When large anonymous memory gets 2 MiB pages: the boot parameter huge=always|madvise|never, as
 * Linux's transparent_hugepage=.
 */
#ifndef MEM_HUGE_H
#define MEM_HUGE_H

#include <stdbool.h>
#include <stdint.h>

enum huge_policy { HUGE_ALWAYS, HUGE_MADVISE, HUGE_NEVER };

void huge_policy_set(enum huge_policy wanted);
enum huge_policy huge_policy_get(void);
/* Should a mapping with these MAPPING_ flags get huge pages now? No when memory runs short. */
bool huge_wanted(uint32_t flags);

#endif
