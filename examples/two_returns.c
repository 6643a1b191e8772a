/*
 * One call, two returns.
 *
 * Look at: fork() is called once, on one line, and both branches of the if below run. The child got
 * 0, the parent the child's process id: the kernel copied the registers and then changed one of
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int status;
    printf("before: one process\n");
    fflush(stdout);

    pid_t result = fork();

    if (result == -1) {
        perror("fork");
        return 1;
    }
    if (result == 0) {
        printf("child:  fork returned 0\n");
        fflush(stdout);
        _exit(7);
    }
    waitpid(result, &status, 0);
    printf("parent: fork returned the child's id (%s)\n", result > 1 ? "a positive number" : "?");
    printf("parent: the child left with %d\n", WEXITSTATUS(status));
    return 0;
}
