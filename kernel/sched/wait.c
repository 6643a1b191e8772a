/*
 * Wait queues (sched/wait.h). A woken waiter is taken off its queue by the waker, after the thread
 * was woken: a waiter that finds itself off the queue may vanish at once, since nobody looks at it
 * any more.
 */
#include "sched/wait.h"
#include "arch/time.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "sched/sleep.h"

void waiter_init(struct waiter *self)
{
    *self = (struct waiter){.thread = thread_current()};
}

static bool waiter_queued(const struct waiter *waiter)
{
    return __atomic_load_n(&waiter->queue, __ATOMIC_ACQUIRE) != NULL;
}

/* Queue locked. */
static void queue_insert(struct wait_queue *queue, struct waiter *waiter)
{
    if (queue->waiters.tqh_last == NULL)
        TAILQ_INIT(&queue->waiters);
    if (waiter->exclusive)
        TAILQ_INSERT_TAIL(&queue->waiters, waiter, link);
    else
        TAILQ_INSERT_HEAD(&queue->waiters, waiter, link);
    __atomic_store_n(&waiter->queue, queue, __ATOMIC_RELEASE);
}

static void queue_remove(struct wait_queue *queue, struct waiter *waiter)
{
    TAILQ_REMOVE(&queue->waiters, waiter, link);
    __atomic_store_n(&waiter->queue, NULL, __ATOMIC_RELEASE);
}

void wait_add(struct wait_queue *queue, struct waiter *waiter)
{
    uint64_t saved = spin_lock_irq(&queue->lock);

    queue_insert(queue, waiter);
    spin_unlock_irq(&queue->lock, saved);
    /* The caller looks at its condition next; a waker changes the condition before it looks at the
     * queue. */
    atomic_thread_fence(memory_order_seq_cst);
}

static void waiter_remove(struct wait_queue *queue, struct waiter *waiter)
{
    uint64_t saved;

    if (!waiter_queued(waiter))
        return;
    saved = spin_lock_irq(&queue->lock);
    if (waiter->queue != NULL)
        queue_remove(queue, waiter);
    spin_unlock_irq(&queue->lock, saved);
}

void wait_remove(struct waiter *waiter)
{
    struct wait_queue *queue = __atomic_load_n(&waiter->queue, __ATOMIC_ACQUIRE);

    if (queue != NULL)
        waiter_remove(queue, waiter);
}

void wait_enter(struct wait_queue *queue, struct waiter *self)
{
    /* First the token: a wake-up from here on is in the token, or it took the waiter off the queue
     * before we look. */
    atomic_exchange(&self->thread->wake_token, 0);
    if (!waiter_queued(self))
        wait_add(queue, self);
}

void wait_enter_exclusive(struct wait_queue *queue, struct waiter *self)
{
    self->exclusive = true;
    wait_enter(queue, self);
}

void wait_leave(struct wait_queue *queue, struct waiter *self)
{
    waiter_remove(queue, self);
    /* If this wait was nested in another one, it may have swallowed the other's wake-up: let that
     * one look again. */
    atomic_store_explicit(&self->thread->wake_token, 1, memory_order_relaxed);
}

static void sleep_expire(struct timer *timer)
{
    sched_rouse(container_of(timer, struct thread, sleep_timer),
                1 << THREAD_SLEEPING | 1 << THREAD_WAITING);
}

static uint32_t mode_interrupts(enum wait_mode mode)
{
    switch (mode) {
    case WAIT_INTERRUPTIBLE:
        return THREAD_SIGNAL | THREAD_KILL;
    case WAIT_KILLABLE:
        return THREAD_KILL;
    default:
        return 0;
    }
}

int wait_sleep(enum wait_mode mode, uint64_t deadline)
{
    struct thread *thread = thread_current();
    enum thread_state state = mode == WAIT_INTERRUPTIBLE ? THREAD_SLEEPING : THREAD_WAITING;
    uint32_t interrupts = mode_interrupts(mode);
    bool timed = deadline != WAIT_FOREVER, expired = false;

    if (timed) {
        thread->sleep_timer.expire = sleep_expire;
        timer_start(&thread->sleep_timer, deadline);
    }
    sched_sleep(state, mode, interrupts, timed);
    if (timed)
        expired = !timer_cancel(&thread->sleep_timer);
    if (atomic_load(&thread->wake_token) != 0)
        return 0;
    if ((atomic_load(&thread->pending) & interrupts) != 0)
        return -EINTR;
    return expired ? -ETIMEDOUT : 0;
}

/* Wakes one waiter; true if that was a wake-up of an exclusive one. Queue locked. */
static bool waiter_wake(struct wait_queue *queue, struct waiter *waiter, uint32_t events,
                        unsigned *woken)
{
    bool exclusive = waiter->exclusive;

    if (waiter->wake != NULL)
        return waiter->wake(waiter, events) && exclusive;
    *woken += sched_wake(waiter->thread, 1 << THREAD_SLEEPING | 1 << THREAD_WAITING);
    queue_remove(queue, waiter);
    return exclusive;
}

unsigned wait_wake_some(struct wait_queue *queue, uint32_t events, unsigned exclusives)
{
    uint64_t saved = spin_lock_irq(&queue->lock);
    struct waiter *waiter, *next;
    unsigned woken = 0;

    for (waiter = TAILQ_FIRST(&queue->waiters); waiter != NULL; waiter = next) {
        next = TAILQ_NEXT(waiter, link);
        if (waiter_wake(queue, waiter, events, &woken) && --exclusives == 0)
            break;
    }
    spin_unlock_irq(&queue->lock, saved);
    return woken;
}
