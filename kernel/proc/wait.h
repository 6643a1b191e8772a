/*
 * Waiting for children (wait4(2), waitid(2)).
 */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "proc/rusage.h"

enum wait_who { WAIT_ANY, WAIT_PID, WAIT_GROUP };

/* What is waited for, and what came of it. */
struct wait_request {
    enum wait_who who;
    struct pid *pid;  /* WAIT_PID, WAIT_GROUP; NULL: no such number */
    uint32_t options; /* WNOHANG, WNOWAIT, WEXITED, WSTOPPED, WCONTINUED, __WNOTHREAD, __WALL,
                         __WCLONE */
    /* of the child that was found */
    int32_t number; /* 0: none (WNOHANG) */
    uint32_t uid;
    int32_t status;       /* as wait4 gives it */
    int32_t code, detail; /* si_code and si_status */
    struct usage usage;
};

/* 0 (request->number says whether a child was found), -ECHILD, -ERESTARTSYS. */
int process_wait(struct wait_request *request);

#endif
