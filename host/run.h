/*
 * `furca run` and `furca shell`.
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

/* `argv[0]` is the command's word. Both return furca's exit status. */
int run_command(int argc, char **argv);
int shell_command(int argc, char **argv);

#endif
