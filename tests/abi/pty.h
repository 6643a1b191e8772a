/*
 * The pseudo terminal pair that the terminal cases work with: one pair per case, both ends in this
 * process.
 */
#ifndef ABI_PTY_H
#define ABI_PTY_H

#include <stdbool.h>
#include <termios.h>

extern int pty_master, pty_slave;
extern char pty_name[64];   /* of the slave */
extern char pty_text[8192]; /* room to read into */

void pty_open(void);
struct termios pty_modes(void);
/* Raw mode with these VMIN and VTIME. */
void pty_raw(int minimum, int time);
void pty_echo_off(void);
/* Types keys at the master. */
void pty_type(const char *keys);
/* Reads exactly the expected text from either end. */
void pty_expect(int fd, const char *expected);
bool pty_readable(int fd);
/* Input reaches the other side asynchronously: waits until there is some. */
void pty_input_await(int fd);
/* Waits until the slave takes output, or no longer does. */
void pty_output_await(bool ready);

#endif
