/*
 * What a small program does with processes, built statically against musl: fork, exec, pipes,
 * popen, system, posix_spawn, signals, shared memory and files. Each part prints one line.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void part_fork(void)
{
    int status, sum = 0;
    for (int i = 1; i <= 20; i++)
        if (fork() == 0)
            _exit(i);
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status);
    printf("twenty children: %d, then %s\n", sum, strerror(errno));
}

static void part_pipe(void)
{
    int fds[2];
    char text[100];
    pipe(fds);
    fflush(stdout);
    if (fork() == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        execlp("echo", "echo", "from", "echo", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    ssize_t got = read(fds[0], text, sizeof(text));
    wait(NULL);
    printf("through a pipe: %.*s", (int)got, text);
    close(fds[0]);
}

static void part_library(void)
{
    char line[100];
    FILE *from = popen("echo from popen; exit 3", "r");
    fgets(line, sizeof(line), from);
    int status = pclose(from);
    printf("%.*s, status %d\n", (int)strcspn(line, "\n"), line, WEXITSTATUS(status));
    fflush(stdout);
    status = system("exit 4");
    printf("system: %d\n", WEXITSTATUS(status));
    char *arguments[] = {"sh", "-c", "exit 5", NULL};
    pid_t pid;
    posix_spawnp(&pid, "sh", NULL, NULL, arguments, environ);
    waitpid(pid, &status, 0);
    printf("posix_spawn: %d, of nothing: %s\n", WEXITSTATUS(status),
           strerror(posix_spawnp(&pid, "no-such-program", NULL, NULL, arguments, environ)));
}

static void on_child(int signal)
{
    (void)signal;
}

static void part_signals(void)
{
    struct sigaction action = {.sa_handler = on_child};
    sigset_t set, old;
    int status;
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        abort();
    }
    waitpid(pid, &status, WUNTRACED);
    printf("stopped by %s, ", strsignal(WSTOPSIG(status)));
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    printf("ended by %s, ", strsignal(WTERMSIG(status)));
    int taken = sigwaitinfo(&set, NULL);
    printf("told by %s\n", strsignal(taken));
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGCHLD, SIG_DFL);
}

static void part_memory(void)
{
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *file, fd = open("mapped", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 4096);
    file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fork() == 0) {
        *shared = 11;
        *mine = 12;
        *file = 13;
        _exit(0);
    }
    wait(NULL);
    int in_file = 0;
    pread(fd, &in_file, sizeof(in_file), 0);
    printf("shared %d, private %d, file %d %d\n", *shared, *mine, *file, in_file);
}

static void part_sockets(void)
{
    int fds[2], status;
    char text[20] = "";
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    fflush(stdout);
    if (fork() == 0) {
        struct pollfd wait = {.fd = fds[1], .events = POLLIN};
        poll(&wait, 1, -1);
        ssize_t got = read(fds[1], text, sizeof(text));
        write(fds[1], "answer", 6);
        _exit((int)got);
    }
    write(fds[0], "question", 8);
    ssize_t got = read(fds[0], text, sizeof(text));
    wait(&status);
    printf("%d bytes asked, %.*s\n", WEXITSTATUS(status), (int)got, text);
}

/* Each generation adds one to what its child leaves with. */
static void part_deep(int depth)
{
    int status, generation = 0;
    while (generation < depth && fork() == 0)
        generation++;
    if (generation == depth)
        _exit(0);
    wait(&status);
    if (generation > 0)
        _exit(WEXITSTATUS(status) + 1);
    printf("generations: %d\n", WEXITSTATUS(status) + 1);
}

int main(int argc, char **argv)
{
    part_fork();
    part_pipe();
    part_library();
    part_signals();
    part_memory();
    part_sockets();
    fflush(stdout);
    part_deep(60);
    printf("%d arguments, %s\n", argc, argv[argc - 1]);
    fflush(stdout);
    if (argc < 3) {
        execl(argv[0], argv[0], "again", "last", (char *)NULL);
        return 1;
    }
    return 9;
}
