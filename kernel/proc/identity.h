/*
 * Who a process is: its user and group ids and capabilities, and what each user has of processes
 * and queued signals.
 */
#ifndef PROC_IDENTITY_H
#define PROC_IDENTITY_H

#include "file/cred.h"
#include <stdbool.h>
#include <stdint.h>

/* One more process (or thread) of user `uid`, counted against `limit`. fork charges when it can no
   longer fail otherwise, or uncharges on its way back; exit and wait uncharge. 0, -EAGAIN (limit
   reached, limit UINT64_MAX: none), -ENOMEM. */
int identity_charge_process(uint32_t uid, uint64_t limit);
void identity_uncharge_process(uint32_t uid);
uint64_t identity_process_count(uint32_t uid);
/* The same for queued signals (RLIMIT_SIGPENDING). False: the limit is reached or memory is short.
 * Any context. */
bool identity_charge_signal(uint32_t uid, uint64_t limit);
void identity_uncharge_signal(uint32_t uid);
uint64_t identity_signal_count(uint32_t uid);

/* True when the current task has the capability. */
bool identity_capable(unsigned capability);

/* The identity calls on the current task, as their manual pages; UINT32_MAX: leave as it is. 0,
 * -EPERM, -ENOMEM, -EAGAIN. */
int identity_set_uid(uint32_t uid);
int identity_set_reuid(uint32_t ruid, uint32_t euid);
int identity_set_resuid(uint32_t ruid, uint32_t euid, uint32_t suid);
uint32_t identity_set_fsuid(uint32_t uid);
int identity_set_gid(uint32_t gid);
int identity_set_regid(uint32_t rgid, uint32_t egid);
int identity_set_resgid(uint32_t rgid, uint32_t egid, uint32_t sgid);
uint32_t identity_set_fsgid(uint32_t gid);
/* Takes over `groups` (from heap_alloc, count entries, unsorted; NULL with 0). */
int identity_set_groups(uint32_t *groups, uint32_t count);
/* capset(2) */
int identity_set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable);

#endif
