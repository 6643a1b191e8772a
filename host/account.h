/*
 * The user as whom the program runs: the caller, or the one of -u, looked up in this machine's
 * accounts.
 */
#ifndef HOST_ACCOUNT_H
#define HOST_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct account {
    uid_t uid;
    gid_t gid;
    gid_t groups[256];
    size_t group_count;
    char *name; /* NULL when it is the caller, or a number without an account */
    char *home; /* the same */
};

/* `user` is a name or number, or NULL for the caller. Says what is wrong in one line and exits with
 * 125 when there is no such user. */
void account_find(struct account *account, const char *user);

#endif
