/*
 * The same variable at the same address, with two values, in two pages.
 *
 * Look at: both processes print the same virtual address. Right after the fork it leads to the same
 * physical page (the number from /proc/self/pagemap, for root only); the child's write gives the
 * child a page of its own, and the parent's value stays.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The physical page behind an address: 0 where the kernel does not tell. */
static uint64_t physical_page(volatile void *address)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd == -1 || pread(fd, &entry, 8, (off_t)((uintptr_t)address / 4096 * 8)) != 8)
        entry = 0;
    close(fd);
    return entry >> 63 ? entry & ((1ul << 55) - 1) : 0;
}

int main(void)
{
    volatile int *variable =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (variable == MAP_FAILED)
        return 1;
    *variable = 1;
    uint64_t before = physical_page(variable);
    setvbuf(stdout, NULL, _IOLBF, 0);
    pid_t child = fork();
    if (child == 0) {
        uint64_t first = physical_page(variable);
        printf("child:  after fork the value is %d, %s page\n", *variable,
               first == before ? "the same physical" : "another physical");
        *variable = 2;
        uint64_t second = physical_page(variable);
        printf("child:  after its write the value is %d, %s page\n", *variable,
               second == 0        ? "an untold"
               : second == before ? "the same physical"
                                  : "another physical");
        fprintf(stderr, "child:  address %p, page %#lx, then %#lx\n", (void *)variable, first,
                second);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    printf("parent: the value is still %d, %s page\n", *variable,
           physical_page(variable) == before ? "the same physical" : "another physical");
    fprintf(stderr, "parent: address %p, page %#lx\n", (void *)variable, before);
    return 0;
}
