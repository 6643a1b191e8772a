/*
 * Who runs: the switch from one thread to the next, sleeping and waking, and the end of a thread.
 *
 * A thread's state and place on a queue change only under the lock of the queue of thread->cpu. A
 * wake-up that comes between "I am about to sleep" (wait_enter clears wake_token) and the sleep
 * itself is seen by the token, which is looked at once more under that lock; an interruption is
 * seen in thread->pending in the same way.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/time.h"
#include "lib/string.h"
#include "sched/policy.h"
#include "sched/sleep.h"
#include "trace/log.h"

static struct run_queue boot_queue;
static struct thread boot_thread;

/* Locks the queue that the thread belongs to, which may change until the lock is held. Interrupts
   off. */
static inline __attribute__((always_inline)) struct run_queue *
queue_lock(const struct thread *thread)
{
    for (;;) {
        struct run_queue *queue = __atomic_load_n(&thread->queue, __ATOMIC_RELAXED);

        spin_lock(&queue->lock);
        if (queue == __atomic_load_n(&thread->queue, __ATOMIC_RELAXED))
            return queue;
        spin_unlock(&queue->lock);
    }
}

static void queue_put(struct run_queue *queue, struct thread *thread, enum policy_reason reason)
{
    policy_of(thread)->enqueue(queue, thread, reason);
    thread->sched.queued = true;
}

static struct thread *queue_pick(struct run_queue *queue)
{
    for (unsigned i = 0; i < POLICY_COUNT; i++) {
        struct thread *thread = policies[i]->pick(queue);

        if (thread != NULL) {
            thread->sched.queued = false;
            return thread;
        }
    }
    return NULL;
}

/* When the running thread's slice must be looked at; UINT64_MAX: it runs alone. */
static uint64_t slice_border(const struct run_queue *queue, const struct thread *running)
{
    if (running == queue->cpu->idle || !policy_of(running)->competes(queue))
        return UINT64_MAX;
    return running->sched.slice_end;
}

static void resched(struct run_queue *queue, struct thread *running)
{
    atomic_fetch_or_explicit(&running->pending, THREAD_RESCHED, memory_order_relaxed);
    cpu_kick(queue->cpu->id);
}

/* A thread has joined the queue: does it run at once? */
static void queue_joined(struct run_queue *queue, struct thread *thread)
{
    struct thread *running = queue->cpu->current;
    unsigned rank, running_rank;

    if (running == queue->cpu->idle) {
        cpu_kick(queue->cpu->id);
        return;
    }
    rank = policy_rank(thread);
    running_rank = policy_rank(running);
    if (rank < running_rank ||
        (rank == running_rank &&
         policies[rank]->preempts(queue, thread, running, clock_monotonic())))
        resched(queue, running);
    else if (rank == running_rank)
        timer_program(queue, running->sched.slice_end);
}

void sched_switched(struct thread *previous)
{
    struct run_queue *queue = cpu_this()->queue;
    void (*reap)(struct thread *) = queue->reap;

    queue->reap = NULL;
    previous->on_cpu = false;
    spin_unlock(&queue->lock);
    if (reap == NULL)
        return;
    irq_enable();
    reap(previous);
    irq_disable();
}

/* Gives the CPU to `next`, at the time up to which the current thread was charged. Queue locked,
   interrupts off; afterwards unlocked, in the same thread, much later perhaps. */
static void switch_to(struct run_queue *queue, struct thread *next)
{
    struct thread *previous = thread_current();
    uint64_t now = previous->accounted;

    account_load(queue, now);
    atomic_fetch_and_explicit(&previous->pending, ~(uint32_t)THREAD_RESCHED, memory_order_relaxed);
    next->sched.slice_end = now + SCHED_SLICE;
    timer_program(queue, slice_border(queue, next));
    if (next == previous) {
        spin_unlock(&queue->lock);
        return;
    }
    queue->switches++;
    next->accounted = now;
    next->on_cpu = true;
    if (previous->space != next->space)
        mmu_switch(previous->space, next->space);
    sched_switched(context_switch(previous, next));
}

/* The current thread stops being runnable; `state` is already set. As switch_to. */
static void switch_away(struct run_queue *queue)
{
    struct thread *thread = thread_current(), *next;

    account_charge(queue, thread, clock_monotonic());
    queue->runnable--;
    thread->switches_voluntary++;
    next = queue_pick(queue);
    switch_to(queue, next != NULL ? next : queue->cpu->idle);
}

static void assert_may_sleep(void)
{
    if (!DEBUG_CHECKS)
        return;
    if (cpu_this()->spin_depth != 0)
        panic("sleeping with %u spinlocks held", cpu_this()->spin_depth);
    if (cpu_this()->interrupt_depth != 0)
        panic("sleeping in an interrupt");
}

/* The current thread sleeps. Its queue is locked, interrupts are off; afterwards unlocked. */
static void sleep_commit(struct run_queue *queue, struct thread *thread, enum thread_state state,
                         enum wait_mode mode)
{
    atomic_store_explicit(&thread->state, state, memory_order_relaxed);
    thread->wait_mode = mode;
    queue->waiting += state == THREAD_WAITING;
    switch_away(queue);
}

void sched_sleep(enum thread_state state, enum wait_mode mode, uint32_t interrupts, bool timed)
{
    struct thread *thread = thread_current();
    struct run_queue *queue;
    uint64_t saved;

    assert_may_sleep();
    saved = irq_save();
    queue = queue_lock(thread);
    if (atomic_load(&thread->wake_token) != 0 ||
        (atomic_load(&thread->pending) & interrupts) != 0 ||
        (timed && __atomic_load_n(&thread->sleep_timer.cpu, __ATOMIC_ACQUIRE) == NULL))
        spin_unlock(&queue->lock);
    else
        sleep_commit(queue, thread, state, mode);
    irq_restore(saved);
}

/* The thread's queue is locked. */
static void rouse(struct run_queue *queue, struct thread *thread)
{
    queue->waiting -= thread->state == THREAD_WAITING;
    atomic_store_explicit(&thread->state, THREAD_RUNNABLE, memory_order_relaxed);
    queue->runnable++;
    queue_put(queue, thread, POLICY_WAKE);
    queue_joined(queue, thread);
}

static bool state_among(const struct thread *thread, uint32_t states)
{
    return (states >> atomic_load_explicit(&thread->state, memory_order_relaxed) & 1) != 0;
}

bool sched_rouse(struct thread *thread, uint32_t states)
{
    uint64_t saved = irq_save();
    struct run_queue *queue = queue_lock(thread);
    bool asleep = state_among(thread, states);

    if (asleep)
        rouse(queue, thread);
    spin_unlock_irq(&queue->lock, saved);
    return asleep;
}

bool sched_wake(struct thread *thread, uint32_t states)
{
    atomic_store(&thread->wake_token, 1);
    return sched_rouse(thread, states);
}

void sched_interrupt(struct thread *thread)
{
    uint64_t saved = irq_save();
    struct run_queue *queue = queue_lock(thread);
    uint32_t pending = atomic_load(&thread->pending);
    bool kill = (pending & THREAD_KILL) != 0, any = (pending & (THREAD_KILL | THREAD_SIGNAL)) != 0;

    if ((state_among(thread, 1 << THREAD_SLEEPING) && any) ||
        (state_among(thread, 1 << THREAD_WAITING) && kill && thread->wait_mode == WAIT_KILLABLE) ||
        (state_among(thread, 1 << THREAD_STOPPED) && kill))
        rouse(queue, thread);
    else if (thread->on_cpu && thread != thread_current())
        cpu_kick(thread->cpu);
    spin_unlock_irq(&queue->lock, saved);
}

void sched_start(struct thread *thread, bool on_top)
{
    uint64_t saved = irq_save();
    struct run_queue *queue;

    queue = cpu_this()->queue;
    spin_lock(&queue->lock);
    thread->cpu = queue->cpu->id;
    thread->queue = queue;
    atomic_store_explicit(&thread->state, THREAD_RUNNABLE, memory_order_relaxed);
    queue->runnable++;
    queue_put(queue, thread, on_top ? POLICY_FIRST : POLICY_NEW);
    queue_joined(queue, thread);
    if (on_top && queue->cpu->current != queue->cpu->idle)
        resched(queue, queue->cpu->current);
    spin_unlock_irq(&queue->lock, saved);
}

static void give_way(struct run_queue *queue, enum policy_reason reason)
{
    struct thread *thread = thread_current(), *next = NULL;

    account_charge(queue, thread, clock_monotonic());
    thread->switches_forced++;
    /* A fair thread that yields lets somebody else run even if its own share is the least used. */
    if (reason == POLICY_YIELD && policy_of(thread) == &policy_fair)
        next = queue_pick(queue);
    queue_put(queue, thread, reason);
    switch_to(queue, next != NULL ? next : queue_pick(queue));
}

void sched_yield(void)
{
    struct thread *thread = thread_current();
    uint64_t saved;

    assert_may_sleep();
    saved = irq_save();
    if (thread != cpu_this()->idle)
        give_way(queue_lock(thread), POLICY_YIELD);
    irq_restore(saved);
}

void sched_point(void)
{
    if ((atomic_load_explicit(&thread_current()->pending, memory_order_relaxed) & THREAD_RESCHED) !=
        0)
        sched_yield();
}

void sched_stop(bool (*still)(void *argument), void *argument)
{
    struct thread *thread = thread_current();
    struct run_queue *queue;
    uint64_t saved;

    assert_may_sleep();
    saved = irq_save();
    queue = queue_lock(thread);
    if ((atomic_load(&thread->pending) & THREAD_KILL) != 0 || !still(argument))
        spin_unlock(&queue->lock);
    else
        sleep_commit(queue, thread, THREAD_STOPPED, WAIT_KILLABLE);
    irq_restore(saved);
}

_Noreturn void sched_exit(void (*reap)(struct thread *thread))
{
    struct run_queue *queue;

    assert_may_sleep();
    irq_disable();
    queue = queue_lock(thread_current());
    atomic_store_explicit(&thread_current()->state, THREAD_DEAD, memory_order_relaxed);
    queue->reap = reap;
    switch_away(queue);
    panic("a dead thread runs");
}

uint64_t sched_tick(struct run_queue *queue)
{
    struct thread *running = queue->cpu->current;
    uint64_t now = clock_monotonic(), border;

    spin_lock(&queue->lock);
    account_charge(queue, running, now);
    account_load(queue, now);
    border = slice_border(queue, running);
    if (border <= now) {
        running->sched.slice_end = now + SCHED_SLICE;
        border = running->sched.slice_end;
        if (policy_of(running)->tick(queue, running))
            resched(queue, running);
    }
    spin_unlock(&queue->lock);
    return border;
}

void sched_fork(struct thread *child, struct thread *parent)
{
    child->sched.policy = parent->sched.policy;
    child->sched.nice = parent->sched.nice;
    child->sched.priority = parent->sched.priority;
    child->cpu = parent->cpu;
    child->queue = parent->queue;
    memcpy(child->affinity, parent->affinity, sizeof(child->affinity));
    child->start_time = clock_monotonic();
    policy_of(child)->place_at_fork(child, parent);
}

void sched_set(struct thread *thread, int policy, int nice, int priority)
{
    uint64_t saved = irq_save();
    struct run_queue *queue = queue_lock(thread);
    bool queued = thread->sched.queued;

    if (thread->on_cpu)
        account_charge(queue, thread, clock_monotonic());
    if (queued)
        policy_of(thread)->dequeue(queue, thread);
    thread->sched.policy = policy;
    thread->sched.nice = nice;
    thread->sched.priority = priority;
    if (queued) {
        queue_put(queue, thread, POLICY_NEW);
        queue_joined(queue, thread);
    } else if (thread->on_cpu) {
        resched(queue, thread);
    }
    spin_unlock_irq(&queue->lock, saved);
}

void sched_init(void)
{
    struct cpu *cpu = cpu_this();

    boot_queue.cpu = cpu;
    boot_queue.timers.armed = UINT64_MAX;
    boot_thread.stack = (uint8_t *)cpu->kernel_stack_top - KERNEL_STACK_SIZE;
    boot_thread.queue = &boot_queue;
    boot_thread.state = THREAD_RUNNABLE;
    boot_thread.on_cpu = true;
    boot_thread.start_time = clock_monotonic();
    boot_thread.accounted = boot_thread.start_time;
    memset(boot_thread.affinity, 0xff, sizeof(boot_thread.affinity));
    strlcpy(boot_thread.name, "idle", sizeof(boot_thread.name));
    cpu->current = &boot_thread;
    cpu->idle = &boot_thread;
    cpu->queue = &boot_queue;
}

_Noreturn void sched_run(void)
{
    struct run_queue *queue = cpu_this()->queue;

    for (;;) {
        struct thread *next;

        irq_disable();
        spin_lock(&queue->lock);
        next = queue_pick(queue);
        if (next != NULL) {
            account_charge(queue, thread_current(), clock_monotonic());
            switch_to(queue, next);
        } else {
            spin_unlock(&queue->lock);
            cpu_idle();
        }
    }
}
