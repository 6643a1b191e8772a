/*
 * The shared file offset.
 *
 * Look at: the child reads five bytes, and the parent then goes on from the sixth. Fork copies
 * descriptors, not what they point to: the open file, with its place in the file, is common to
 * both. The file opened after the fork is not.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void part_print(const char *who, int fd, size_t length)
{
    char text[32] = "";
    ssize_t got = read(fd, text, length);
    printf("%s \"%.*s\"\n", who, (int)got, text);
    fflush(stdout);
}

int main(void)
{
    char path[] = "/tmp/offset.XXXXXX";
    int fd = mkstemp(path);
    if (fd == -1 || write(fd, "forks share this", 16) != 16) {
        perror(path);
        return 1;
    }
    lseek(fd, 0, SEEK_SET);
    pid_t child = fork();
    if (child == 0) {
        part_print("child:  reads", fd, 5);
        int own = open(path, O_RDONLY);
        part_print("child:  its own opening begins with", own, 5);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    part_print("parent: goes on with", fd, 6);
    unlink(path);
    return 0;
}
