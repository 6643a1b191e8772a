/*
 * See account.h.
 */
#define _GNU_SOURCE
#include "account.h"

#include "fail.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { GROUPS_MAX = sizeof(((struct account *)NULL)->groups) / sizeof(gid_t) };

static void account_caller(struct account *account)
{
    account->uid = geteuid();
    account->gid = getegid();
    int count = getgroups(GROUPS_MAX, account->groups);
    account->group_count = count > 0 ? (size_t)count : 0;
}

static void account_number(struct account *account, const char *user)
{
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    if (end == user || *end != '\0' || user[0] == '-' || number >= UINT_MAX)
        fail(EXIT_FURCA, "-u %s: no such user on this machine", user);
    account->uid = (uid_t)number;
    account->gid = (gid_t)number;
}

static void account_entry(struct account *account, const struct passwd *entry)
{
    account->uid = entry->pw_uid;
    account->gid = entry->pw_gid;
    account->name = must_copy(entry->pw_name);
    account->home = must_copy(entry->pw_dir);
    int count = GROUPS_MAX;
    if (getgrouplist(entry->pw_name, entry->pw_gid, account->groups, &count) < 0)
        count = GROUPS_MAX;
    account->group_count = (size_t)count;
}

void account_find(struct account *account, const char *user)
{
    *account = (struct account){0};
    if (user == NULL) {
        account_caller(account);
        return;
    }
    const struct passwd *entry = getpwnam(user);
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    if (entry == NULL && end != user && *end == '\0')
        entry = getpwuid((uid_t)number);
    if (entry != NULL)
        account_entry(account, entry);
    else
        account_number(account, user);
}
