/*
 * epoll: from a file's wake-up to the program's array of events.
 *
 * The ready list holds watches that may have something. Whoever collects takes the list's first
 * watch off (SCANNED), asks its file, and reports what is there. A level-triggered watch that
 * reported goes to the end of the list, so that the next call asks it again and others get their
 * turn; an edge-triggered one goes back only if news came while it was being asked; a one-shot one
 * is muted. A call looks at each watch at most once.
 *
 * Locks: set->lock for one collector at a time; ready_lock for the list, also from callbacks, which
 * run with a file's queue locked.
 */
#include "file/epoll_set.h"

#include "arch/time.h"
#include "file/file.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "mem/user.h"

/* --- the ready list --- */

static void news_wake(struct epoll_set *set)
{
    wait_wake_one(&set->waiters);
    wait_wake_events(&set->pollers, EPOLLIN | EPOLLRDNORM);
}

/* Puts the watch on the list or notes the news for whoever scans it. ready_lock held. */
static void ready_add(struct epoll_watch *watch)
{
    if (watch->state == WATCH_SCANNED)
        watch->again = true;
    if (watch->state != WATCH_IDLE)
        return;
    watch->state = WATCH_READY;
    TAILQ_INSERT_TAIL(&watch->set->ready, watch, ready_link);
}

bool watch_wake(struct waiter *waiter, uint32_t events)
{
    struct epoll_watch *watch = container_of(waiter, struct epoll_hook, waiter)->watch;
    struct epoll_set *set = watch->set;
    uint64_t saved = spin_lock_irq(&set->ready_lock);
    uint32_t wanted = watch->event.events;
    bool news = (wanted & ~EPOLL_PRIVATE) && (!events || (events & wanted));

    if (news)
        ready_add(watch);
    spin_unlock_irq(&set->ready_lock, saved);
    if (news)
        news_wake(set);
    return news && (wanted & EPOLLEXCLUSIVE);
}

void watch_ready(struct epoll_watch *watch)
{
    struct epoll_set *set = watch->set;
    uint64_t saved = spin_lock_irq(&set->ready_lock);

    ready_add(watch);
    spin_unlock_irq(&set->ready_lock, saved);
    news_wake(set);
}

void watch_unready(struct epoll_watch *watch)
{
    struct epoll_set *set = watch->set;
    uint64_t saved = spin_lock_irq(&set->ready_lock);

    if (watch->state == WATCH_READY)
        TAILQ_REMOVE(&set->ready, watch, ready_link);
    watch->state = WATCH_IDLE;
    spin_unlock_irq(&set->ready_lock, saved);
}

static struct epoll_watch *scan_begin(struct epoll_set *set, const struct epoll_watch *end)
{
    uint64_t saved = spin_lock_irq(&set->ready_lock);
    struct epoll_watch *watch = TAILQ_FIRST(&set->ready);

    if (watch && watch != end) {
        TAILQ_REMOVE(&set->ready, watch, ready_link);
        watch->state = WATCH_SCANNED;
        watch->again = false;
    } else {
        watch = NULL;
    }
    spin_unlock_irq(&set->ready_lock, saved);
    return watch;
}

/* Ends the scan of one watch; it stays on the list if `keep` or news came: at the end, or (first)
 * where it was. */
static bool scan_end(struct epoll_watch *watch, bool keep, bool first)
{
    struct epoll_set *set = watch->set;
    uint64_t saved = spin_lock_irq(&set->ready_lock);

    keep |= watch->again;
    watch->state = keep ? WATCH_READY : WATCH_IDLE;
    if (keep && first)
        TAILQ_INSERT_HEAD(&set->ready, watch, ready_link);
    else if (keep)
        TAILQ_INSERT_TAIL(&set->ready, watch, ready_link);
    spin_unlock_irq(&set->ready_lock, saved);
    return keep;
}

static bool list_empty(struct epoll_set *set)
{
    uint64_t saved = spin_lock_irq(&set->ready_lock);
    bool empty = TAILQ_EMPTY(&set->ready);

    spin_unlock_irq(&set->ready_lock, saved);
    return empty;
}

/* --- collecting --- */

/* Reports a watch, if it has something. 1, 0, or -EFAULT. Set's lock held; *kept: it went back to
 * the list. */
static int watch_report(struct epoll_watch *watch, struct uaddr to, bool *kept)
{
    struct epoll_event event = watch->event;
    bool level = !(event.events & EPOLLET);

    event.events &= file_poll(watch->file, NULL);
    if (!event.events) {
        *kept = scan_end(watch, false, false);
        return 0;
    }
    if (copy_to_user(to, &event, sizeof(event)) < 0) {
        *kept = scan_end(watch, true, true);
        return -EFAULT;
    }
    if (watch->event.events & EPOLLONESHOT) {
        watch->event.events &= EPOLL_PRIVATE;
        level = false;
    }
    *kept = scan_end(watch, level, false);
    return 1;
}

/* One round over what is on the list now. The number of events, or -EFAULT if none. */
static int collect_round(struct epoll_set *set, struct uaddr events, int limit)
{
    struct epoll_watch *end = NULL; /* the first watch that went back: the round ends there */
    struct epoll_watch *watch;
    int count = 0;
    int result = 0;

    mutex_lock(&set->lock);
    while (count < limit && (watch = scan_begin(set, end))) {
        bool kept;

        result = watch_report(
            watch, uaddr_add(events, (uint64_t)count * sizeof(struct epoll_event)), &kept);
        if (result < 0)
            break;
        count += result;
        if (kept && !end)
            end = watch;
    }
    mutex_unlock(&set->lock);
    if (!list_empty(set))
        wait_wake_one(&set->waiters);
    return count ? count : result;
}

/* Sleeps until the list may hold something. 0, -EINTR, -ETIMEDOUT. */
static int news_wait(struct epoll_set *set, uint64_t deadline)
{
    struct waiter self;
    int error = 0;

    waiter_init(&self);
    wait_enter_exclusive(&set->waiters, &self);
    if (list_empty(set))
        error = wait_sleep(WAIT_INTERRUPTIBLE, deadline);
    wait_leave(&set->waiters, &self);
    return error;
}

int set_collect(struct epoll_set *set, struct uaddr events, int limit, uint64_t deadline)
{
    for (;;) {
        int result = list_empty(set) ? 0 : collect_round(set, events, limit);

        if (result || !deadline)
            return result;
        result = news_wait(set, deadline);
        if (result == -ETIMEDOUT)
            deadline = 0;
        else if (result < 0)
            return result;
    }
}

/* --- the set as a file --- */

uint32_t epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll_set *set = file->private;
    struct epoll_watch *watch;
    bool ready = false;

    poll_wait(table, file, &set->pollers);
    mutex_lock(&set->lock);
    while (!ready && (watch = scan_begin(set, NULL))) {
        ready = file_poll(watch->file, NULL) & watch->event.events;
        if (scan_end(watch, ready, true))
            ready = true;
    }
    mutex_unlock(&set->lock);
    return ready ? EPOLLIN | EPOLLRDNORM : 0;
}
