/*
 * The program that cases execute. Without a known first argument it writes its arguments and its
 * environment, each ended by a NUL, the two lists divided by one more NUL. Its answers are plain
 * text on standard output; its exit status says the rest.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int lists_dump(char **argv)
{
    for (char **word = argv; *word; word++)
        fwrite(*word, 1, strlen(*word) + 1, stdout);
    putchar(0);
    for (char **word = environ; *word; word++)
        fwrite(*word, 1, strlen(*word) + 1, stdout);
    return 0;
}

/* Every open descriptor, with its flags. */
static int fds_dump(void)
{
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            printf("%d ", fd);
    return 0;
}

/* Each signal: d(efault), i(gnored) or h(andled), with m if masked and p if pending; the stack. */
static int signals_dump(void)
{
    sigset_t mask, pending;
    stack_t stack;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    sigpending(&pending);
    for (int signal = 1; signal < 65; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) == -1)
            continue;
        char kind = action.sa_handler == SIG_DFL ? 'd' : action.sa_handler == SIG_IGN ? 'i' : 'h';
        if (kind != 'd' || sigismember(&mask, signal) || sigismember(&pending, signal))
            printf("%d%c%s%s ", signal, kind, sigismember(&mask, signal) ? "m" : "",
                   sigismember(&pending, signal) ? "p" : "");
    }
    sigaltstack(NULL, &stack);
    printf("stack %s", stack.ss_flags == SS_DISABLE ? "none" : "kept");
    return 0;
}

static int auxv_dump(void)
{
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    printf("pagesz %lu\n", getauxval(AT_PAGESZ));
    printf("phent %lu\n", getauxval(AT_PHENT));
    printf("phnum %lu\n", getauxval(AT_PHNUM));
    printf("entry %#lx\n", getauxval(AT_ENTRY));
    printf("base %#lx\n", getauxval(AT_BASE));
    printf("secure %lu\n", getauxval(AT_SECURE));
    printf("ids %lu %lu %lu %lu\n", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID),
           getauxval(AT_EGID));
    printf("clktck %lu\n", getauxval(AT_CLKTCK));
    printf("execfn %s\n", (const char *)getauxval(AT_EXECFN));
    printf("platform %s\n", (const char *)getauxval(AT_PLATFORM));
    printf("random ");
    for (int i = 0; i < 16; i++)
        printf("%02x", random[i]);
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads += headers[i].p_type == PT_LOAD;
    printf("\nloads %d\n", loads);
    return 0;
}

static int name_dump(void)
{
    char name[17] = "";
    prctl(PR_GET_NAME, name);
    printf("%s", name);
    return 0;
}

static int state_dump(void)
{
    char directory[4096];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    printf("%d %d %d %d %u %lu %d %d %s", getpid(), getppid(), getpgrp(), getsid(0), umask(0),
           (unsigned long)files.rlim_cur, prctl(PR_GET_DUMPABLE), (int)alarm(0),
           getcwd(directory, sizeof(directory)));
    return 0;
}

/* The machine's floating-point state as a program finds it. */
static int float_dump(void)
{
    unsigned control;
    unsigned short word;
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(control), "=m"(word));
    return printf("%#x %#x", control & 0xffc0, word) < 0;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "--exit") == 0 && argc > 2)
        return atoi(argv[2]);
    if (strcmp(command, "--fds") == 0)
        return fds_dump();
    if (strcmp(command, "--signals") == 0)
        return signals_dump();
    if (strcmp(command, "--auxv") == 0)
        return auxv_dump();
    if (strcmp(command, "--name") == 0)
        return name_dump();
    if (strcmp(command, "--state") == 0)
        return state_dump();
    if (strcmp(command, "--float") == 0)
        return float_dump();
    if (strcmp(command, "--ids") == 0)
        return printf("%d %d %d %d", getuid(), geteuid(), getgid(), getegid()) < 0;
    if (strcmp(command, "--pause") == 0)
        return pause();
    return lists_dump(argv);
}
