/* execve: what is passed, what is refused, scripts. */
#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char output[1 << 20];
static size_t output_length;

static int helper_run(char *const argv[], char *const envp[])
{
    return helper_capture(output, sizeof(output), &output_length, argv, envp);
}

static void output_is(const char *expected, size_t length)
{
    if (output_length != length || memcmp(output, expected, length) != 0)
        case_fail(__FILE__, __LINE__, "helper printed %zu bytes: %.100s", output_length, output);
}

/* exec in a child that must fail; returns its errno. */
static int exec_error(const char *path, char *const argv[])
{
    pid_t child = process_fork();
    if (child == 0) {
        execve(path, argv, environ);
        _exit(errno);
    }
    int status = process_wait(child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static char *plain[] = {"x", NULL};

CASE(arguments_and_environment_exact)
{
    char *argv[] = {"zero", "one", "", "a b\tc\n", "\xff\x01", NULL};
    char *envp[] = {"A=1", "EMPTY=", "noequals", "A=2", NULL};
    CHECK_EQ(helper_run(argv, envp), 0);
    static const char expected[] =
        "zero\0one\0\0a b\tc\n\0\xff\x01\0\0A=1\0EMPTY=\0noequals\0A=2\0";
    output_is(expected, sizeof(expected) - 1);
}

CASE(empty_environment)
{
    char *envp[] = {NULL};
    CHECK_EQ(helper_run(plain, envp), 0);
    output_is("x\0", 3);
    CHECK_EQ(helper_run(plain, NULL), 0);
    output_is("x\0", 3);
}

/* Since Linux 5.18 an empty list of arguments becomes one empty argument. */
CASE(empty_arguments)
{
    char *argv[] = {NULL}, *envp[] = {"E=1", NULL};
    CHECK_EQ(helper_run(argv, envp), 0);
    output_is("\0\0E=1\0", 6);
    CHECK_EQ(helper_run(NULL, envp), 0);
    output_is("\0\0E=1\0", 6);
}

CASE(many_and_long_arguments)
{
    enum { COUNT = 3000 };
    static char *argv[COUNT + 1];
    static char longest[131072];
    for (int i = 0; i < COUNT; i++)
        argv[i] = "argument";
    memset(longest, 'y', sizeof(longest) - 1); /* the longest string that Linux takes */
    argv[1] = longest;
    char *envp[] = {"E=1", NULL};
    CHECK_EQ(helper_run(argv, envp), 0);
    CHECK_EQ(output_length, (COUNT - 1) * 9 + sizeof(longest) + 1 + 4);
    CHECK(memcmp(output + 9, longest, sizeof(longest)) == 0);
}

CASE(too_long_an_argument)
{
    static char longer[131073];
    memset(longer, 'y', sizeof(longer) - 1);
    char *argv[] = {"x", longer, NULL};
    CHECK_EQ(exec_error(helper_path, argv), E2BIG);
}

CASE(too_many_arguments)
{
    enum { COUNT = 100 };
    static char *argv[COUNT + 1];
    static char word[131072];
    memset(word, 'z', sizeof(word) - 1);
    for (int i = 0; i < COUNT; i++)
        argv[i] = word;
    CHECK_EQ(exec_error(helper_path, argv), E2BIG); /* 12.5 MiB are over three quarters of 8 MiB */
}

CASE(argument_space_follows_the_stack_limit)
{
    enum { COUNT = 12 };
    static char *argv[COUNT + 1];
    static char word[60000];
    memset(word, 'z', sizeof(word) - 1);
    for (int i = 0; i < COUNT; i++)
        argv[i] = word;
    pid_t child = process_fork();
    if (child == 0) {
        struct rlimit limit = {MIB, RLIM_INFINITY};
        CHECK_OK(setrlimit(RLIMIT_STACK, &limit));
        CHECK_EQ(exec_error(helper_path, argv), E2BIG); /* 720,000 > 1 MiB / 4 */
        argv[3] = NULL;
        argv[1] = "--exit";
        argv[2] = "3";
        execve(helper_path, argv, environ);
        _exit(1);
    }
    process_exits(child, 3);
}

CASE(bad_pointers)
{
    char *bad[] = {(char *)8, NULL};
    CHECK_ERR(syscall(SYS_execve, (char *)8, plain, environ), EFAULT);
    CHECK_ERR(syscall(SYS_execve, helper_path, (char **)8, environ), EFAULT);
    CHECK_ERR(syscall(SYS_execve, helper_path, bad, environ), EFAULT);
    CHECK_ERR(syscall(SYS_execve, helper_path, plain, bad), EFAULT);
}

CASE(missing_program)
{
    CHECK_EQ(exec_error("/nonexistent/x", plain), ENOENT);
    CHECK_EQ(exec_error("missing", plain), ENOENT);
    CHECK_EQ(exec_error("", plain), ENOENT);
    CHECK_OK(symlink("missing", "dangling"));
    CHECK_EQ(exec_error("dangling", plain), ENOENT);
}

CASE(path_errors)
{
    char name[300];
    file_write("file", "");
    CHECK_EQ(exec_error("file/x", plain), ENOTDIR);
    CHECK_OK(symlink("loop", "loop"));
    CHECK_EQ(exec_error("loop", plain), ELOOP);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    CHECK_EQ(exec_error(name, plain), ENAMETOOLONG);
}

CASE(not_executable)
{
    file_copy(helper_path, "plain", 0644);
    CHECK_EQ(exec_error("./plain", plain), EACCES); /* even for root */
    CHECK_OK(mkdir("directory", 0755));
    CHECK_EQ(exec_error("./directory", plain), EACCES);
    CHECK_EQ(exec_error("/dev/null", plain), EACCES);
}

CASE(root_needs_one_x_bit)
{
    case_needs_root();
    char *argv[] = {"x", "--exit", "4", NULL};
    file_copy(helper_path, "other", 0001);
    pid_t child = process_fork();
    if (child == 0) {
        execve("./other", argv, environ);
        _exit(99);
    }
    process_exits(child, 4);
}

CASE(permission_of_other_users)
{
    case_needs_root();
    file_copy(helper_path, "mine", 0700);
    CHECK_OK(mkdir("closed", 0700));
    file_copy(helper_path, "closed/open", 0755);
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(setresuid(54321, 54321, 54321));
        CHECK_EQ(exec_error("./mine", plain), EACCES);
        CHECK_EQ(exec_error("closed/open", plain), EACCES);
        _exit(0);
    }
    process_exits(child, 0);
}

CASE(not_a_program)
{
    file_write("empty", "");
    file_write("text", "no program\n");
    file_write("magic", "\177ELF");
    const char *names[] = {"./empty", "./text", "./magic"};
    for (int i = 0; i < 3; i++) {
        CHECK_OK(chmod(names[i], 0755));
        CHECK_EQ(exec_error(names[i], plain), ENOEXEC);
    }
}

/* Breaks one field of a copy of the helper's ELF header. */
static int damaged_error(off_t offset, const void *bytes, size_t size)
{
    file_copy(helper_path, "damaged", 0755);
    int fd = CHECK_OK(open("damaged", O_RDWR | O_CLOEXEC));
    CHECK_EQ(pwrite(fd, bytes, size, offset), size);
    CHECK_OK(close(fd));
    return exec_error("./damaged", plain);
}

CASE(damaged_headers)
{
    CHECK_EQ(damaged_error(18, "\x28\x00", 2), ENOEXEC); /* machine: arm */
    CHECK_EQ(damaged_error(16, "\x01\x00", 2), ENOEXEC); /* type: relocatable */
    CHECK_EQ(damaged_error(54, "\x00\x00", 2), ENOEXEC); /* size of program headers */
    CHECK_EQ(damaged_error(56, "\x00\x00", 2), ENOEXEC); /* no program headers */
    CHECK_EQ(damaged_error(0, "\x7e", 1), ENOEXEC);
}

CASE(busy_text)
{
    file_copy(helper_path, "busy", 0755);
    int fd = CHECK_OK(open("busy", O_WRONLY | O_CLOEXEC));
    CHECK_EQ(exec_error("./busy", plain), ETXTBSY);
    CHECK_OK(close(fd));
    pid_t child = process_fork();
    if (child == 0) {
        execl("./busy", "busy", "--pause", NULL);
        _exit(99);
    }
    while (access("/proc/self/exe", F_OK) == 0) { /* until the child runs it */
        char link[64], target[4096] = "";
        snprintf(link, sizeof(link), "/proc/%d/exe", child);
        if (readlink(link, target, sizeof(target) - 1) > 0 && strstr(target, "/busy"))
            break;
        sleep_ms(1);
    }
    CHECK_ERR(open("busy", O_WRONLY), ETXTBSY);
    CHECK_ERR(truncate("busy", 0), ETXTBSY);
    CHECK_OK(close(CHECK_OK(open("busy", O_RDONLY))));
    CHECK_OK(unlink("busy"));
    process_kill(child);
}

static void script_write(const char *path, const char *line)
{
    file_write(path, line);
    CHECK_OK(chmod(path, 0755));
}

/* Runs a script and returns what the helper as its interpreter printed before the environment. */
static void script_run(const char *path, char *const argv[])
{
    int fds[2];
    char *envp[] = {NULL};
    CHECK_OK(pipe2(fds, O_CLOEXEC));
    pid_t child = process_fork();
    if (child == 0) {
        CHECK_OK(dup2(fds[1], 1));
        execve(path, argv, envp);
        _exit(errno);
    }
    CHECK_OK(close(fds[1]));
    output_length = CHECK_OK(read(fds[0], output, sizeof(output)));
    CHECK_OK(close(fds[0]));
    process_exits(child, 0);
}

CASE(script_without_argument)
{
    char *argv[] = {"name", "one", "two", NULL};
    CHECK_OK(symlink(helper_path, "helper"));
    script_write("script", "#!./helper\nrest\n");
    script_run("./script", argv);
    output_is("./helper\0./script\0one\0two\0", 27);
}

CASE(script_with_argument)
{
    char *argv[] = {"name", "one", NULL};
    CHECK_OK(symlink(helper_path, "helper"));
    script_write("script", "#! \t./helper  -a  b c \t\n");
    script_run("./script", argv);
    output_is("./helper\0-a  b c\0./script\0one\0", 31);
}

CASE(script_without_newline_or_arguments)
{
    char *argv[] = {NULL};
    CHECK_OK(symlink(helper_path, "helper"));
    script_write("script", "#!./helper");
    script_run("./script", argv);
    output_is("./helper\0./script\0", 19);
}

CASE(script_of_a_script)
{
    char *argv[] = {"name", "one", NULL};
    CHECK_OK(symlink(helper_path, "helper"));
    script_write("inner", "#!./helper in\n");
    script_write("outer", "#!./inner out\n");
    script_run("./outer", argv);
    output_is("./helper\0in\0./inner\0out\0./outer\0one\0", 37);
}

CASE(script_nesting_is_limited)
{
    script_write("self", "#!./self\n");
    CHECK_EQ(exec_error("./self", plain), ELOOP);
}

CASE(script_errors)
{
    script_write("missing", "#!/nonexistent/interpreter\n");
    CHECK_EQ(exec_error("./missing", plain), ENOENT);
    script_write("blank", "#!\n");
    CHECK_EQ(exec_error("./blank", plain), ENOEXEC);
    script_write("spaces", "#!   \n");
    CHECK_EQ(exec_error("./spaces", plain), ENOEXEC);
    file_write("text", "no program\n");
    script_write("refused", "#!./text\n");
    CHECK_EQ(exec_error("./refused", plain), EACCES);
}

CASE(script_interpreter_name_too_long)
{
    static char line[400] = "#!./";
    memset(line + 4, 'i', 300);
    line[304] = '\n';
    script_write("long", line);
    CHECK_EQ(exec_error("./long", plain), ENOEXEC);
}

CASE(failed_exec_changes_nothing)
{
    int fd = CHECK_OK(open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    signal_counting(SIGUSR1, 0);
    char *memory = memory_alloc(PAGE);
    memory[0] = 5;
    CHECK_ERR(execve("./file", plain, environ), EACCES);
    file_write("text", "no program\n");
    CHECK_OK(chmod("text", 0755));
    CHECK_ERR(execve("./text", plain, environ), ENOEXEC);
    CHECK_OK(fcntl(fd, F_GETFD));
    CHECK_OK(raise(SIGUSR1));
    CHECK(signal_count[SIGUSR1] == 1 && memory[0] == 5);
}

CASE(fexecve_runs_an_open_file)
{
    char *argv[] = {"x", "--exit", "9", NULL};
    int fd = CHECK_OK(open(helper_path, O_RDONLY | O_CLOEXEC));
    pid_t child = process_fork();
    if (child == 0) {
        syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
        _exit(errno);
    }
    process_exits(child, 9);
    CHECK_ERR(syscall(SYS_execveat, fd, "", argv, environ, 0), ENOENT);
    CHECK_ERR(syscall(SYS_execveat, 555, "", argv, environ, AT_EMPTY_PATH), EBADF);
    CHECK_ERR(syscall(SYS_execveat, fd, helper_path, argv, environ, 0x8000), EINVAL);
}

CASE(execveat_relative_to_a_directory)
{
    char *argv[] = {"x", "--exit", "8", NULL};
    CHECK_OK(mkdir("sub", 0755));
    file_copy(helper_path, "sub/program", 0755);
    CHECK_OK(symlink("program", "sub/link"));
    int directory = CHECK_OK(open("sub", O_PATH | O_CLOEXEC));
    CHECK_ERR(syscall(SYS_execveat, directory, "link", argv, environ, AT_SYMLINK_NOFOLLOW), ELOOP);
    CHECK_ERR(syscall(SYS_execveat, 0, "program", argv, environ, 0), ENOTDIR);
    pid_t child = process_fork();
    if (child == 0) {
        syscall(SYS_execveat, directory, "link", argv, environ, 0);
        _exit(errno);
    }
    process_exits(child, 8);
}

CASE(deleted_program_by_descriptor)
{
    char *argv[] = {"x", "--exit", "7", NULL};
    file_copy(helper_path, "program", 0755);
    int fd = CHECK_OK(open("program", O_PATH | O_CLOEXEC));
    CHECK_OK(unlink("program"));
    pid_t child = process_fork();
    if (child == 0) {
        syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
        _exit(errno);
    }
    process_exits(child, 7);
}

CASE(memfd_program)
{
    static char block[65536];
    char *argv[] = {"x", "--exit", "6", NULL};
    int in = CHECK_OK(open(helper_path, O_RDONLY | O_CLOEXEC));
    int out = CHECK_OK(memfd_create("program", MFD_CLOEXEC));
    ssize_t got;
    while ((got = CHECK_OK(read(in, block, sizeof(block)))) > 0)
        CHECK_EQ(write(out, block, got), got);
    CHECK_OK(fchmod(out, 0755));
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
    int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
    CHECK_OK(close(out));
    pid_t child = process_fork();
    if (child == 0) {
        syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
        _exit(errno);
    }
    process_exits(child, 6);
}
