/*
 * Threads as the scheduler sees them: something with a kernel stack that runs, waits or has ended.
 * What a thread belongs to is above (proc/process.h): `struct process *process` is opaque here.
 *
 * Locks: letters after a field.  q: the run queue's lock;  o: only the thread itself;  a: atomic;
 * c: constant after creation.
 */
#ifndef SCHED_THREAD_H
#define SCHED_THREAD_H

#include "arch/context.h"
#include "sched/timer.h"
#include "sched/wait.h"
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct process;
struct run_queue;
struct mmu_space;

enum thread_state {
    THREAD_NEW,      /* never ran */
    THREAD_RUNNABLE, /* running or on a run queue */
    THREAD_SLEEPING, /* interruptible: S */
    THREAD_WAITING,  /* uninterruptible or killable: D */
    THREAD_STOPPED,  /* job control: T */
    THREAD_DEAD,     /* left the CPU for the last time; its stack may be freed */
};

/* Reasons to look up before returning to user mode, bits of thread->pending (a). */
enum {
    THREAD_SIGNAL = 1,  /* an unblocked signal may be pending */
    THREAD_KILL = 2,    /* a fatal signal is pending: killable waits end too */
    THREAD_RESCHED = 4, /* give up the CPU */
    THREAD_NOTIFY = 8,  /* other work at the border to user mode (exit of the group, stop, trace) */
};

/* Policy of the scheduler per thread. */
struct sched_entity {
    int policy;            /* SCHED_OTHER, … (linux/sched.h) */
    int nice;              /* -20 … 19 */
    int priority;          /* real-time priority 1 … 99, 0 otherwise */
    bool queued;           /* on a run queue, waiting for the CPU (not running) */
    uint64_t virtual_time; /* weighted nanoseconds of CPU, for the fair queue */
    uint64_t slice_end;    /* clock_monotonic: when its time slice is over */
    RB_ENTRY(thread) link; /* in the fair queue; real-time lists use run_link */
};

struct thread {
    /* fork order: first what is allocated fresh */
    uint8_t *stack;                  /* c lowest byte of the kernel stack */
    struct arch_thread arch;         /* o */
    _Atomic uint32_t state;          /* q enum thread_state */
    _Atomic uint32_t pending;        /* a THREAD_… bits */
    _Atomic uint32_t wake_token;     /* a set by a wake-up that came before the sleep */
    enum wait_mode wait_mode;        /* q of the current sleep */
    bool on_cpu;                     /* q */
    unsigned cpu;                    /* q where it runs or ran last */
    struct run_queue *queue;         /* q of that CPU */
    uint64_t affinity[4];            /* q bit per CPU */
    TAILQ_ENTRY(thread) run_link;    /* q */
    struct sched_entity sched;       /* q */
    struct timer sleep_timer;        /* o */
    uint64_t user_time, system_time; /* o nanoseconds of CPU */
    uint64_t switches_voluntary, switches_forced; /* o */
    uint64_t accounted;      /* o clock_monotonic up to which CPU time was charged */
    uint64_t start_time;     /* c clock_monotonic at creation */
    struct mmu_space *space; /* o loaded while it runs, NULL: kernel thread */
    struct process *process; /* c NULL: kernel thread */
    int32_t tid;             /* c */
    uint32_t fail_nth;       /* o fault injection: the n-th allocation from now fails; 0: off */
    uint32_t mutexes_held;   /* o for assertions */
    char name[16];           /* comm; NUL-terminated */
    struct syscall_state *syscall; /* o for /proc and restart blocks, owned by proc */
};

/* Makes a thread that was never run runnable; on_top: ahead of the others (the child runs first).
 */
void sched_start(struct thread *thread, bool on_top);
/* Ends the wait of a thread in one of the `states` (bits 1 << enum thread_state); true if it was
 * asleep. Any context. */
bool sched_wake(struct thread *thread, uint32_t states);
/* Wakes the thread if its present wait can be interrupted by what thread->pending now says. */
void sched_interrupt(struct thread *thread);
/* Gives up the CPU while staying runnable; also the answer to THREAD_RESCHED. No spinlocks held. */
void sched_yield(void);
/* A point in a long kernel loop where another thread may run. */
void sched_point(void);
/* Stops the current thread (state STOPPED) until sched_wake(…, 1 << THREAD_STOPPED) or THREAD_KILL.
   The caller made the decision under its own lock and released it; `still` is asked again with the
   run queue locked to close the race. */
void sched_stop(bool (*still)(void *argument), void *argument);
/* The current thread's end: never returns; thread->state becomes DEAD once it has left its stack,
   then `reap(thread)` runs in another thread's context (perhaps the idle thread's) with interrupts
   on; it must not sleep. */
_Noreturn void sched_exit(void (*reap)(struct thread *thread));

/* Charges CPU time up to now to the user and system time of the current thread; how much of it was
   the kernel's is known from the entries and exits (context_system_time). For whoever shows a
   running thread's times. Interrupts on or off. */
void sched_account(void);

/* Copies / resets the scheduling fields at fork; places the child relative to its parent.
   sched_start comes later. For a thread without a model, parent is the current thread. */
void sched_fork(struct thread *child, struct thread *parent);
/* Changes policy, nice and priority; validated by the caller. */
void sched_set(struct thread *thread, int policy, int nice, int priority);

/* Starts scheduling on this CPU: turns the boot context into its idle thread. Never returns. */
_Noreturn void sched_run(void);
/* Makes the boot context a legal current thread, before anything may take a mutex. It must not
 * sleep: it is the idle thread. */
void sched_init(void);

/* Load average (fixed point, 11 bits) over 1, 5, 15 minutes; running and total threads; context
 * switches since boot. */
struct sched_totals {
    uint64_t load[3];
    uint64_t switches;
    uint64_t idle_time, user_time, system_time; /* nanoseconds over all CPUs */
    unsigned running;
};
void sched_totals_get(struct sched_totals *totals);

#endif
