/*
 * timerfd_create(2): expirations of a timer, counted and read.
 *
 * The kernel timer is armed for one expiration only. It counts 1 and wakes; further periods are
 * counted when somebody looks (ticks_forward), so that a timer that nobody reads costs nothing. All
 * deadlines are kept in clock_monotonic; an absolute time on the wall clock is translated when it
 * is set, and again whenever the wall clock is set.
 *
 * Lock: `lock`, taken with interrupts off, since the timer's callback takes it.
 */
#include "abi/restart.h"
#include "arch/time.h"
#include "file/caller.h"
#include "file/event.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include "mem/uio.h"
#include "sched/timer.h"
#include <linux/time.h>
#include <linux/timerfd.h>

struct timerfd {
    struct spinlock lock;
    struct timer timer;
    struct wait_queue queue;
    struct waiter clock_waiter; /* on wall_clock_changed() while `absolute` */
    int clock;                  /* constant */
    uint64_t deadline;          /* lock: of the expiration that is next or was counted last */
    uint64_t interval;          /* lock: 0: one expiration */
    uint64_t ticks;             /* lock: expirations that were not read */
    uint64_t wall;              /* lock: absolute wall-clock time that is meant, 0: none */
    uint32_t flags;             /* lock: TFD_TIMER_… */
    bool armed;                 /* lock: the next expiration has not been counted */
    bool expired;               /* lock: `deadline` was counted in ticks */
    bool cancelled;             /* lock: the wall clock was set, with TFD_TIMER_CANCEL_ON_SET */
};

static struct slab_cache timerfd_cache = SLAB_CACHE("timerfd", sizeof(struct timerfd));
static const struct file_ops timerfd_ops;

static struct timerfd *timerfd_of(struct file *file)
{
    return file->ops == &timerfd_ops ? file->private : NULL;
}

static void timer_expired(struct timer *timer)
{
    struct timerfd *timerfd = container_of(timer, struct timerfd, timer);
    uint64_t saved = spin_lock_irq(&timerfd->lock);

    timerfd->armed = false;
    timerfd->expired = true;
    timerfd->ticks++;
    spin_unlock_irq(&timerfd->lock, saved);
    wait_wake_events(&timerfd->queue, EPOLLIN);
}

/* Counts the periods that have passed since the last counted expiration, and says when the next one
   is due. Lock held. True: the timer must be started for timerfd->deadline. */
static bool ticks_forward(struct timerfd *timerfd)
{
    uint64_t now = clock_monotonic();
    uint64_t periods;

    if (!timerfd->expired || !timerfd->interval)
        return false;
    periods = now > timerfd->deadline ? (now - timerfd->deadline) / timerfd->interval : 0;
    timerfd->ticks += periods;
    timerfd->deadline += (periods + 1) * timerfd->interval;
    timerfd->expired = false;
    timerfd->armed = true;
    return true;
}

static bool clock_is_wall(const struct timerfd *timerfd)
{
    return timerfd->clock == CLOCK_REALTIME || timerfd->clock == CLOCK_REALTIME_ALARM;
}

static uint64_t wall_to_monotonic(uint64_t wall)
{
    int64_t distance = (int64_t)wall - wall_clock_now();
    int64_t deadline = (int64_t)clock_monotonic() + distance;

    return deadline < 0 ? 0 : (uint64_t)deadline;
}

/* The wall clock was set: the same wall-clock time is another deadline now. */
static bool clock_changed(struct waiter *waiter, uint32_t events)
{
    struct timerfd *timerfd = container_of(waiter, struct timerfd, clock_waiter);
    uint64_t saved = spin_lock_irq(&timerfd->lock);
    bool start = timerfd->armed && timerfd->wall;
    bool cancel = timerfd->flags & TFD_TIMER_CANCEL_ON_SET;

    if (start)
        timerfd->deadline = wall_to_monotonic(timerfd->wall);
    timerfd->cancelled |= cancel;
    spin_unlock_irq(&timerfd->lock, saved);
    if (start)
        timer_start(&timerfd->timer, timerfd->deadline);
    if (cancel)
        wait_wake_events(&timerfd->queue, EPOLLIN);
    return false;
}

/* --- reading --- */

/* The expirations to report, -ECANCELED, or 0: none. */
static int64_t ticks_take(struct timerfd *timerfd)
{
    uint64_t saved = spin_lock_irq(&timerfd->lock);
    bool start = false;
    int64_t ticks = 0;

    if (timerfd->cancelled) {
        timerfd->cancelled = false;
        ticks = -ECANCELED;
    } else if (timerfd->ticks) {
        start = ticks_forward(timerfd);
        ticks = (int64_t)timerfd->ticks;
        timerfd->ticks = 0;
    }
    spin_unlock_irq(&timerfd->lock, saved);
    if (start)
        timer_start(&timerfd->timer, timerfd->deadline);
    return ticks;
}

static int64_t timerfd_read(struct file *file, struct uio *uio, uint64_t *position)
{
    struct timerfd *timerfd = file->private;
    struct waiter self;
    int64_t ticks = 0;
    int error = 0;

    if (uio->left < sizeof(uint64_t))
        return -EINVAL;
    waiter_init(&self);
    while (!error) {
        wait_enter(&timerfd->queue, &self);
        ticks = ticks_take(timerfd);
        if (ticks)
            break;
        error =
            file_nonblocking(file, uio) ? -EAGAIN : wait_sleep(WAIT_INTERRUPTIBLE, WAIT_FOREVER);
    }
    wait_leave(&timerfd->queue, &self);
    if (error)
        return error == -EINTR ? -ERESTARTSYS : error;
    return ticks < 0 ? ticks : uio_move(uio, &ticks, sizeof(ticks));
}

static uint32_t timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *timerfd = file->private;
    uint64_t saved;
    bool ready;

    poll_wait(table, file, &timerfd->queue);
    saved = spin_lock_irq(&timerfd->lock);
    ready = timerfd->ticks || timerfd->cancelled;
    spin_unlock_irq(&timerfd->lock, saved);
    return ready ? EPOLLIN : 0;
}

/* --- setting --- */

/* Lock held. True: the timer must be started for timerfd->deadline. */
static bool times_get(struct timerfd *timerfd, struct timerfd_times *times)
{
    bool start = ticks_forward(timerfd);
    uint64_t now = clock_monotonic();

    times->interval = timerfd->interval;
    times->value = 0;
    if (timerfd->armed)
        times->value = timerfd->deadline > now ? timerfd->deadline - now : 1;
    return start;
}

int timerfd_get(struct file *file, struct timerfd_times *times)
{
    struct timerfd *timerfd = timerfd_of(file);
    uint64_t saved;
    bool start;

    if (!timerfd)
        return -EINVAL;
    saved = spin_lock_irq(&timerfd->lock);
    start = times_get(timerfd, times);
    spin_unlock_irq(&timerfd->lock, saved);
    if (start)
        timer_start(&timerfd->timer, timerfd->deadline);
    return 0;
}

/* Lock held. */
static void times_set(struct timerfd *timerfd, uint32_t flags, const struct timerfd_times *times)
{
    bool absolute = flags & TFD_TIMER_ABSTIME;

    timerfd->flags = flags;
    timerfd->interval = times->interval;
    timerfd->ticks = 0;
    timerfd->expired = timerfd->cancelled = false;
    timerfd->armed = times->value != 0;
    timerfd->wall = absolute && clock_is_wall(timerfd) ? times->value : 0;
    if (timerfd->wall)
        timerfd->deadline = wall_to_monotonic(timerfd->wall);
    else
        timerfd->deadline = absolute ? times->value : clock_monotonic() + times->value;
}

/* Listens to changes of the wall clock while they matter. */
static void clock_listen(struct timerfd *timerfd)
{
    if (timerfd->clock_waiter.queue)
        wait_remove(&timerfd->clock_waiter);
    if (timerfd->wall)
        wait_add(wall_clock_changed(), &timerfd->clock_waiter);
}

int timerfd_set(struct file *file, uint32_t flags, const struct timerfd_times *new_times,
                struct timerfd_times *old)
{
    struct timerfd *timerfd = timerfd_of(file);
    uint64_t saved;

    if (!timerfd)
        return -EINVAL;
    timer_cancel(&timerfd->timer);
    saved = spin_lock_irq(&timerfd->lock);
    times_get(timerfd, old);
    times_set(timerfd, flags, new_times);
    spin_unlock_irq(&timerfd->lock, saved);
    clock_listen(timerfd);
    if (new_times->value)
        timer_start(&timerfd->timer, timerfd->deadline);
    return 0;
}

/* --- life --- */

static void timerfd_release(struct file *file)
{
    struct timerfd *timerfd = file->private;

    if (timerfd->clock_waiter.queue)
        wait_remove(&timerfd->clock_waiter);
    timer_cancel(&timerfd->timer);
    slab_free(&timerfd_cache, timerfd);
}

static int timerfd_describe(struct file *file, char *buffer, uint64_t size)
{
    struct timerfd *timerfd = file->private;
    struct timerfd_times times;

    timerfd_get(file, &times);
    return format_text(buffer, size,
                       "clockid: %d\nticks: %llu\nsettime flags: 0%o\n"
                       "it_value: (%llu, %llu)\nit_interval: (%llu, %llu)\n",
                       timerfd->clock, (unsigned long long)timerfd->ticks, timerfd->flags,
                       (unsigned long long)(times.value / 1000000000),
                       (unsigned long long)(times.value % 1000000000),
                       (unsigned long long)(times.interval / 1000000000),
                       (unsigned long long)(times.interval % 1000000000));
}

static const struct file_ops timerfd_ops = {
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
    .describe = timerfd_describe,
};

struct file *timerfd_make(int clock, uint32_t flags)
{
    struct timerfd *timerfd = slab_alloc_zero(&timerfd_cache);
    struct file *file;

    if (!timerfd)
        return NULL;
    timerfd->clock = clock;
    timerfd->timer.expire = timer_expired;
    waiter_init(&timerfd->clock_waiter);
    timerfd->clock_waiter.wake = clock_changed;
    file = file_anonymous(&timerfd_ops, "anon_inode:[timerfd]", timerfd, flags);
    if (!file)
        slab_free(&timerfd_cache, timerfd);
    return file;
}
