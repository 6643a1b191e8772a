/*
 * The kernel writes into memory that a fork made common. Such a write must break sharing exactly
 * like a write of the program's own, on either side.
 */
#include "harness.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FILLED = 0x5a };

/* Calls write_into on one side of a fork, on memory that both had filled; the other side looks. */
static void write_check(void (*write_into)(char *), bool in_child)
{
    struct gate gate;
    gate_init(&gate);
    char *memory = memory_alloc(3 * PAGE);
    memset(memory, FILLED, 3 * PAGE);
    char *target = memory + PAGE - 8; /* small results end up on one page, larger ones on two */
    pid_t child = process_fork();
    if (child == 0 && !in_child) {
        gate_wait(&gate);
        for (int i = 0; i < 3 * PAGE; i++)
            CHECK_EQ(memory[i], FILLED);
        _exit(0);
    }
    if ((child == 0) == in_child) {
        write_into(target);
        bool changed = false;
        for (int i = 0; i < 3 * PAGE; i++)
            changed |= memory[i] != FILLED;
        CHECK(changed);
    }
    if (child == 0)
        _exit(0);
    gate_open(&gate);
    process_exits(child, 0);
    if (in_child)
        for (int i = 0; i < 3 * PAGE; i++)
            CHECK_EQ(memory[i], FILLED);
    munmap(memory, 3 * PAGE);
    gate_drop(&gate);
}

static void write_check_both(void (*write_into)(char *))
{
    write_check(write_into, true);
    write_check(write_into, false);
}

static void by_pipe_read(char *target)
{
    int fds[2];
    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], "0123456789abcdef", 16), 16);
    CHECK_EQ(read(fds[0], target, 16), 16);
    CHECK(memcmp(target, "0123456789abcdef", 16) == 0);
}

CASE(read_from_pipe)
{
    write_check_both(by_pipe_read);
}

static void by_file_read(char *target)
{
    file_write("data", "ABCDEFGHIJKLMNOP");
    int fd = CHECK_OK(open("data", O_RDONLY));
    CHECK_EQ(read(fd, target, 16), 16);
    CHECK(memcmp(target, "ABCDEFGHIJKLMNOP", 16) == 0);
}

CASE(read_from_file)
{
    write_check_both(by_file_read);
}

static void by_readv(char *target)
{
    int fds[2];
    struct iovec parts[2] = {{target, 8}, {target + 1000, 8}};
    CHECK_OK(pipe(fds));
    CHECK_EQ(write(fds[1], "0123456789abcdef", 16), 16);
    CHECK_EQ(readv(fds[0], parts, 2), 16);
    CHECK(memcmp(target + 1000, "89abcdef", 8) == 0);
}

CASE(readv_into_two_pages)
{
    write_check_both(by_readv);
}

static void by_recv(char *target)
{
    int fds[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    CHECK_EQ(write(fds[1], "0123456789abcdef", 16), 16);
    CHECK_EQ(recv(fds[0], target, 16, 0), 16);
}

CASE(recv_from_socket)
{
    write_check_both(by_recv);
}

static void by_getcwd(char *target)
{
    CHECK(syscall(SYS_getcwd, target, 256) > 0);
    CHECK_EQ(target[0], '/');
}

CASE(getcwd_result)
{
    write_check_both(by_getcwd);
}

static void by_stat(char *target)
{
    CHECK_OK(syscall(SYS_newfstatat, AT_FDCWD, ".", target, 0));
}

CASE(stat_result)
{
    write_check_both(by_stat);
}

static void by_uname(char *target)
{
    CHECK_OK(uname((struct utsname *)target));
}

CASE(uname_result)
{
    write_check_both(by_uname);
}

static void by_wait(char *target)
{
    pid_t child = process_fork();
    if (child == 0)
        _exit(3);
    CHECK_EQ(syscall(SYS_wait4, child, target, 0, target + 8), child);
    CHECK_EQ(*(int *)target, 3 << 8);
}

CASE(wait_status_and_usage)
{
    write_check_both(by_wait);
}

static void by_pipe_call(char *target)
{
    CHECK_OK(pipe((int *)target));
    CHECK_EQ(close(((int *)target)[0]), 0);
}

CASE(pipe_descriptors)
{
    write_check_both(by_pipe_call);
}

static void by_poll(char *target)
{
    struct pollfd *entry = (struct pollfd *)target;
    memset(entry, 0, sizeof(*entry));
    entry->fd = 12345;
    entry->events = POLLIN;
    CHECK_EQ(poll(entry, 1, 0), 1);
    CHECK_EQ(entry->revents, POLLNVAL);
}

CASE(poll_result)
{
    write_check_both(by_poll);
}

static void by_clock(char *target)
{
    CHECK_OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, target));
}

CASE(clock_result)
{
    write_check_both(by_clock);
}

static void by_sigprocmask(char *target)
{
    CHECK_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, target, 8));
}

CASE(signal_mask_result)
{
    write_check_both(by_sigprocmask);
}

static void by_child_settid(char *target)
{
    CHECK(((uintptr_t)target & 3) == 0);
    long child = CHECK_OK(syscall(SYS_clone, SIGCHLD | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, 0,
                                  target, target + 4, 0));
    if (child == 0)
        _exit(*(int *)(target + 4) == getpid() ? 1 : 2);
    process_exits(child, 1);
    CHECK_EQ(*(int *)target, child);
    CHECK_EQ(*(int *)(target + 4), FILLED * 0x01010101);
}

CASE(clone_thread_ids)
{
    write_check_both(by_child_settid);
}

static volatile char *signal_target;

static void frame_handler(int signal)
{
    (void)signal;
}

static void by_signal_frame(char *target)
{
    stack_t stack = {.ss_sp = target - (PAGE - 8), .ss_size = 3 * PAGE};
    signal_target = target;
    CHECK_OK(sigaltstack(&stack, NULL));
    struct sigaction action = {.sa_handler = frame_handler, .sa_flags = SA_ONSTACK};
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1));
    stack.ss_flags = SS_DISABLE;
    CHECK_OK(sigaltstack(&stack, NULL));
}

CASE(signal_frame)
{
    write_check_both(by_signal_frame);
}

static void by_getrandom(char *target)
{
    CHECK_EQ(syscall(SYS_getrandom, target, 64, 0), 64);
}

CASE(random_bytes)
{
    write_check_both(by_getrandom);
}

static void by_process_vm(char *target)
{
    char source[16] = "remote-write!!!";
    struct iovec local = {source, 16}, remote = {target, 16};
    ssize_t put = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
    if (put == -1 && errno == ENOSYS)
        case_skip("no process_vm_writev");
    CHECK_EQ(put, 16);
    CHECK(memcmp(target, source, 16) == 0);
}

CASE(remote_write)
{
    write_check_both(by_process_vm);
}

/* A futex word shared copy-on-write belongs to one process: waking it does not reach the other. */
CASE(private_futex_is_not_shared_by_fork)
{
    int *word = (int *)memory_alloc(PAGE);
    *word = 5;
    pid_t child = process_fork();
    if (child == 0) {
        struct timespec limit = {0, 30000000};
        CHECK_ERR(syscall(SYS_futex, word, FUTEX_WAIT, 5, &limit, NULL, 0), ETIMEDOUT);
        _exit(0);
    }
    process_await(child, 0, "SZ");
    *word = 6;
    CHECK_EQ(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    process_exits(child, 0);
}

/* CLONE_CHILD_CLEARTID writes into a page that the dying thread's process shares with a child. */
CASE(cleared_thread_id)
{
    int *word = (int *)memory_alloc(PAGE);
    *word = 1;
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        CHECK_EQ(*word, 1);
        _exit(0);
    }
    pid_t other = process_fork();
    if (other == 0) {
        char *stack = memory_alloc(4 * PAGE);
        int flags =
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_CHILD_CLEARTID;
        long result;
        register long r10 __asm__("r10") = (long)word;
        register long r8 __asm__("r8") = 0;
        __asm__ volatile("syscall\n test %%rax, %%rax\n jnz 1f\n mov %5, %%eax\n xor %%edi, %%edi\n"
                         "syscall\n 1:"
                         : "=a"(result)
                         : "a"(SYS_clone), "D"((long)flags), "S"(stack + 4 * PAGE), "d"(0),
                           "i"(SYS_exit), "r"(r10), "r"(r8)
                         : "rcx", "r11", "memory");
        CHECK(result > 0);
        while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != 0)
            sleep_ms(1);
        _exit(0);
    }
    process_exits(other, 0);
    CHECK_EQ(*word, 1);
    gate_open(&gate);
    process_exits(child, 0);
}
