/*
 * Two "hello" from one printf.
 *
 * Look at: printf ran once, before the fork. But its text still lay in the process's own buffer,
 * fork copied that buffer like any other memory, and each process wrote its copy when it ended.
 * With the buffer emptied first there is one "hello".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void say_and_fork(const char *word, int flush_first)
{
    printf("%s\n", word);
    if (flush_first)
        fflush(stdout);
    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        exit(1);
    }
    if (child == 0)
        exit(0); /* exit, not _exit: writes what the buffer holds */
    waitpid(child, NULL, 0);
    fflush(stdout);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOFBF, BUFSIZ); /* buffered, also on a terminal */
    say_and_fork("hello", 0);
    say_and_fork("flushed hello", 1);
    return 0;
}
