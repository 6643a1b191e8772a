/*
 * fork in unusual company: clone's further flags, process descriptors, forks between threads and
 * signals, memory that came from exec, from mremap, from shared objects that were truncated.
 */
#include "harness.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* A timer interrupts forking all the time: glibc's fork must never see EINTR, no child may be lost.
 */
CASE(signals_during_fork)
{
    struct itimerval timer = {{0, 1000}, {0, 1000}};
    signal_counting(SIGALRM, SA_RESTART);
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    for (int i = 0; i < 300; i++) {
        pid_t child = process_fork();
        if (child == 0)
            _exit(i & 63);
        process_exits(child, i & 63);
    }
    memset(&timer, 0, sizeof(timer));
    CHECK_OK(setitimer(ITIMER_REAL, &timer, NULL));
    CHECK_ERR(wait(NULL), ECHILD);
}

CASE(process_descriptor_of_a_clone)
{
    int fd = -1;
    long child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
    if (child == -1) {
        CHECK_EQ(errno, EINVAL);
        case_skip("no CLONE_PIDFD");
    }
    if (child == 0) {
        pause();
        _exit(0);
    }
    struct pollfd entry = {fd, POLLIN, 0};
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(poll(&entry, 1, 0), 0);
    CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
    CHECK_EQ(poll(&entry, 1, -1), 1); /* readable once the process has ended */
    CHECK_EQ(entry.revents, POLLIN);
    process_dies(child, SIGTERM);
    CHECK_ERR(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
}

CASE(vfork_flag_of_clone_waits)
{
    int *word = shared_alloc(PAGE);
    long child = CHECK_OK(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
    if (child == 0) { /* without CLONE_VM: a copy, but the parent waits */
        sleep_ms(20);
        *word = 1;
        _exit(0);
    }
    CHECK_EQ(*word, 1);
    process_exits(child, 0);
}

CASE(memory_shared_by_clone_vm_then_forked)
{
    volatile char *memory = memory_alloc(4 * PAGE);
    memory[0] = 1;
    pid_t child = vfork(); /* one space, two processes; the child forks a copy of it */
    if (child == 0) {
        pid_t copy = syscall(SYS_fork);
        if (copy == 0) {
            memory[0] = 2;
            _exit(memory[0]);
        }
        int status;
        waitpid(copy, &status, 0);
        memory[PAGE] = WEXITSTATUS(status);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK(memory[0] == 1 && memory[PAGE] == 2);
}

CASE(moved_memory_after_fork)
{
    char *memory = memory_alloc(4 * MIB);
    memset(memory, 3, 4 * MIB);
    pid_t child = process_fork();
    if (child == 0) {
        char *moved = mremap(memory, 4 * MIB, 6 * MIB, MREMAP_MAYMOVE);
        CHECK(moved != MAP_FAILED);
        for (size_t at = 0; at < 4 * MIB; at += PAGE)
            CHECK_EQ(moved[at], 3);
        for (size_t at = 4 * MIB; at < 6 * MIB; at += PAGE)
            CHECK_EQ(moved[at], 0);
        memset(moved, 4, 6 * MIB);
        _exit(0);
    }
    char *moved = mremap(memory, 4 * MIB, MIB, 0);
    CHECK(moved == memory);
    process_exits(child, 0);
    for (size_t at = 0; at < MIB; at += PAGE)
        CHECK_EQ(memory[at], 3);
    CHECK(!memory_readable(memory + MIB));
}

/* Every ancestor in a chain holds its own version of the same pages, and checks it after its child.
 */
CASE(versions_along_a_chain)
{
    enum { DEPTH = 8, PAGES = 64 };
    char *memory = memory_alloc(PAGES * PAGE);
    for (int depth = 0; depth < DEPTH; depth++) {
        for (int i = depth; i < PAGES; i += DEPTH)
            memory[i * PAGE] = depth + 1;
        pid_t child = process_fork();
        if (child == 0) {
            memset(memory, 0, PAGE);
            continue;
        }
        process_exits(child, 0);
        for (int i = 1; i < PAGES; i++)
            CHECK_EQ(memory[i * PAGE], i % DEPTH <= depth ? i % DEPTH + 1 : 0);
        if (depth == 0)
            return;
        _exit(0);
    }
    _exit(0);
}

CASE(half_of_the_children_unmap_half)
{
    enum { CHILDREN = 10 };
    pid_t children[CHILDREN];
    char *memory = memory_alloc(8 * MIB);
    memset(memory, 5, 8 * MIB);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = process_fork();
        if (children[i] != 0)
            continue;
        if (i % 2)
            CHECK_OK(munmap(memory + (i % 4) * MIB, 4 * MIB));
        for (size_t at = 0; at < 8 * MIB; at += 16 * PAGE)
            if (!(i % 2) || at < (size_t)(i % 4) * MIB || at >= (size_t)(i % 4 + 4) * MIB)
                CHECK_EQ(memory[at]++, 5);
        _exit(0);
    }
    for (int i = 0; i < CHILDREN; i++)
        process_exits(children[i], 0);
    for (size_t at = 0; at < 8 * MIB; at += PAGE)
        CHECK_EQ(memory[at], 5);
}

CASE(protection_changes_in_shared_tables)
{
    char *memory = memory_alloc(2 * MIB);
    memset(memory, 6, 2 * MIB);
    for (int round = 0; round < 20; round++) {
        pid_t child = process_fork();
        if (child == 0) {
            CHECK_OK(mprotect(memory + round * 16 * PAGE, 16 * PAGE, PROT_NONE));
            CHECK(!memory_readable(memory + round * 16 * PAGE));
            memory[2 * MIB - 1] = 7;
            _exit(0);
        }
        process_exits(child, 0);
        CHECK_OK(mprotect(memory + round * 16 * PAGE, PAGE, PROT_READ));
        CHECK(!memory_writable(memory + round * 16 * PAGE));
        CHECK_EQ(memory[round * 16 * PAGE], 6);
    }
    CHECK_EQ(memory[2 * MIB - 1], 6);
}

CASE(descriptor_in_flight_over_fork)
{
    int fds[2], pair[2];
    char byte;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(pipe(fds));
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {"F", 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &fds[1], sizeof(int));
    CHECK_EQ(sendmsg(pair[0], &message, 0), 1);
    CHECK_OK(close(fds[1]));
    pid_t child = process_fork();
    if (child == 0) { /* the child takes it out of the common queue */
        part.iov_base = &byte;
        CHECK_EQ(recvmsg(pair[1], &message, 0), 1);
        int received;
        memcpy(&received, CMSG_DATA(&control.header), sizeof(int));
        CHECK_EQ(write(received, "y", 1), 1);
        _exit(0);
    }
    CHECK_EQ(read(fds[0], &byte, 1), 1);
    process_exits(child, 0);
    CHECK_EQ(read(fds[0], &byte, 1), 0);
}

CASE(fork_with_closed_standard_files)
{
    pid_t child = process_fork();
    if (child == 0) {
        for (int fd = 0; fd < 3; fd++)
            CHECK_OK(close(fd));
        pid_t grandchild = process_fork();
        if (grandchild == 0)
            _exit(fd_count());
        process_exits(grandchild, 0);
        CHECK_EQ(open("/dev/null", O_RDWR), 0);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(grandchildren_killed_with_their_group)
{
    enum { COUNT = 20 };
    pid_t *pids = shared_alloc(PAGE);
    pid_t leader = process_fork();
    if (leader == 0) {
        setpgid(0, 0);
        for (int i = 0; i < COUNT; i++) {
            pid_t child = process_fork();
            if (child == 0)
                for (;;)
                    pause();
            pids[i] = child;
        }
        pids[COUNT] = 1;
        for (;;)
            pause();
    }
    while (!__atomic_load_n(&pids[COUNT], __ATOMIC_SEQ_CST))
        sleep_ms(1);
    CHECK_OK(kill(-leader, SIGKILL));
    process_dies(leader, SIGKILL);
    for (int i = 0; i < COUNT; i++) /* orphans now, reaped by the runner */
        for (int waited = 0; kill(pids[i], 0) == 0; waited++) {
            CHECK(waited < 10000);
            sleep_ms(1);
        }
}
