/*
 * A sandboxed child.
 *
 * Look at: between fork and the work to be confined, the child gives away what it will not need:
 * files, root directory, user, memory, processor time, the way back to privileges. The parent keeps
 * all of it, and learns from the exit status how it ended. Run as root to see every line.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void limit_set(int which, rlim_t value)
{
    setrlimit(which, &(struct rlimit){value, value});
}

static void sandbox_enter(void)
{
    char directory[] = "/tmp/sandbox.XXXXXX";
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    if (mkdtemp(directory) && chmod(directory, 0555) == 0 && chdir(directory) == 0 &&
        rmdir(directory) == 0 && chroot(".") == 0 && setgroups(0, NULL) == 0)
        setresgid(65534, 65534, 65534);
    limit_set(RLIMIT_AS, 64ul << 20);
    limit_set(RLIMIT_NOFILE, 8);
    limit_set(RLIMIT_CPU, 1);
    limit_set(RLIMIT_NPROC, 1);
    if (setresuid(65534, 65534, 65534) == -1 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
        _exit(1);
}

static void attempt(const char *what, long result)
{
    printf("child:  %-24s %s\n", what, result == -1 ? strerror(errno) : "allowed");
    fflush(stdout);
}

static void confined_work(int secret)
{
    char byte;
    attempt("read the parent's file", read(secret, &byte, 1));
    attempt("open /etc/passwd", open("/etc/passwd", O_RDONLY));
    attempt("become root", setuid(0));
    attempt("take 1 GiB",
            (long)mmap(NULL, 1ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    attempt("fork", fork());
    attempt("signal its parent", kill(getppid(), SIGTERM));
    for (;;) /* until the processor time is used up */
        ;
}

int main(void)
{
    int status, secret = open("/proc/self/exe", O_RDONLY);
    if (geteuid() != 0)
        printf("parent: not root, some of the walls stay down\n");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        sandbox_enter();
        confined_work(secret);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status))
        printf("parent: the child was ended by: %s\n", strsignal(WTERMSIG(status)));
    else
        printf("parent: the child left with %d\n", WEXITSTATUS(status));
    return 0;
}
