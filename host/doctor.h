/*
 * `furca doctor`: one line for each thing that furca needs, with how to mend what is not right.
 */
#ifndef HOST_DOCTOR_H
#define HOST_DOCTOR_H

/* Returns 0 when furca can run programs, else 1. */
int doctor_command(int argc, char **argv);

#endif
