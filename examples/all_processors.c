/*
 * A batch of children on all processors.
 *
 * Look at: each child sums one slice of a table that only the parent built: fork hands the input
 * over without copying it, exit statuses and a few shared bytes bring the results back. As many
 * children work as there are processors; the sum is the same for any number. On standard error: who
 * ran where.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 1 << 20, SLICES = 16 };

static unsigned *table;
static unsigned long *sums;

static void slice_sum(int slice)
{
    unsigned long sum = 0;
    int size = NUMBERS / SLICES;
    for (int i = slice * size; i < (slice + 1) * size; i++)
        sum += table[i];
    sums[slice] = sum;
    fprintf(stderr, "slice %d on processor %d\n", slice, sched_getcpu());
}

int main(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN), running = 0;
    unsigned long total = 0, expected = 0;
    int good = 0, status;
    table = malloc(NUMBERS * sizeof(*table));
    sums = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!table || sums == MAP_FAILED)
        return 1;
    for (int i = 0; i < NUMBERS; i++)
        expected += table[i] = i * 2654435761u % 1000;
    for (int slice = 0; slice < SLICES; slice++) {
        if (running == processors) {
            good += wait(&status) > 0 && status == 0;
            running--;
        }
        if (fork() == 0) {
            slice_sum(slice);
            _exit(0);
        }
        running++;
    }
    for (; running > 0; running--)
        good += wait(&status) > 0 && status == 0;
    for (int slice = 0; slice < SLICES; slice++)
        total += sums[slice];
    fprintf(stderr, "%ld processors\n", processors);
    printf("%d children, %s sum\n", good, total == expected ? "the right" : "a wrong");
    return total != expected;
}
