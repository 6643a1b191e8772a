/*
 * Queues of pending signals: a set of numbers, and a list of what is known about each in order of
 * arrival.
 *
 * The list may lack a number that the set has: when memory or RLIMIT_SIGPENDING ran out for a
 * signal that must not be lost. Such a signal is delivered as if kill(2) of process 0 had sent it.
 * A number has several entries only if it is a real-time signal.
 *
 * Locks: the signal_lock of the process that the queue belongs to. Cost: O(entries).
 */
#include "lib/string.h"
#include "mem/slab.h"
#include "proc/identity.h"
#include "proc/posix_timer.h"
#include "proc/signal.h"

static struct slab_cache queued_cache = SLAB_CACHE("queued_signal", sizeof(struct queued_signal));

struct queued_signal *signal_queue_add(struct signal_queue *queue, int number,
                                       const siginfo_t *info, uint32_t uid, uint64_t limit)
{
    struct queued_signal *entry = NULL;

    queue->set |= signal_bit(number);
    if (!identity_charge_signal(uid, limit))
        return NULL;
    entry = slab_alloc(&queued_cache);
    if (!entry) {
        identity_uncharge_signal(uid);
        return NULL;
    }
    memcpy(&entry->info, info, sizeof(*info));
    entry->uid = uid;
    entry->timer = -1;
    entry->timer_sequence = 0;
    if (!queue->list.tqh_last)
        TAILQ_INIT(&queue->list);
    TAILQ_INSERT_TAIL(&queue->list, entry, link);
    return entry;
}

static void entry_remove(struct signal_queue *queue, struct queued_signal *entry)
{
    TAILQ_REMOVE(&queue->list, entry, link);
    identity_uncharge_signal(entry->uid);
    slab_free(&queued_cache, entry);
}

static void info_unknown(siginfo_t *info, int number)
{
    memset(info, 0, sizeof(*info));
    info->si_signo = number;
    info->si_code = SI_USER;
}

void signal_queue_take(struct signal_queue *queue, int number, siginfo_t *info, int32_t *timer,
                       uint32_t *sequence)
{
    struct queued_signal *entry, *first = NULL;
    bool more = false;

    TAILQ_FOREACH (entry, &queue->list, link) {
        if (entry->info.si_signo != number)
            continue;
        if (first) {
            more = true;
            break;
        }
        first = entry;
    }
    if (!more)
        queue->set &= ~signal_bit(number);
    *timer = -1;
    if (!first) {
        info_unknown(info, number);
        return;
    }
    memcpy(info, &first->info, sizeof(*info));
    *timer = first->timer;
    *sequence = first->timer_sequence;
    entry_remove(queue, first);
}

void signal_queue_remove(struct signal_queue *queue, uint64_t set)
{
    struct queued_signal *entry, *next;

    if (!(queue->set & set))
        return;
    queue->set &= ~set;
    for (entry = TAILQ_FIRST(&queue->list); entry; entry = next) {
        next = TAILQ_NEXT(entry, link);
        if (signal_bit(entry->info.si_signo) & set)
            entry_remove(queue, entry);
    }
}

void signal_queue_flush(struct signal_queue *queue)
{
    signal_queue_remove(queue, UINT64_MAX);
}

/* The number in `set` that is delivered first, or 0. */
static int first_of(uint64_t set)
{
    if (set & SIGNAL_SET_SYNCHRONOUS)
        set &= SIGNAL_SET_SYNCHRONOUS;
    return set ? __builtin_ctzll(set) + 1 : 0;
}

int signal_dequeue_locked(struct task *task, uint64_t mask, siginfo_t *info)
{
    struct process *process = task->process;
    struct signal_queue *queue = &task->pending;
    int number = first_of(queue->set & mask);
    uint32_t sequence = 0;
    int32_t timer;

    if (!number) {
        queue = &process->pending;
        number = first_of(queue->set & mask);
    }
    if (!number)
        return 0;
    signal_queue_take(queue, number, info, &timer, &sequence);
    if (timer >= 0)
        posix_timer_taken_locked(process, timer, sequence, info);
    if (signal_bit(number) & SIGNAL_SET_STOP)
        task->stop_dequeued = true;
    return number;
}
