/*
 * What fork costs.
 *
 * Look at: the column "fork", the time until fork returns in the parent, for parents that hold more
 * and more. Where fork copies page tables, mappings and files it grows with each of them; where it
 * shares them from the root down it stays the same. "and exit" adds the child's end and the wait.
 * Medians.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 31, PAGE = 4096 };

static long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

static int long_compare(const void *one, const void *two)
{
    long a = *(const long *)one, b = *(const long *)two;
    return (a > b) - (a < b);
}

static void cost_print(const char *what)
{
    long forks[ROUNDS], wholes[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        long start = now_ns();
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        forks[round] = now_ns() - start;
        if (child == -1) {
            perror("fork");
            exit(1);
        }
        waitpid(child, NULL, 0);
        wholes[round] = now_ns() - start;
    }
    qsort(forks, ROUNDS, sizeof(long), long_compare);
    qsort(wholes, ROUNDS, sizeof(long), long_compare);
    printf("%-28s %10.1f us %10.1f us\n", what, forks[ROUNDS / 2] / 1e3, wholes[ROUNDS / 2] / 1e3);
    fflush(stdout);
}

static void memory_cost(size_t mebibytes)
{
    char what[64];
    size_t size = mebibytes << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        printf("%zu MiB: not enough memory\n", mebibytes);
        return;
    }
    madvise(memory, size, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < size; at += PAGE)
        memory[at] = 1;
    snprintf(what, sizeof(what), "%zu MiB written", mebibytes);
    cost_print(what);
    munmap(memory, size);
}

int main(void)
{
    printf("%-28s %13s %13s\n", "the parent holds", "fork", "and exit");
    cost_print("nothing more");
    memory_cost(16);
    memory_cost(64);
    memory_cost(256);
    char *area = mmap(NULL, 2000 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 1000; i++)
        mprotect(area + 2 * i * PAGE, PAGE, PROT_READ);
    cost_print("1,000 mappings");
    munmap(area, 2000 * PAGE);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int files = 0;
    while (files < 1000 && open("/dev/null", O_RDONLY) != -1)
        files++;
    cost_print(files == 1000 ? "1,000 files" : "fewer than 1,000 files");
    return 0;
}
