/*
 * epoll: sets of watched descriptors.
 *
 * A watch hangs on the queues that its file's poll operation names, as poll(2) would for one call,
 * but for as long as it is a member. When a file has news the callback puts the watch on the set's
 * ready list; epoll_wait asks each watch on the list what is really there (epoll_wait.c). So a call
 * costs what is ready, not what is watched.
 *
 * A watch does not keep its file open: when the last reference to the description goes, file_put
 * has it forgotten here. A set may watch another set; a chain has at most EDGES_MAX links and no
 * circle, so that callbacks and polls end.
 *
 * Locks: membership (a mutex) guards who watches what, all over the system: the files' lists, and
 * adding to and removing from every set. Below it set->lock, then the ready_lock. Adding and
 * removing are rare beside waiting, which takes only the set's own.
 */
#include "file/epoll.h"

#include "file/caller.h"
#include "file/cred.h"
#include "file/epoll_set.h"
#include "file/file.h"
#include "file/poll.h"
#include "lib/container.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "mem/slab.h"
#include <linux/capability.h>
#include <linux/eventpoll.h>

enum { EDGES_MAX = 4 };

/* What may stand beside EPOLLEXCLUSIVE. */
#define EXCLUSIVE_EVENTS                                                               \
    ((uint32_t)(EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM | EPOLLERR | EPOLLHUP | \
                EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE))

static struct slab_cache set_cache = SLAB_CACHE("epoll_set", sizeof(struct epoll_set));
static struct slab_cache watch_cache = SLAB_CACHE("epoll_watch", sizeof(struct epoll_watch));
static struct slab_cache hook_cache = SLAB_CACHE("epoll_hook", sizeof(struct epoll_hook));
static struct mutex membership;

static int watch_compare(const struct epoll_watch *a, const struct epoll_watch *b)
{
    if (a->file != b->file)
        return (uintptr_t)a->file < (uintptr_t)b->file ? -1 : 1;
    return a->fd < b->fd ? -1 : a->fd > b->fd;
}

RB_PROTOTYPE(epoll_tree, epoll_watch, link, watch_compare)
RB_GENERATE(epoll_tree, epoll_watch, link, watch_compare)

static const struct file_ops epoll_ops;

static struct epoll_set *set_of(struct file *file)
{
    return file->ops == &epoll_ops ? file->private : NULL;
}

/* --- watches --- */

struct hook_table {
    struct poll_table table;
    struct epoll_watch *watch;
};

static void hook_add(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
    struct epoll_watch *watch = container_of(table, struct hook_table, table)->watch;
    struct epoll_hook *hook = slab_alloc(&hook_cache);

    if (!hook) {
        watch->error = -ENOMEM;
        return;
    }
    waiter_init(&hook->waiter);
    hook->waiter.wake = watch_wake;
    hook->waiter.exclusive = watch->event.events & EPOLLEXCLUSIVE;
    hook->watch = watch;
    hook->next = watch->hooks;
    watch->hooks = hook;
    wait_add(queue, &hook->waiter);
}

/* Both locks held. */
static void watch_remove(struct epoll_watch *watch)
{
    while (watch->hooks) {
        struct epoll_hook *hook = watch->hooks;

        watch->hooks = hook->next;
        if (hook->waiter.queue)
            wait_remove(&hook->waiter);
        slab_free(&hook_cache, hook);
    }
    watch_unready(watch);
    RB_REMOVE(epoll_tree, &watch->set->watches, watch);
    *watch->previous = watch->next;
    if (watch->next)
        watch->next->previous = watch->previous;
    slab_free(&watch_cache, watch);
}

static void watch_link(struct epoll_watch *watch)
{
    struct file *file = watch->file;

    RB_INSERT(epoll_tree, &watch->set->watches, watch);
    watch->next = file->watches;
    watch->previous = &file->watches;
    if (file->watches)
        file->watches->previous = &watch->next;
    file->watches = watch;
}

static struct epoll_watch *watch_find(struct epoll_set *set, struct file *file, int fd)
{
    struct epoll_watch key = {.file = file, .fd = fd};

    return RB_FIND(epoll_tree, &set->watches, &key);
}

/* --- chains of sets --- */

/* The longest chain of sets watched below `set`; a value above EDGES_MAX ends the search. */
static unsigned depth_below(struct epoll_set *set, const struct epoll_set *circle, unsigned depth)
{
    unsigned deepest = depth;
    struct epoll_watch *watch;

    if (set == circle || depth > EDGES_MAX)
        return EDGES_MAX + 1;
    RB_FOREACH (watch, epoll_tree, &set->watches) {
        struct epoll_set *inner = set_of(watch->file);

        if (inner) {
            unsigned below = depth_below(inner, circle, depth + 1);

            deepest = below > deepest ? below : deepest;
        }
    }
    return deepest;
}

/* The longest chain of sets that watch `set`. */
static unsigned depth_above(struct epoll_set *set, unsigned depth)
{
    unsigned deepest = depth;

    if (depth > EDGES_MAX)
        return depth;
    for (struct epoll_watch *watch = set->file->watches; watch; watch = watch->next) {
        unsigned above = depth_above(watch->set, depth + 1);

        deepest = above > deepest ? above : deepest;
    }
    return deepest;
}

static bool chain_too_long(struct epoll_set *set, struct file *target)
{
    struct epoll_set *inner = set_of(target);

    return inner && depth_below(inner, set, 0) + 1 + depth_above(set, 0) > EDGES_MAX;
}

/* --- epoll_ctl; both locks held in the three --- */

static int watch_add(struct epoll_set *set, struct file *file, int fd,
                     const struct epoll_event *event)
{
    struct epoll_watch *watch = slab_alloc_zero(&watch_cache);
    struct hook_table hooks = {.table.add = hook_add, .watch = watch};
    uint32_t events;

    if (!watch)
        return -ENOMEM;
    watch->set = set;
    watch->file = file;
    watch->fd = fd;
    watch->event = *event;
    watch_link(watch);
    events = file_poll(file, &hooks.table);
    if (watch->error) {
        watch_remove(watch);
        return -ENOMEM;
    }
    if (events & watch->event.events)
        watch_ready(watch);
    return 0;
}

static int watch_change(struct epoll_watch *watch, const struct epoll_event *event)
{
    struct epoll_set *set = watch->set;
    uint64_t saved;

    if ((watch->event.events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    saved = spin_lock_irq(&set->ready_lock);
    watch->event = *event;
    spin_unlock_irq(&set->ready_lock, saved);
    if (file_poll(watch->file, NULL) & watch->event.events)
        watch_ready(watch);
    return 0;
}

static int control_locked(struct epoll_set *set, int operation, struct file *target, int fd,
                          const struct epoll_event *event)
{
    struct epoll_watch *watch = watch_find(set, target, fd);

    switch (operation) {
    case EPOLL_CTL_ADD:
        return watch ? -EEXIST : watch_add(set, target, fd, event);
    case EPOLL_CTL_MOD:
        return watch ? watch_change(watch, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!watch)
            return -ENOENT;
        watch_remove(watch);
        return 0;
    default:
        return -EINVAL;
    }
}

static int exclusive_check(int operation, struct file *target, uint32_t events)
{
    if (!(events & EPOLLEXCLUSIVE))
        return 0;
    if (operation == EPOLL_CTL_MOD)
        return -EINVAL;
    if (operation == EPOLL_CTL_ADD && (set_of(target) || (events & ~EXCLUSIVE_EVENTS)))
        return -EINVAL;
    return 0;
}

int epoll_control(struct file *set_file, int operation, struct file *target, int fd,
                  const struct epoll_event *event)
{
    struct epoll_set *set = set_of(set_file);
    struct epoll_event wanted = *event;
    int error;

    if (!target->ops->poll)
        return -EPERM;
    if (!set || set_file == target)
        return -EINVAL;
    if (exclusive_check(operation, target, wanted.events) < 0)
        return -EINVAL;
    if (!cred_capable(caller_cred(), CAP_BLOCK_SUSPEND))
        wanted.events &= ~(uint32_t)EPOLLWAKEUP;
    wanted.events |= EPOLLERR | EPOLLHUP;
    mutex_lock(&membership);
    mutex_lock(&set->lock);
    if (operation == EPOLL_CTL_ADD && chain_too_long(set, target))
        error = -ELOOP;
    else
        error = control_locked(set, operation, target, fd, &wanted);
    mutex_unlock(&set->lock);
    mutex_unlock(&membership);
    return error;
}

/* --- ends --- */

void epoll_forget_file(struct file *file)
{
    mutex_lock(&membership);
    while (file->watches) {
        struct epoll_set *set = file->watches->set;

        mutex_lock(&set->lock);
        watch_remove(file->watches);
        mutex_unlock(&set->lock);
    }
    mutex_unlock(&membership);
}

static void epoll_release(struct file *file)
{
    struct epoll_set *set = file->private;
    struct epoll_watch *watch;

    mutex_lock(&membership);
    mutex_lock(&set->lock);
    while ((watch = RB_MIN(epoll_tree, &set->watches)))
        watch_remove(watch);
    mutex_unlock(&set->lock);
    mutex_unlock(&membership);
    slab_free(&set_cache, set);
}

static int epoll_describe(struct file *file, char *buffer, uint64_t size)
{
    struct epoll_set *set = file->private;
    struct epoll_watch *watch;
    int length = 0;

    mutex_lock(&set->lock);
    RB_FOREACH (watch, epoll_tree, &set->watches) {
        size_t room = (uint64_t)length < size ? size - (uint64_t)length : 0;

        length +=
            format_text(room ? buffer + length : NULL, room, "tfd: %8d events: %8x data: %16llx\n",
                        watch->fd, watch->event.events, (unsigned long long)watch->event.data);
    }
    mutex_unlock(&set->lock);
    return length;
}

static const struct file_ops epoll_ops = {
    .poll = epoll_poll,
    .release = epoll_release,
    .describe = epoll_describe,
};

struct file *epoll_make(void)
{
    struct epoll_set *set = slab_alloc_zero(&set_cache);
    struct file *file;

    if (!set)
        return NULL;
    TAILQ_INIT(&set->ready);
    file = file_anonymous(&epoll_ops, "anon_inode:[eventpoll]", set, 0);
    if (!file) {
        slab_free(&set_cache, set);
        return NULL;
    }
    set->file = file;
    return file;
}

int epoll_collect(struct file *file, struct uaddr events, int limit, uint64_t deadline)
{
    struct epoll_set *set = set_of(file);

    return set ? set_collect(set, events, limit, deadline) : -EINVAL;
}
