/*
 * The one program that init runs for the furca command: its standard streams, its session and
 * terminal, and its start.
 *
 * The program gets pipes, or the slave of one pseudo terminal for each stream that is a terminal on
 * the host. With `job` set in the configuration the program is a process group of its own in init's
 * session, so that a stop typed at the terminal stops it and init sees that; without, it leads its
 * own session and cannot be stopped from the terminal, as below a shell that has no job control.
 */
#ifndef GUEST_PROGRAM_H
#define GUEST_PROGRAM_H

#include "config.h"

#include <sys/types.h>

/* Init's ends. Each is -1 when the program has none; all are non-blocking and closed in the
 * program. */
struct program {
    pid_t pid;
    int input;  /* to write the program's standard input */
    int output; /* to read its standard output */
    int errors; /* to read its standard error */
    int master; /* of the pseudo terminal */
    int slave;  /* held open while the program runs, so that the terminal outlives its last user */
};

/* Why a program could not be started: the status that a shell would give, and a line for people. */
struct program_failure {
    int status;
    char text[512];
};

/*
 * Makes the streams and starts the program. Returns 0 when its execve(2) has succeeded, else -1
 * with `failure` filled in. program_drop() closes what there is in every case; it does not touch
 * the process.
 */
int program_start(struct program *program, const struct config *config,
                  struct program_failure *failure);
void program_drop(struct program *program);

/* Sends a signal to the program, or to its whole process group if it still has one. */
void program_signal(const struct program *program, int signal, bool group);

#endif
