/*
 * The parts of prctl(2) that change credentials or the process tree.
 */
#ifndef PROC_PRCTL_H
#define PROC_PRCTL_H

#include <stdbool.h>
#include <stdint.h>

/* PR_SET_CHILD_SUBREAPER: orphans among the descendants come to this process. */
void prctl_set_subreaper(bool on);
bool prctl_keep_capabilities(void);
/* 0, -EPERM (locked), -ENOMEM. */
int prctl_set_keep_capabilities(bool keep);
/* PR_CAPBSET_READ: 0, 1, -EINVAL. */
int prctl_bounding_has(uint64_t capability);
/* PR_CAPBSET_DROP: 0, -EPERM, -EINVAL, -ENOMEM. */
int prctl_bounding_drop(uint64_t capability);
/* PR_SET_SECUREBITS: 0, -EPERM, -ENOMEM. */
int prctl_set_securebits(uint64_t bits);
/* PR_CAP_AMBIENT: 0, 1 (is set), -EPERM, -EINVAL, -ENOMEM. */
int prctl_ambient(uint64_t operation, uint64_t capability);

#endif
