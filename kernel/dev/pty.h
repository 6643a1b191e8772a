/*
 * Pseudo terminals: pairs of a master (/dev/ptmx) and a slave terminal (/dev/pts/N).
 */
#ifndef DEV_PTY_H
#define DEV_PTY_H

#include "dev/tty.h"
#include "file/devpts.h"
#include <bsd/sys/queue.h>

struct devpts_node;

enum {
    PTY_RING = 16384, /* bytes under way in each direction */
};

/* The slave's tty->lock guards everything here too. */
struct pty {
    struct tty slave;
    unsigned index;           /* constant */
    LIST_ENTRY(pty) link;     /* the list's lock (pty.c) */
    struct devpts_node *node; /* constant: the name /dev/pts/N, until the master closes */
    bool locked;              /* TIOCSPTLCK: the slave cannot be opened */
    bool slave_gone;          /* every slave description was closed after there was one */
    bool packet;              /* TIOCPKT */
    bool feeding;             /* input is being handed to the line discipline */
    uint8_t packet_status;    /* TIOCPKT_… to report */
    struct ring output;       /* slave's writes and echo, for the master to read */
    struct ring input;        /* master's writes that did not fit into the input buffer yet */
    struct wait_queue master_readable, master_writable;
};

/* A fresh pair with the master's count, made known; locked. 0, -ENOMEM, -ENOSPC. */
int pty_make(struct pty **made);
/* The pair of an index with a count of its slave, or NULL. */
struct pty *pty_find(unsigned index);
/* Registers /dev/ptmx and the slaves' numbers. */
void pty_start(void);

/* --- pty_master.c --- */

/* Makes `file` the master of a new pair. 0, -ENOMEM, -ENOSPC. */
int pty_master_open(uint32_t number, struct file *file);
/* Opens a slave. 0, -EIO. */
int pty_slave_open(uint32_t number, struct file *file);
/* The master is closed: the slave is hung up, its name goes. */
void pty_master_gone(struct pty *pty);

#endif
