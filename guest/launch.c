/*
 * See launch.h. As in execvp(3), a file that may not be executed does not end the search, but is
 * remembered. Unlike there, a file that is neither ELF nor #! is not given to a shell: running some
 * text as a script by accident helps nobody.
 */
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

static const char default_search[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static void explain(struct launch_error *error, int status, const char *name, const char *reason)
{
    error->status = status;
    snprintf(error->text, sizeof(error->text), "%s: %s", name, reason);
}

/* execve(2) says ENOENT both for a file that is not there and for one whose interpreter is not. */
static void explain_not_there(struct launch_error *error, const char *path)
{
    struct stat stat;
    if (lstat(path, &stat) < 0)
        explain(error, NOT_FOUND, path, "no such program");
    else
        explain(error, NOT_FOUND, path, "its interpreter (#! line or ELF loader) is not there");
}

static void explain_errno(struct launch_error *error, const char *path, int number)
{
    struct stat stat;
    if (number == ENOENT || number == ENOTDIR)
        explain_not_there(error, path);
    else if (number == EACCES && lstat(path, &stat) == 0 && S_ISDIR(stat.st_mode))
        explain(error, NOT_EXECUTABLE, path, "is a directory, not a program");
    else if (number == EACCES)
        explain(error, NOT_EXECUTABLE, path, "permission denied; is it executable (chmod +x)?");
    else if (number == ENOEXEC)
        explain(error, NOT_EXECUTABLE, path,
                "neither an ELF program for x86-64 nor a script with a #! line");
    else
        explain(error, NOT_EXECUTABLE, path, strerror(number));
}

/* One entry of the search path up to its colon, joined with the name. Returns 0, or -1 when it is
 * too long. */
static int candidate_make(char *path, size_t size, const char *entry, const char *name)
{
    int length = (int)strcspn(entry, ":");
    int used = snprintf(path, size, "%.*s%s%s", length, entry, length ? "/" : "./", name);
    return used < (int)size ? 0 : -1;
}

static void launch_search(char *const argv[], char *const envp[], const char *search,
                          struct launch_error *error)
{
    char path[PATH_MAX];
    explain(error, NOT_FOUND, argv[0],
            "no such program in PATH; give its path, or set PATH with -e PATH=...");
    for (const char *entry = search; entry != NULL;
         entry = strchr(entry, ':'), entry += entry != NULL) {
        if (candidate_make(path, sizeof(path), entry, argv[0]) < 0)
            continue;
        execve(path, argv, envp);
        if (errno == ENOENT || errno == ENOTDIR) {
            struct stat stat;
            if (lstat(path, &stat) < 0)
                continue;
        }
        explain_errno(error, path, errno);
        if (errno != EACCES)
            return;
    }
}

void launch_execute(const char *path, char *const argv[], char *const envp[], const char *search,
                    struct launch_error *error)
{
    if (path == NULL && strchr(argv[0], '/') != NULL)
        path = argv[0];
    if (path == NULL && argv[0][0] != '\0') {
        launch_search(argv, envp, search != NULL ? search : default_search, error);
        return;
    }
    execve(path != NULL ? path : argv[0], argv, envp);
    explain_errno(error, path != NULL ? path : argv[0], errno);
}
