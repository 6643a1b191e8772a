/*
 * Job control (POSIX 1003.1, chapter 11.1; credentials(7)): which session a terminal controls,
 * which process group may use it.
 *
 * A process in another group than the terminal's foreground one that reads gets SIGTTIN, and
 * SIGTTOU if it changes settings or (with TOSTOP) writes; its whole group does. If it ignores or
 * blocks the signal, or its group is orphaned and so nobody could continue it, the call goes on or
 * fails with EIO instead.
 *
 * tty->session and tty->foreground are guarded by tty->lock; what a session's terminal is, by proc.
 */
#include "dev/tty.h"

#include "abi/restart.h"
#include "file/caller.h"
#include "file/cred.h"
#include "file/file.h"
#include "lib/errno.h"
#include "mem/user.h"
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/fcntl.h>

static bool controls_caller(const struct tty *tty)
{
    return tty->session && tty->session == caller_session();
}

int tty_job_check(struct tty *tty, int number)
{
    int32_t foreground = tty->foreground;
    int32_t group = caller_group();

    if (!controls_caller(tty) || !foreground || foreground == group)
        return 0;
    if (caller_ignores(number))
        return number == SIGTTIN ? -EIO : 0;
    if (group_orphaned(group))
        return -EIO;
    group_signal(group, number);
    return -ERESTARTSYS;
}

void tty_become_controlling(struct tty *tty)
{
    mutex_lock(&tty->lock);
    tty->session = caller_session();
    tty->foreground = caller_group();
    mutex_unlock(&tty->lock);
    session_set_tty(caller_session(), tty);
}

static bool caller_has_tty(void)
{
    struct tty *tty = caller_tty();

    if (tty)
        tty_put(tty);
    return tty != NULL;
}

static int64_t controlling_set(struct tty *tty, struct file *file, bool steal)
{
    bool administrator = cred_capable(caller_cred(), CAP_SYS_ADMIN);

    if (caller_is_session_leader() && controls_caller(tty))
        return 0;
    if (!caller_is_session_leader() || caller_has_tty())
        return -EPERM;
    if (tty->session && !(steal && administrator))
        return -EPERM;
    if (!(file->mode & FILE_READ) && !administrator)
        return -EPERM;
    if (tty->session)
        session_set_tty(tty->session, NULL);
    tty_become_controlling(tty);
    return 0;
}

/* TIOCNOTTY: a leader gives the terminal up for its whole session. */
static int64_t controlling_leave(struct tty *tty)
{
    int32_t session = tty->session;
    int32_t foreground = tty->foreground;

    if (!controls_caller(tty))
        return -ENOTTY;
    if (!caller_is_session_leader())
        return 0;
    mutex_lock(&tty->lock);
    tty->session = tty->foreground = 0;
    mutex_unlock(&tty->lock);
    if (foreground) {
        group_signal(foreground, SIGHUP);
        group_signal(foreground, SIGCONT);
    }
    session_set_tty(session, NULL);
    return 0;
}

static int64_t number_write(struct uaddr to, int32_t number)
{
    return copy_to_user(to, &number, sizeof(number));
}

static int64_t foreground_set(struct tty *tty, struct uaddr argument)
{
    int32_t group;
    int error = tty_job_check(tty, SIGTTOU);

    if (error < 0)
        return error == -EIO ? -ENOTTY : error;
    if (!controls_caller(tty))
        return -ENOTTY;
    if (copy_from_user(&group, argument, sizeof(group)) < 0)
        return -EFAULT;
    if (group < 0)
        return -EINVAL;
    /* The number of a process that leads no group is another session's business too. */
    if (!group_in_session(group, caller_session()))
        return group_signal(group, 0) == 0 || owner_exists(group, F_OWNER_TID) ? -EPERM : -ESRCH;
    mutex_lock(&tty->lock);
    tty->foreground = group;
    mutex_unlock(&tty->lock);
    return 0;
}

int64_t tty_job_ioctl(struct tty *tty, struct file *file, unsigned command, struct uaddr argument,
                      bool own)
{
    switch (command) {
    case TIOCSCTTY:
        return controlling_set(tty, file, argument.value == 1);
    case TIOCNOTTY:
        return controlling_leave(tty);
    case TIOCSPGRP:
        return foreground_set(tty, argument);
    case TIOCGPGRP:
        if (own && !controls_caller(tty))
            return -ENOTTY;
        return number_write(argument, tty->foreground);
    case TIOCGSID:
        if ((own && !controls_caller(tty)) || !tty->session)
            return -ENOTTY;
        return number_write(argument, tty->session);
    default:
        return -ENOIOCTLCMD;
    }
}
