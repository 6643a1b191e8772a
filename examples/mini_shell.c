/*
 * A shell: fork, exec, wait.
 *
 * Look at: a shell's every command is three calls. fork makes a copy of the shell, the copy
 * prepares itself (here: its pipe ends and its output) and becomes the program with exec, and the
 * shell waits. What lies between fork and exec is why there are two calls and not one. The script
 * is fixed, and the program it starts is this one again, under other names.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The commands of the script, as programs of their own. */
static int command_run(int argc, char **argv)
{
    int letter, count = 0;
    if (strcmp(argv[0], "say") == 0)
        for (int i = 1; i < argc; i++)
            printf("%s\n", argv[i]);
    else if (strcmp(argv[0], "count") == 0) {
        while ((letter = getchar()) != EOF)
            count += letter == '\n';
        printf("%d lines\n", count);
    } else if (strcmp(argv[0], "fail") == 0) {
        return 3;
    }
    return 0;
}

/* Starts one command; its input and output are given, -1 leaves them alone. */
static pid_t command_start(char **argv, int in, int out, int unused)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    if (in != -1)
        dup2(in, 0);
    if (out != -1)
        dup2(out, 1);
    if (unused != -1)
        close(unused);
    execv("/proc/self/exe", argv);
    perror("exec");
    _exit(127);
}

static int status_of(pid_t child)
{
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    if (strcmp(argv[0], "say") == 0 || strcmp(argv[0], "count") == 0 ||
        strcmp(argv[0], "fail") == 0)
        return command_run(argc, argv);
    char *say[] = {"say", "one", "two", "three", NULL}, *count[] = {"count", NULL};
    char *fail[] = {"fail", NULL};
    int fds[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("$ say one two three\n");
    status_of(command_start(say, -1, -1, -1));
    printf("$ say one two three | count\n");
    if (pipe2(fds, O_CLOEXEC) == -1)
        return 1;
    pid_t left = command_start(say, -1, fds[1], fds[0]),
          right = command_start(count, fds[0], -1, fds[1]);
    close(fds[0]);
    close(fds[1]); /* or count would wait for an end that never comes */
    status_of(left);
    status_of(right);
    printf("$ fail; echo $?\n");
    printf("%d\n", status_of(command_start(fail, -1, -1, -1)));
    return 0;
}
