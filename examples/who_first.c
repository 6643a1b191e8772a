/*
 * Who runs first?
 *
 * Look at: nothing in fork's contract says whether parent or child runs first. Here each takes a
 * ticket in shared memory right after the fork, a thousand times. The two counts are the
 * scheduler's habit (and the number of processors), not a promise; only their sum is certain.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 1000, NOBODY = 0, PARENT = 1, CHILD = 2 };

int main(void)
{
    int counts[3] = {0};
    atomic_int *first = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED)
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        atomic_store(first, NOBODY);
        pid_t child = fork();
        if (child == -1) {
            perror("fork");
            return 1;
        }
        int nobody = NOBODY;
        atomic_compare_exchange_strong(first, &nobody, child == 0 ? CHILD : PARENT);
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
        counts[atomic_load(first)]++;
    }
    printf("of %d forks\n", counts[PARENT] + counts[CHILD]);
    printf("  the parent was first: %d\n", counts[PARENT]);
    printf("  the child was first:  %d\n", counts[CHILD]);
    return 0;
}
