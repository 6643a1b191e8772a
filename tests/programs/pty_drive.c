/*
 * Types a dialog at a program on a new pseudo terminal: pty_drive DIALOG PROGRAM [ARGUMENT...].
 *
 * The dialog's lines: "expect TEXT" goes on when TEXT has come since the last expectation, "send
 * TEXT" types it (\r and \ooo are understood), "wait NAME" goes on when the terminal's foreground
 * group is led by a program of that name and that program sleeps: what is typed before it has set
 * itself up would be lost. All that comes from the terminal goes to standard output, without
 * carriage returns. The status is the program's, 128+N for signal N, 120 when an expectation is not
 * met in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 60000, SCREEN_SIZE = 1 << 20, STATUS_LATE = 120 };

static char screen[SCREEN_SIZE];
static size_t screen_length, screen_seen;
static int terminal;

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what the terminal has within the time. Returns false at its end. */
static bool screen_read(int milliseconds)
{
    char bytes[4096];
    struct pollfd wait = {.fd = terminal, .events = POLLIN};
    if (poll(&wait, 1, milliseconds) <= 0)
        return true;
    ssize_t got = read(terminal, bytes, sizeof(bytes));
    if (got <= 0)
        return got == -1 && errno == EINTR;
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\r' || screen_length == SCREEN_SIZE - 1)
            continue;
        screen[screen_length++] = bytes[i];
        putchar(bytes[i]);
    }
    fflush(stdout);
    return true;
}

static void give_up(const char *what, const char *text)
{
    printf("\npty_drive: %s \"%s\" in vain\n", what, text);
    exit(STATUS_LATE);
}

static void screen_expect(const char *text)
{
    long end = now_ms() + LIMIT_MS;
    for (;;) {
        char *found = memmem(screen + screen_seen, screen_length - screen_seen, text, strlen(text));
        if (found) {
            screen_seen = found - screen + strlen(text);
            return;
        }
        if (now_ms() > end || !screen_read(100))
            give_up("expected", text);
    }
}

/* Whether the foreground group's leader has this name and sleeps. */
static bool foreground_sleeps(const char *name)
{
    char path[64], text[512], wanted[64];
    snprintf(path, sizeof(path), "/proc/%d/stat", tcgetpgrp(terminal));
    snprintf(wanted, sizeof(wanted), "(%s) S", name);
    int fd = open(path, O_RDONLY);
    ssize_t got = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd != -1)
        close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    return strstr(text, wanted) != NULL;
}

static void foreground_wait(const char *name)
{
    long end = now_ms() + LIMIT_MS;
    while (!foreground_sleeps(name)) {
        if (now_ms() > end || !screen_read(20))
            give_up("waited for", name);
    }
}

static void keys_send(const char *text)
{
    for (const char *at = text; *at; at++) {
        char key = *at;
        if (at[0] == '\\' && at[1] == 'r') {
            key = '\r';
            at++;
        } else if (at[0] == '\\' && at[1] >= '0' && at[1] <= '7') {
            char *end;
            char digits[4] = {at[1], at[2], at[3], 0};
            key = (char)strtol(digits, &end, 8);
            at += end - digits;
        }
        if (write(terminal, &key, 1) != 1)
            give_up("sent", text);
    }
}

static void line_play(char *line)
{
    char *text = strchr(line, ' ');
    if (!text)
        return;
    *text++ = 0;
    if (strcmp(line, "expect") == 0)
        screen_expect(text);
    else if (strcmp(line, "send") == 0)
        keys_send(text);
    else if (strcmp(line, "wait") == 0)
        foreground_wait(text);
    else
        give_up("cannot do", line);
}

static void dialog_play(FILE *dialog)
{
    char line[512];
    while (fgets(line, sizeof(line), dialog)) {
        line[strcspn(line, "\n")] = 0;
        line_play(line);
    }
}

int main(int argc, char **argv)
{
    int status;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    FILE *dialog = argc > 2 ? fopen(argv[1], "re") : NULL;
    if (!dialog) {
        fprintf(stderr, "usage: pty_drive DIALOG PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (pid == -1) {
        perror("forkpty");
        return 1;
    }
    dialog_play(dialog);
    for (long end = now_ms() + LIMIT_MS; screen_read(100);)
        if (now_ms() > end)
            kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
