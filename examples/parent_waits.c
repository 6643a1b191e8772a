/*
 * The parent waits.
 *
 * Look at: "child complete" always comes last, however long the child takes, and without a lock or
 * a message: wait() sleeps until the child has ended, and brings its exit status along. Until then
 * the ended child is a zombie: nothing but a status that nobody has collected yet.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    int status;
    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        return 1;
    }
    if (child == 0) {
        for (int step = 1; step <= 3; step++) {
            printf("child:  step %d\n", step);
            fflush(stdout);
            nanosleep(&(struct timespec){0, 20000000}, NULL);
        }
        return 3;
    }
    pid_t ended = wait(&status);
    printf("parent: child complete, status %d\n", WEXITSTATUS(status));
    printf("parent: it was %s child\n", ended == child ? "the" : "another");
    printf("parent: a second wait says: %s\n", wait(NULL) == -1 ? "no child left" : "?");
    return 0;
}
