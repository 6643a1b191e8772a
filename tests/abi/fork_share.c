/* fork and what hangs from the process: files, offsets, locks, signals. */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

CASE(offset_is_shared)
{
    char text[8] = "";
    file_write("file", "abcdefghij");
    int fd = CHECK_OK(open("file", O_RDONLY));
    CHECK_EQ(read(fd, text, 2), 2);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(read(fd, text, 3), 3);
        CHECK(memcmp(text, "cde", 3) == 0);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
    CHECK_EQ(read(fd, text, 2), 2);
    CHECK(memcmp(text, "fg", 2) == 0);
}

CASE(offset_of_opened_after_fork_is_not_shared)
{
    file_write("file", "abcdefghij");
    struct gate gate, done;
    gate_init(&gate);
    gate_init(&done);
    pid_t child = process_fork();
    int fd = CHECK_OK(open("file", O_RDONLY));
    if (child == 0) {
        CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
        gate_open(&gate);
        gate_wait(&done);
        _exit(0);
    }
    gate_wait(&gate);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
    gate_open(&done);
    process_exits(child, 0);
}

CASE(status_flags_are_shared_descriptor_flags_are_not)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
        CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_APPEND | O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
}

CASE(cloexec_is_inherited_by_fork)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
        CHECK_EQ(write(fd, "x", 1), 1);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(close_in_child_keeps_parent)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(close(fd));
        CHECK_EQ(open("other", O_RDWR | O_CREAT, 0600), fd);
        CHECK_EQ(write(fd, "child", 5), 5);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(write(fd, "par", 3), 3);
    char text[16];
    CHECK_EQ(file_read("file", text, sizeof(text)), 3);
    CHECK_EQ(file_read("other", text, sizeof(text)), 5);
}

CASE(open_in_parent_is_not_in_child)
{
    struct gate gate;
    gate_init(&gate);
    int fd = CHECK_OK(dup(0));
    CHECK_OK(close(fd));
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        CHECK_ERR(fcntl(fd, F_GETFD), EBADF);
        _exit(0);
    }
    CHECK_EQ(open("/dev/null", O_RDONLY), fd);
    gate_open(&gate);
    process_exits(child, 0);
}

CASE(many_files)
{
    enum { COUNT = 900 };
    int first = CHECK_OK(dup(0));
    for (int i = 1; i < COUNT; i++)
        CHECK_OK(dup(0));
    pid_t child = process_fork();
    if (child == 0) {
        for (int i = 0; i < COUNT; i += 2)
            CHECK_OK(close(first + i));
        for (int i = 1; i < COUNT; i += 2)
            CHECK_OK(fcntl(first + i, F_GETFD));
        _exit(0);
    }
    for (int i = 1; i < COUNT; i += 2)
        CHECK_OK(close(first + i));
    process_exits(child, 0);
    for (int i = 0; i < COUNT; i += 2)
        CHECK_OK(fcntl(first + i, F_GETFD));
    CHECK_EQ(dup(0), first + 1);
}

CASE(pipe_ends_when_last_writer_is_gone)
{
    int fds[2];
    char byte;
    CHECK_OK(pipe(fds));
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        _exit(0);
    }
    CHECK_OK(close(fds[1]));
    CHECK_OK(fcntl(fds[0], F_SETFL, O_NONBLOCK));
    CHECK_ERR(read(fds[0], &byte, 1), EAGAIN);
    gate_open(&gate);
    process_exits(child, 0);
    CHECK_EQ(read(fds[0], &byte, 1), 0);
}

CASE(directory_stream_position_is_shared)
{
    file_write("a", "");
    file_write("b", "");
    int fd = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
    DIR *directory = fdopendir(fd);
    CHECK(directory != NULL);
    int count = 0;
    while (readdir(directory))
        count++;
    CHECK_EQ(count, 4);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(record_locks_are_not_inherited)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    CHECK_OK(fcntl(fd, F_SETLK, &lock));
    pid_t parent = getpid();
    pid_t child = process_fork();
    if (child == 0) {
        struct flock found = lock;
        CHECK_OK(fcntl(fd, F_GETLK, &found));
        CHECK_EQ(found.l_type, F_WRLCK);
        CHECK_EQ(found.l_pid, parent);
        CHECK_ERR(fcntl(fd, F_SETLK, &lock), EAGAIN);
        CHECK_OK(close(fd)); /* must not release the parent's lock */
        _exit(0);
    }
    process_exits(child, 0);
    child = process_fork();
    if (child == 0) {
        CHECK_ERR(fcntl(fd, F_SETLK, &lock), EAGAIN);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(flock_is_shared)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    CHECK_OK(flock(fd, LOCK_EX));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(flock(fd, LOCK_EX | LOCK_NB));
        CHECK_OK(flock(fd, LOCK_UN));
        _exit(0);
    }
    process_exits(child, 0);
    int other = CHECK_OK(open("file", O_RDWR));
    CHECK_OK(flock(other, LOCK_EX | LOCK_NB)); /* the child unlocked for both */
}

CASE(flock_lives_until_the_last_copy_is_closed)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    CHECK_OK(flock(fd, LOCK_EX));
    struct gate gate;
    gate_init(&gate);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        _exit(0);
    }
    CHECK_OK(close(fd));
    int other = CHECK_OK(open("file", O_RDWR));
    CHECK_ERR(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    gate_open(&gate);
    process_exits(child, 0);
    CHECK_OK(flock(other, LOCK_EX | LOCK_NB));
}

CASE(pending_signals_are_cleared)
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    CHECK_OK(raise(SIGUSR1));
    CHECK_OK(kill(getpid(), SIGRTMIN));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(sigpending(&pending));
        CHECK(!sigismember(&pending, SIGUSR1) && !sigismember(&pending, SIGRTMIN));
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_OK(sigpending(&pending));
    CHECK(sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGRTMIN));
}

CASE(mask_and_handlers_are_inherited)
{
    sigset_t set, found;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    signal_counting(SIGUSR1, 0);
    signal(SIGHUP, SIG_IGN);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &found));
        CHECK(sigismember(&found, SIGUSR2) && !sigismember(&found, SIGUSR1));
        CHECK(signal(SIGHUP, SIG_DFL) == SIG_IGN);
        CHECK_OK(raise(SIGUSR1));
        CHECK_EQ(signal_count[SIGUSR1], 1);
        signal(SIGUSR1, SIG_IGN);
        _exit(0);
    }
    process_exits(child, 0);
    CHECK_EQ(signal_count[SIGUSR1], 0);
    CHECK_OK(raise(SIGUSR1)); /* the child's change did not reach the parent */
    CHECK_EQ(signal_count[SIGUSR1], 1);
    CHECK(signal(SIGHUP, SIG_DFL) == SIG_IGN);
}

CASE(alternate_stack_is_inherited)
{
    static char space[65536];
    stack_t stack = {.ss_sp = space, .ss_size = sizeof(space)}, found;
    CHECK_OK(sigaltstack(&stack, NULL));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(sigaltstack(NULL, &found));
        CHECK(found.ss_sp == space && found.ss_size == sizeof(space) && found.ss_flags == 0);
        _exit(0);
    }
    process_exits(child, 0);
}

static volatile pid_t handler_child = -1;

static void forking_handler(int signal)
{
    (void)signal;
    handler_child = fork();
}

CASE(fork_from_a_handler)
{
    struct sigaction action = {.sa_handler = forking_handler};
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_OK(sigaction(SIGUSR1, &action, NULL));
    CHECK_OK(raise(SIGUSR1));
    sigset_t mask;
    CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    CHECK(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGUSR2));
    if (handler_child == 0)
        _exit(12);
    process_exits(handler_child, 12);
}

CASE(signal_to_group_reaches_the_child)
{
    struct gate gate;
    gate_init(&gate);
    signal_counting(SIGUSR1, SA_RESTART);
    pid_t child = process_fork();
    if (child == 0) {
        gate_wait(&gate);
        _exit(signal_count[SIGUSR1]);
    }
    CHECK_OK(kill(0, SIGUSR1));
    gate_open(&gate);
    process_exits(child, 1);
    CHECK_EQ(signal_count[SIGUSR1], 1);
}

CASE(eventfd_counter_is_shared)
{
    uint64_t value = 0;
    int fd = CHECK_OK(eventfd(0, 0));
    pid_t child = process_fork();
    if (child == 0) {
        value = 41;
        CHECK_EQ(write(fd, &value, 8), 8);
        _exit(0);
    }
    CHECK_EQ(read(fd, &value, 8), 8);
    CHECK_EQ(value, 41);
    process_exits(child, 0);
}

CASE(child_keeps_deleted_directory_and_file)
{
    CHECK_OK(mkdir("gone", 0755));
    CHECK_OK(chdir("gone"));
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT, 0600));
    pid_t child = process_fork();
    if (child == 0) {
        char text[4] = "";
        CHECK_OK(unlink("file"));
        CHECK_OK(rmdir("../gone"));
        CHECK_ERR(open("new", O_RDWR | O_CREAT, 0600), ENOENT);
        CHECK_EQ(write(fd, "abc", 3), 3);
        CHECK_EQ(pread(fd, text, 3, 0), 3);
        _exit(0);
    }
    process_exits(child, 0);
    struct stat status;
    CHECK_OK(fstat(fd, &status));
    CHECK(status.st_nlink == 0 && status.st_size == 3);
}
