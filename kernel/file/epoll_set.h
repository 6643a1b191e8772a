/*
 * The inside of an epoll set, for epoll.c (membership) and epoll_wait.c (news).
 */
#ifndef FILE_EPOLL_SET_H
#define FILE_EPOLL_SET_H

#include "file/epoll.h"
#include "file/poll.h"
#include "sched/mutex.h"
#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>

struct epoll_set;
struct epoll_watch;

enum watch_state {
    WATCH_IDLE,    /* nothing known */
    WATCH_READY,   /* on the ready list */
    WATCH_SCANNED, /* taken off the list by whoever holds set->lock, who is asking the file */
};

/* A registration on one queue of the watched file. */
struct epoll_hook {
    struct waiter waiter;
    struct epoll_watch *watch;
    struct epoll_hook *next;
};

/*
 * A descriptor in a set. Locks: m: the membership lock (epoll.c); s: the set's lock; r: the set's
 * ready_lock.
 */
struct epoll_watch {
    RB_ENTRY(epoll_watch) link;           /* s */
    struct epoll_set *set;                /* constant */
    struct file *file;                    /* constant, not counted: the file's end ends the watch */
    int fd;                               /* constant */
    struct epoll_event event;             /* s r */
    TAILQ_ENTRY(epoll_watch) ready_link;  /* r, or the holder of s while it is scanned */
    enum watch_state state;               /* r */
    bool again;                           /* r: news came while it was scanned */
    struct epoll_watch *next, **previous; /* m: the file's watches */
    struct epoll_hook *hooks;             /* constant after it was added */
    int error;                            /* of adding hooks */
};

RB_HEAD(epoll_tree, epoll_watch);
TAILQ_HEAD(epoll_list, epoll_watch);

struct epoll_set {
    struct mutex lock; /* taken below the membership lock; a nested set's below its container's */
    struct epoll_tree watches;  /* s, and m for changes */
    struct spinlock ready_lock; /* with interrupts off; below every wait queue's lock */
    struct epoll_list ready;    /* r */
    struct wait_queue waiters;  /* threads in epoll_wait */
    struct wait_queue pollers;  /* who polls the set itself */
    struct file *file;          /* constant, not counted */
};

/* Bits of events that are not events. */
#define EPOLL_PRIVATE ((uint32_t)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE))

/* Called by a watched file's queue: the watch becomes ready. */
bool watch_wake(struct waiter *waiter, uint32_t events);
/* Puts the watch on the ready list if it is not, and wakes who waits. */
void watch_ready(struct epoll_watch *watch);
/* Takes it off the list. Set's lock held, so that nobody scans it. */
void watch_unready(struct epoll_watch *watch);
/* epoll_collect() on the set. */
int set_collect(struct epoll_set *set, struct uaddr events, int limit, uint64_t deadline);
/* poll(2) on the set. */
uint32_t epoll_poll(struct file *file, struct poll_table *table);

#endif
