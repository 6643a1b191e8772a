/*
 * epoll sets: many files watched through one descriptor. The theory is in epoll.c.
 */
#ifndef FILE_EPOLL_H
#define FILE_EPOLL_H

#include "arch/address.h"
#include <linux/eventpoll.h>
#include <stdint.h>

struct file;

/* A fresh set as an opened description. NULL: no memory. */
struct file *epoll_make(void);
/* epoll_ctl(2): 0, -EINVAL (not a set, or itself, or bad events), -EEXIST, -ENOENT, -EPERM (cannot
 * be polled), -ELOOP, -ENOMEM, -ENOSPC. */
int epoll_control(struct file *set, int operation, struct file *target, int fd,
                  const struct epoll_event *event);
/* epoll_wait(2): how many events were stored at `events`, 0 after the deadline (clock_monotonic; 0:
   do not wait), -EINTR, -EFAULT, -EINVAL (not a set). */
int epoll_collect(struct file *file, struct uaddr events, int limit, uint64_t deadline);
/* The last reference to a watched file is gone: all sets forget it. */
void epoll_forget_file(struct file *file);

#endif
