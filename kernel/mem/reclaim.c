/*
 * The reclaiming thread and those who wait for it. Theory in reclaim.h.
 *
 * A waiter asks for a round that begins after its question: rounds are numbered, and it sleeps
 * until the next one to begin is over. A round that frees nothing makes the frame allocator wait
 * with its next call until free memory has halved, or else each allocation would begin a round in
 * vain.
 */
#include "mem/reclaim.h"
#include "arch/time.h"
#include "lib/container.h"
#include "mem/backing.h"
#include "mem/frame.h"
#include "sched/thread.h"
#include "sched/wait.h"

enum {
    PASSES = 3, /* the first may only take marks of recent use away */
    FILES_SHARE = 16,
    FRUITLESS_PAUSE = 100 * 1000 * 1000, /* nanoseconds */
    BUSY_PAUSE = 2 * 1000 * 1000,        /* nanoseconds, for who holds a backing's lock */
    BUSY_TRIES = 50,
};

static SLIST_HEAD(, shrinker) shrinkers = SLIST_HEAD_INITIALIZER(shrinkers); /* c after boot */
static bool (*kill_somebody)(void);                                          /* c after boot */

static struct spinlock list_lock;
static TAILQ_HEAD(, backing) backings = TAILQ_HEAD_INITIALIZER(backings); /* list_lock */
static uint64_t backing_count;                                            /* list_lock */

static struct wait_queue wanted_queue, done_queue;
static _Atomic bool wanted;
static _Atomic uint64_t rounds_begun, rounds_done;
static _Atomic uint64_t fruitless_time; /* when a round freed nothing; 0: the last one did */
static _Atomic uint64_t round_goal;     /* frames that somebody wants free beyond `high` */

void reclaim_register(struct shrinker *shrinker)
{
    SLIST_INSERT_HEAD(&shrinkers, shrinker, link);
}

void reclaim_set_killer(bool (*killer)(void))
{
    kill_somebody = killer;
}

/* --- the list --- */

void reclaim_enlist(struct backing *backing)
{
    spin_lock(&list_lock);
    if (!backing->listed) {
        TAILQ_INSERT_TAIL(&backings, backing, reclaim_link);
        backing->listed = true;
        backing_count++;
    }
    spin_unlock(&list_lock);
}

void reclaim_delist(struct backing *backing)
{
    spin_lock(&list_lock);
    if (backing->listed) {
        TAILQ_REMOVE(&backings, backing, reclaim_link);
        backing->listed = false;
        backing_count--;
    }
    spin_unlock(&list_lock);
}

/* One more count, unless its last holder is taking it apart. */
static bool backing_get_live(struct backing *backing)
{
    uint32_t refs = atomic_load(&backing->refs);

    while (refs)
        if (atomic_compare_exchange_weak(&backing->refs, &refs, refs + 1))
            return true;
    return false;
}

/* The backing that waited longest, counted, put back at the end of the list; NULL: it is going. */
static struct backing *backing_take(void)
{
    spin_lock(&list_lock);
    struct backing *backing = TAILQ_FIRST(&backings);
    if (backing) {
        TAILQ_REMOVE(&backings, backing, reclaim_link);
        TAILQ_INSERT_TAIL(&backings, backing, reclaim_link);
        if (!backing_get_live(backing))
            backing = NULL;
    }
    spin_unlock(&list_lock);
    return backing;
}

/* --- rounds --- */

static uint64_t goal(void)
{
    return max_u64(frame_marks.high, atomic_load(&round_goal));
}

/* Once over the caches of files; returns pages freed. Sets *busy when somebody held the lock of
 * one. */
static uint64_t pass_over_files(bool *busy)
{
    uint64_t freed = 0;

    for (uint64_t left = __atomic_load_n(&backing_count, __ATOMIC_RELAXED);
         left && frames_free() < goal(); left--) {
        struct backing *backing = backing_take();
        if (!backing)
            continue;
        freed += backing_reclaim(backing, busy);
        backing_put(backing);
        sched_point();
    }
    return freed;
}

static uint64_t pass_over_shrinkers(void)
{
    struct shrinker *shrinker;
    uint64_t freed = 0;

    SLIST_FOREACH (shrinker, &shrinkers, link)
        freed += shrinker->shrink();
    return freed;
}

/* Until enough is free, or nothing more comes. */
static uint64_t passes(bool *busy)
{
    uint64_t freed = 0;

    *busy = false;
    for (unsigned pass = 0; pass < PASSES && frames_free() < goal(); pass++) {
        freed += pass_over_files(busy);
        if (frames_free() < goal())
            freed += pass_over_shrinkers();
    }
    return freed;
}

static void pause(uint64_t nanoseconds)
{
    struct wait_queue nobody = {0};
    struct waiter self;

    waiter_init(&self);
    wait_enter(&nobody, &self);
    wait_sleep(WAIT_UNINTERRUPTIBLE, clock_monotonic() + nanoseconds);
    wait_leave(&nobody, &self);
}

/* All of memory may be pages of one file whose reader holds its lock nearly always: it lets go when
 * it finds no more memory either. */
static void reclaim_round(void)
{
    bool busy;
    uint64_t wanted_free = goal(), freed = passes(&busy);

    for (unsigned tries = 0; !freed && busy && tries < BUSY_TRIES && frames_free() < wanted_free;
         tries++) {
        pause(BUSY_PAUSE);
        freed = passes(&busy);
    }
    atomic_store(&round_goal, 0);
    bool in_vain = !freed && frames_free() < wanted_free; /* having nothing to do is not */
    atomic_store(&fruitless_time, in_vain ? clock_monotonic() : 0);
    frame_marks.start = in_vain ? min_u64(frame_marks.low, frames_free() / 2) : frame_marks.low;
}

void reclaim_thread(void *argument)
{
    struct waiter self;

    (void)argument;
    waiter_init(&self);
    for (;;) {
        wait_enter(&wanted_queue, &self);
        if (!atomic_load(&wanted))
            wait_sleep(WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
        wait_leave(&wanted_queue, &self);
        if (!atomic_exchange(&wanted, false))
            continue;
        atomic_fetch_add(&rounds_begun, 1);
        reclaim_round();
        atomic_store(&rounds_done, atomic_load(&rounds_begun));
        wait_wake_all(&done_queue);
    }
}

void reclaim_start(void)
{
    if (!atomic_exchange(&wanted, true))
        wait_wake_all(&wanted_queue);
}

/* --- waiting --- */

bool reclaim_short(void)
{
    return frames_free() < frame_marks.low;
}

static bool may_wait(void)
{
    struct thread *thread = thread_current();

    return thread->process && !(atomic_load(&thread->pending) & THREAD_KILL);
}

/* Sleeps until a round that begins from now on is over. */
static void round_await(void)
{
    uint64_t ticket = atomic_load(&rounds_begun) + 1;
    struct waiter self;
    int error = 0;

    reclaim_start();
    waiter_init(&self);
    while (!error) {
        wait_enter(&done_queue, &self);
        if (atomic_load(&rounds_done) >= ticket)
            break;
        error = wait_sleep(WAIT_KILLABLE, WAIT_FOREVER);
    }
    wait_leave(&done_queue, &self);
}

/* A round was in vain a moment ago. */
static bool recently_fruitless(void)
{
    uint64_t time = atomic_load(&fruitless_time);

    return time && clock_monotonic() - time < FRUITLESS_PAUSE;
}

bool reclaim_wait(void)
{
    if (!reclaim_short() || !may_wait())
        return false;
    if (!recently_fruitless())
        round_await();
    return frames_free() > frame_marks.reserve + frame_marks.reserve / 4;
}

bool reclaim_or_kill(void)
{
    if (!reclaim_short() || !may_wait())
        return false;
    return reclaim_wait() || (kill_somebody && kill_somebody());
}

/* Are `floor` frames free, or can they be made so? */
static bool leaves(uint64_t floor)
{
    if (frames_free() >= floor)
        return true;
    if (may_wait() && !recently_fruitless()) {
        atomic_store(&round_goal, floor + frame_marks.reserve);
        round_await();
    }
    return frames_free() >= floor;
}

bool reclaim_files_may_grow(void)
{
    return leaves(frame_marks.total / FILES_SHARE);
}

bool reclaim_objects_may_grow(void)
{
    return leaves(frame_marks.low);
}
