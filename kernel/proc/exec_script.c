/*
 * What a file is: an ELF program, or a script whose first line names its interpreter (execve(2),
 * "Interpreter scripts"). A script may name another script; each puts its interpreter, at most one
 * argument and its own path in front of the arguments.
 */
#include "file/file.h"
#include "fs/open.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mem/slab.h"
#include "proc/exec_parts.h"
#include <linux/fcntl.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts the #! line into interpreter and argument, in place. `all`: the file has no more than
 * `line`. */
static int parse_line(char *line, bool all, char **interpreter, char **argument)
{
    char *end = strchr(line, '\n'), *at = line + 2;
    bool whole = all || end;

    if (!end)
        end = line + strlen(line);
    while (end > at && is_blank(end[-1]))
        end--;
    *end = '\0';
    while (is_blank(*at))
        at++;
    if (!*at)
        return -ENOEXEC;
    *interpreter = at;
    while (*at && !is_blank(*at))
        at++;
    if (!*at && !whole)
        return -ENOEXEC; /* the interpreter's name may have been cut */
    while (is_blank(*at))
        *at++ = '\0';
    *argument = *at ? at : NULL;
    return 0;
}

static unsigned prefix_count(const struct exec *exec)
{
    unsigned count = 0;

    while (exec->prefix[count])
        count++;
    return count;
}

/* Puts an interpreter and its argument in front of the prefix, whose first element is the script
 * that named them. */
static int prefix_push(struct exec *exec, const char *interpreter, const char *argument)
{
    unsigned added = argument ? 2 : 1, old = prefix_count(exec);

    if (added + old + 1 > EXEC_PREFIX)
        return -ELOOP;
    char *first = heap_string(interpreter), *second = argument ? heap_string(argument) : NULL;
    if (!first || (argument && !second)) {
        heap_free(first);
        heap_free(second);
        return -ENOMEM;
    }
    memmove(&exec->prefix[added], &exec->prefix[0], old * sizeof exec->prefix[0]);
    exec->prefix[old + added] = NULL;
    exec->prefix[0] = first;
    if (second)
        exec->prefix[1] = second;
    return 0;
}

static int read_head(struct exec *exec)
{
    memset(exec->head, 0, sizeof exec->head);
    int64_t count = file_read_kernel(exec->file, exec->head, sizeof exec->head - 1, 0);
    exec->head_all = count < (int64_t)sizeof exec->head - 1;
    return count < 0 ? (int)count : 0;
}

/* The path by which the interpreter can open the script: /dev/fd/N for one that was given as a
 * descriptor. */
static char *script_name(const struct exec *exec, int dirfd)
{
    char text[64];

    if (dirfd == AT_FDCWD || exec->path[0] == '/')
        return heap_string(exec->path);
    if (!exec->path[0]) {
        format_text(text, sizeof text, "/dev/fd/%d", dirfd);
        return heap_string(text);
    }
    size_t size = strlen(exec->path) + sizeof text;
    char *name = heap_alloc(size);
    if (name)
        format_text(name, size, "/dev/fd/%d/%s", dirfd, exec->path);
    return name;
}

static int next_interpreter(struct exec *exec)
{
    char *interpreter, *argument;
    int error = parse_line((char *)exec->head, exec->head_all, &interpreter, &argument);
    struct file *file;

    if (!error && !exec->prefix[0])
        error = (exec->prefix[0] = heap_string(exec->name)) ? 0 : -ENOMEM;
    if (!error)
        error = prefix_push(exec, interpreter, argument);
    if (!error)
        error = open_program(AT_FDCWD, exec->prefix[0], 0, &file);
    if (error)
        return error;
    file_put(exec->file);
    exec->file = file;
    return read_head(exec);
}

int exec_resolve(struct exec *exec, int dirfd, unsigned flags)
{
    int error = open_program(dirfd, exec->path, flags, &exec->file);

    if (error)
        return error;
    exec->name = script_name(exec, dirfd);
    if (!exec->name)
        return -ENOMEM;
    error = read_head(exec);
    for (unsigned depth = 0; !error && exec->head[0] == '#' && exec->head[1] == '!'; depth++) {
        if (depth > EXEC_INTERPRETERS)
            return -ELOOP;
        error = next_interpreter(exec);
    }
    return error;
}
