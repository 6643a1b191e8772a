/*
 * Making an allocation fail on purpose: /proc/PID/fail-nth arms a thread, its n-th allocation from
 * then on fails once. How every path out of fork and exec is walked by the tests.
 */
#ifndef MEM_FAULT_INJECTION_H
#define MEM_FAULT_INJECTION_H

#include "sched/thread.h"

/* True when this allocation is the one to fail. Every allocator asks once per request. */
static inline bool allocation_fails(void)
{
    struct thread *thread = thread_current();

    return __builtin_expect(thread && thread->fail_nth, 0) && --thread->fail_nth == 0;
}

#endif
