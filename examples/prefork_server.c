/*
 * A prefork server and its clients.
 *
 * Look at: the socket is opened once, before the forks, and every worker accepts from the same
 * queue; the kernel hands each connection to one of them. The table that the parent prepared (here
 * a greeting) is in every worker without a copy. Which worker serves which client is open, the
 * totals are not.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3, CLIENTS = 12 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int *served;

static void worker_run(int listener, int number, const char *greeting)
{
    char name[32];
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        if (connection == -1)
            _exit(1);
        ssize_t length = read(connection, name, sizeof(name));
        if (length > 0) {
            dprintf(connection, "%s, %.*s", greeting, (int)length, name);
            __atomic_add_fetch(&served[number], 1, __ATOMIC_SEQ_CST);
        }
        close(connection);
    }
}

static int client_run(int number)
{
    char name[32], answer[64] = "", expected[64];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int length = snprintf(name, sizeof(name), "client %d", number);
    if (connect(fd, (void *)&address, sizeof(address)) == -1 || write(fd, name, length) != length)
        return 1;
    for (ssize_t got, used = 0; (got = read(fd, answer + used, sizeof(answer) - 1 - used)) > 0;)
        used += got;
    snprintf(expected, sizeof(expected), "welcome, %s", name);
    return strcmp(answer, expected) != 0;
}

int main(void)
{
    pid_t workers[WORKERS];
    int good = 0, total = 0, status;
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/prefork.%d", getpid());
    served = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (void *)&address, sizeof(address)) == -1 ||
        listen(listener, CLIENTS) == -1) {
        perror("listen");
        return 1;
    }
    for (int i = 0; i < WORKERS; i++)
        if ((workers[i] = fork()) == 0)
            worker_run(listener, i, "welcome");
    for (int i = 0; i < CLIENTS; i++)
        if (fork() == 0)
            _exit(client_run(i));
    for (int i = 0; i < CLIENTS; i++) {
        wait(&status);
        good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    for (int i = 0; i < WORKERS; i++) {
        kill(workers[i], SIGTERM);
        waitpid(workers[i], NULL, 0);
        fprintf(stderr, "worker %d served %d\n", i, served[i]);
        total += served[i];
    }
    unlink(address.sun_path);
    printf("%d workers served %d clients, %d got the right answer\n", WORKERS, total, good);
    return good != CLIENTS;
}
