/*
 * The policy on 2 MiB pages.
 */
#include "mem/huge.h"
#include "mem/frame.h"
#include "mem/space.h"

enum { RESERVE_FRACTION = 16 }; /* below 1/16 of memory free, memory is given out 4 KiB at a time */

static enum huge_policy policy = HUGE_ALWAYS;

void huge_policy_set(enum huge_policy wanted)
{
    policy = wanted;
}

enum huge_policy huge_policy_get(void)
{
    return policy;
}

bool huge_wanted(uint32_t flags)
{
    struct frame_totals totals;

    if (policy == HUGE_NEVER || (flags & (MAPPING_NOHUGE | MAPPING_GROWSDOWN)))
        return false;
    if (policy == HUGE_MADVISE && !(flags & MAPPING_HUGE))
        return false;
    frame_totals_get(&totals);
    return totals.free > totals.total / RESERVE_FRACTION;
}
